import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { trustPolicy } from "../../trust-policy.ts";
import type { Statement } from "./permissions.ts";

/** Arguments of {@link TaskRoles}. */
export interface TaskRolesArgs {
  readonly accountId: pulumi.Input<string>;
  readonly repositoryArn: pulumi.Input<string>;
  readonly logGroupArn: pulumi.Input<string>;
  /** What the app's variables in SSM begin with. */
  readonly parametersArn: pulumi.Input<string>;
}

/** What ECS does for a task before the app runs: pull its image, read its variables, open its log. */
function executionPolicy(args: TaskRolesArgs): pulumi.Output<string> {
  const statements: Statement[] = [
    // It knows no resources.
    { Effect: "Allow", Action: "ecr:GetAuthorizationToken", Resource: "*" },
    {
      Effect: "Allow",
      Action: [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetDownloadUrlForLayer",
      ],
      Resource: args.repositoryArn,
    },
    {
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
      Resource: pulumi.interpolate`${args.logGroupArn}:*`,
    },
    {
      Effect: "Allow",
      Action: "ssm:GetParameters",
      Resource: pulumi.interpolate`${args.parametersArn}/*`,
    },
  ];
  return pulumi.jsonStringify({ Version: "2012-10-17", Statement: statements });
}

/** The two roles of a task: what ECS uses to start it, and what the app in it may do, which is nothing. */
export class TaskRoles extends pulumi.ComponentResource {
  readonly executionArn: pulumi.Output<string>;
  readonly taskArn: pulumi.Output<string>;
  /** What the execution role may do: a task does not start without it. */
  readonly permissions: pulumi.Resource;

  constructor(name: string, args: TaskRolesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:compute:TaskRoles", name, {}, opts);
    const childOpts = { parent: this };
    const roleOf = (suffix: string, description: string) =>
      new aws.iam.Role(
        `${name}-${suffix}`,
        {
          description,
          assumeRolePolicy: trustPolicy("ecs-tasks.amazonaws.com", args.accountId),
          tags: { Name: `${name}-${suffix}` },
        },
        childOpts,
      );
    const execution = roleOf("execution", "Starts the tasks of the app");
    this.permissions = new aws.iam.RolePolicy(
      `${name}-execution`,
      { role: execution.id, policy: executionPolicy(args) },
      childOpts,
    );
    this.executionArn = execution.arn;
    this.taskArn = roleOf("task", "What the app in a task may do: nothing").arn;
    this.registerOutputs({});
  }
}
