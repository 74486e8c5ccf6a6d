import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Zone } from "../../network/dns.ts";
import type { MachineImage } from "../images.ts";
import { Balancer, type BalancerArgs } from "./balancer.ts";
import { Certificate } from "./certificate.ts";
import { releasePermissions, type Statement } from "./permissions.ts";
import type { TaskCount } from "./plan.ts";
import { Registry } from "./registry.ts";
import { TaskRoles } from "./roles.ts";
import { TaskService, type Pushed } from "./service.ts";
import type { TaskSize } from "./size.ts";

/** Arguments of {@link Tasks}. */
export interface TasksArgs extends Pick<BalancerArgs, "vpcId" | "port" | "health" | "protect"> {
  readonly subnets: Readonly<
    Record<
      "public" | "private",
      { readonly ids: pulumi.Input<string>[]; readonly routes: pulumi.Resource[] }
    >
  >;
  readonly groups: Readonly<Record<"balancer" | "tasks", pulumi.Input<string>>>;
  /** Id of the app server's role, which releases to the tasks. */
  readonly releaseRole: pulumi.Input<string>;
  /** Project and stack, for names that people read. */
  readonly stack: string;
  readonly domain: string;
  readonly zone: Zone;
  /** Empty to have a certificate made. */
  readonly certificateArn: string;
  readonly size: TaskSize;
  /** Undefined leaves the number of tasks as it is. */
  readonly count: TaskCount | undefined;
  readonly architecture: MachineImage["architecture"];
  /** Whether the app's own Dockerfile builds the image. */
  readonly ownImage: boolean;
  readonly region: string;
}

/** What the app server's scripts have to know. */
export interface TaskNames {
  readonly cluster: pulumi.Output<string>;
  readonly service: string;
  /** Address of the repository. */
  readonly repository: pulumi.Output<string>;
  /** Path of the app's variables in SSM, without a slash at the end. */
  readonly parameters: string;
  readonly logGroup: pulumi.Output<string>;
  /** The security group of the tasks. */
  readonly group: pulumi.Input<string>;
}

const serviceName = "app";

/**
 * The app on ECS: a load balancer for its domain, a repository, a cluster and a service on Fargate, in the private subnets.
 * The service comes with the first release, by `serve`: it needs an image.
 */
export class Tasks extends pulumi.ComponentResource {
  readonly names: TaskNames;
  /** What the app server's role may do with them. */
  readonly permissions: pulumi.Resource;
  readonly balancer: Balancer;
  /** The line of a zone file for the certificate to create elsewhere; empty if there is nothing to do. */
  readonly recordToCreate: pulumi.Output<string>;
  /** Makes the service of what a release has pushed, and its task definition. */
  readonly serve: (pushed: pulumi.Output<Pushed>, after: readonly pulumi.Resource[]) => TaskService;

  constructor(name: string, args: TasksArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:compute:Tasks", name, {}, opts);
    const childOpts = { parent: this };

    const registry = new Registry(name, childOpts);
    const logs = new aws.cloudwatch.LogGroup(
      name,
      { retentionInDays: 30, tags: { Name: name } },
      childOpts,
    );
    const cluster = new aws.ecs.Cluster(
      name,
      { name: args.stack, tags: { Name: name } },
      childOpts,
    );
    const parameters = `/${args.stack}/app`;
    const parametersArn = pulumi.interpolate`arn:aws:ssm:${args.region}:${registry.accountId}:parameter${parameters}`;
    const known = { repositoryArn: registry.arn, logGroupArn: logs.arn, parametersArn };
    const roles = new TaskRoles(args.stack, { ...known, accountId: registry.accountId }, childOpts);
    const certificate = args.certificateArn
      ? undefined
      : new Certificate(name, { domain: args.domain, zone: args.zone }, childOpts);
    const balancer = this.createBalancer(name, args, certificate?.arn ?? args.certificateArn);
    this.balancer = balancer;
    this.recordToCreate = certificate?.recordToCreate ?? pulumi.output("");
    this.names = {
      cluster: cluster.name,
      service: serviceName,
      repository: registry.url,
      parameters,
      logGroup: logs.name,
      group: args.groups.tasks,
    };
    const statements = releasePermissions({
      ...known,
      serviceArn: pulumi.interpolate`arn:aws:ecs:${args.region}:${registry.accountId}:service/${cluster.name}/${serviceName}`,
      roleArns: [roles.executionArn, roles.taskArn],
    });
    this.permissions = this.createPermissions(name, args.releaseRole, statements);
    this.serve = (pushed, after) =>
      new TaskService(
        name,
        {
          ...args,
          pushed,
          cluster,
          serviceName,
          subnetIds: args.subnets.private.ids,
          securityGroupId: args.groups.tasks,
          targetGroupArn: balancer.targetGroupArn,
          logGroup: logs.name,
          parametersArn,
          executionRoleArn: roles.executionArn,
          taskRoleArn: roles.taskArn,
          after: [...after, balancer.listener, roles.permissions, ...args.subnets.private.routes],
        },
        childOpts,
      );
    this.registerOutputs({});
  }

  private createPermissions(
    name: string,
    role: pulumi.Input<string>,
    statements: readonly Statement[],
  ): pulumi.Resource {
    // Apart from the role's other rights: it goes after the variables have been removed by it.
    return new aws.iam.RolePolicy(
      name,
      {
        role,
        policy: pulumi.jsonStringify({ Version: "2012-10-17", Statement: statements }),
      },
      { parent: this },
    );
  }

  private createBalancer(
    name: string,
    args: TasksArgs,
    certificateArn: pulumi.Input<string>,
  ): Balancer {
    return new Balancer(
      name,
      {
        vpcId: args.vpcId,
        subnetIds: args.subnets.public.ids,
        routes: args.subnets.public.routes,
        securityGroupId: args.groups.balancer,
        certificateArn,
        port: args.port,
        health: args.health,
        protect: args.protect,
      },
      { parent: this },
    );
  }
}
