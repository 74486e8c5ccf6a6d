import * as aws from "@pulumi/aws";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { quote } from "../../deployer/shell.ts";
import type { AwsAccount } from "../../network/aws-account.ts";
import type { Zone } from "../../network/dns.ts";
import type { MachineImage } from "../images.ts";
import { Balancer, type BalancerArgs } from "./balancer.ts";
import { Certificate } from "./certificate.ts";
import type { Pushed } from "./definition.ts";
import { releasePermissions, type ReleasePermissionsArgs } from "./permissions.ts";
import type { TaskCount } from "./plan.ts";
import { Registry } from "./registry.ts";
import { TaskRoles } from "./roles.ts";
import { TaskService } from "./service.ts";
import type { TaskSize } from "./size.ts";
import { workerService, WorkerService } from "./workers.ts";

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
  /** Tasks that run the process of the app's Procfile; 0 for none. */
  readonly workers: number;
  readonly architecture: MachineImage["architecture"];
  /** Whether the app's own Dockerfile builds the image. */
  readonly ownImage: boolean;
  readonly region: string;
  /** For calls beside Pulumi's provider. */
  readonly account: AwsAccount;
  /** Of CloudWatch; 0 for 30 days. */
  readonly logRetentionDays: number;
}

/** What the app server's scripts have to know. */
export interface TaskNames {
  readonly cluster: pulumi.Output<string>;
  readonly service: string;
  /** The service of the workers; undefined if the app server runs them. */
  readonly workers: string | undefined;
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
  /** Comes before the app's variables are in SSM, and removes them when it is deleted. */
  readonly variables: pulumi.Resource;
  readonly balancer: Balancer;
  /** The line of a zone file for the certificate to create elsewhere; empty if there is nothing to do. */
  readonly recordToCreate: pulumi.Output<string>;
  /** Makes the service of what a release has pushed, and its task definition. */
  readonly serve: (pushed: pulumi.Output<Pushed>) => TaskService;
  /** The same for the workers; undefined if the app server runs them. */
  readonly serveWorkers: ((pushed: pulumi.Output<Pushed>) => WorkerService) | undefined;

  constructor(name: string, args: TasksArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:compute:Tasks", name, {}, opts);
    const childOpts = { parent: this };

    const registry = new Registry(name, childOpts);
    const logs = new aws.cloudwatch.LogGroup(
      name,
      { retentionInDays: args.logRetentionDays || 30, tags: { Name: name } },
      childOpts,
    );
    const cluster = new aws.ecs.Cluster(
      name,
      { name: args.stack, tags: { Name: name } },
      childOpts,
    );
    const parameters = `/${args.stack}/app`;
    const parametersArn = pulumi.interpolate`arn:aws:ssm:${args.region}:${registry.accountId}:parameter${parameters}`;
    this.variables = removedAtEnd(`${name}-variables`, parameters, args.account, childOpts);
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
      workers: args.workers > 0 ? workerService : undefined,
      repository: registry.url,
      parameters,
      logGroup: logs.name,
      group: args.groups.tasks,
    };
    this.permissions = this.createPermissions(name, args, {
      ...known,
      clusterArn: cluster.arn,
      roleArns: [roles.executionArn, roles.taskArn],
    });
    const { serve, serveWorkers } = this.services(name, args, {
      ...{ cluster, balancer, roles, parametersArn },
      logGroup: logs.name,
    });
    this.serve = serve;
    this.serveWorkers = serveWorkers;
    this.registerOutputs({});
  }

  private services(
    name: string,
    args: TasksArgs,
    made: {
      readonly cluster: aws.ecs.Cluster;
      readonly balancer: Balancer;
      readonly roles: TaskRoles;
      readonly logGroup: pulumi.Output<string>;
      readonly parametersArn: pulumi.Output<string>;
    },
  ): Pick<Tasks, "serve" | "serveWorkers"> {
    const { roles, balancer, ...known } = made;
    const { targetGroupArn, listener } = balancer;
    const ofBoth = {
      ...args,
      ...known,
      subnetIds: args.subnets.private.ids,
      securityGroupId: args.groups.tasks,
      executionRoleArn: roles.executionArn,
      taskRoleArn: roles.taskArn,
    };
    const needs = [roles.permissions, ...args.subnets.private.routes];
    const opts = { parent: this };
    const serve: Tasks["serve"] = (pushed) => {
      const own = { serviceName, targetGroupArn, after: [listener, ...needs] };
      return new TaskService(name, { ...ofBoth, ...own, pushed }, opts);
    };
    const serveWorkers: Tasks["serveWorkers"] = (pushed) => {
      const own = { count: args.workers, after: needs };
      return new WorkerService(`${args.stack}-workers`, { ...ofBoth, ...own, pushed }, opts);
    };
    return { serve, serveWorkers: args.workers > 0 ? serveWorkers : undefined };
  }

  private createPermissions(
    name: string,
    { releaseRole: role, workers }: TasksArgs,
    args: Omit<ReleasePermissionsArgs, "serviceArns"> & {
      readonly clusterArn: pulumi.Output<string>;
    },
  ): pulumi.Resource {
    const services = [serviceName, ...(workers > 0 ? [workerService] : [])];
    const statements = releasePermissions({
      ...args,
      serviceArns: services.map((service) =>
        args.clusterArn.apply((arn) => `${arn.replace(":cluster/", ":service/")}/${service}`),
      ),
    });
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

/**
 * Has the app's variables removed at the end of the tasks. The app server, which writes them, may be gone by then: a command
 * on a machine that is gone fails, and nothing that is left would be destroyed.
 */
function removedAtEnd(
  name: string,
  path: string,
  account: AwsAccount,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource {
  const words = ["node", "compute/tasks/remove-parameters.ts"];
  return new command.local.Command(
    name,
    {
      create: "true",
      delete: words.concat([JSON.stringify(account), path].map(quote)).join(" "),
      addPreviousOutputInEnv: false,
    },
    opts,
  );
}
