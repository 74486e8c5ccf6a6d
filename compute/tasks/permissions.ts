import * as pulumi from "@pulumi/pulumi";

/** A statement of a policy that allows something. */
export interface Statement {
  readonly Effect: "Allow";
  readonly Action: string | string[];
  readonly Resource: pulumi.Input<string> | pulumi.Input<string>[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** What {@link releasePermissions} names. */
export interface ReleasePermissionsArgs {
  readonly repositoryArn: pulumi.Input<string>;
  readonly logGroupArn: pulumi.Input<string>;
  readonly parametersArn: pulumi.Input<string>;
  readonly serviceArns: readonly pulumi.Input<string>[];
  /** The two roles that a task definition names. */
  readonly roleArns: pulumi.Input<string>[];
}

/** What the app server's role may do, beside its other rights: push a release, and update the services on ECS. */
export function releasePermissions(args: ReleasePermissionsArgs): Statement[] {
  const { logGroupArn, parametersArn } = args;
  const [serviceArn, ...others] = args.serviceArns;
  const allow = (Action: string | string[], Resource: Statement["Resource"]) =>
    ({ Effect: "Allow", Action, Resource }) as const;
  return [
    // These know no resources, or only tasks and revisions that do not exist yet. All but one describe.
    allow(
      [
        "ecr:GetAuthorizationToken",
        "ecs:DescribeTaskDefinition",
        "ecs:DescribeTasks",
        "ecs:ListTasks",
        "ecs:RegisterTaskDefinition",
        "elasticloadbalancing:DescribeTargetHealth",
      ],
      "*",
    ),
    // https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
    allow(
      [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:CompleteLayerUpload",
        "ecr:DescribeImages",
        "ecr:InitiateLayerUpload",
        "ecr:PutImage",
        "ecr:UploadLayerPart",
      ],
      args.repositoryArn,
    ),
    allow(
      ["ecs:DescribeServices", "ecs:UpdateService"],
      // Without workers the policy keeps the text that it had before there were any: a string, not a list of one.
      others.length > 0 ? [serviceArn!, ...others] : serviceArn!,
    ),
    allow(
      ["ssm:DeleteParameters", "ssm:GetParametersByPath", "ssm:PutParameter"],
      [parametersArn, pulumi.interpolate`${parametersArn}/*`],
    ),
    allow(
      ["logs:FilterLogEvents", "logs:GetLogEvents"],
      [logGroupArn, pulumi.interpolate`${logGroupArn}:*`],
    ),
    {
      ...allow("iam:PassRole", args.roleArns),
      Condition: { StringEquals: { "iam:PassedToService": "ecs-tasks.amazonaws.com" } },
    },
  ];
}
