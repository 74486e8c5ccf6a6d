import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { MachineImage } from "../images.ts";
import type { TaskSize } from "./size.ts";

/** A process of the app's Procfile, as a container runs it. */
export interface Process {
  readonly name: string;
  readonly entryPoint: readonly string[];
  readonly command: readonly string[];
  readonly environment: readonly { readonly name: string; readonly value: string }[];
}

/** What scripts/push.sh has pushed. */
export interface Pushed {
  /** By digest: `REPOSITORY@sha256:…`. */
  readonly image: string;
  /** Full hash. */
  readonly commit: string;
  /** The number of the set of variables in SSM. */
  readonly environment: number;
  /** Their names. */
  readonly variables: readonly string[];
  /** The one process of the Procfile; only where tasks run it. */
  readonly processes?: readonly [Process];
}

/** What a task is made of, beside what was pushed. */
export interface TaskArgs {
  readonly size: TaskSize;
  readonly architecture: MachineImage["architecture"];
  /** Where the app listens. */
  readonly port: number;
  /** Whether the app's own Dockerfile has built the image. */
  readonly ownImage: boolean;
  readonly region: string;
  readonly logGroup: pulumi.Input<string>;
  readonly parametersArn: pulumi.Input<string>;
  readonly executionRoleArn: pulumi.Input<string>;
  readonly taskRoleArn: pulumi.Input<string>;
}

/** What differs between the containers of the app and those of its workers. */
interface Own {
  readonly name: string;
  /** Begins the names of its log streams: `PREFIX/CONTAINER/TASK`. */
  readonly logPrefix: string;
  /** Seconds from SIGTERM to SIGKILL; Fargate allows 120. */
  readonly stopTimeout: number;
  readonly environment: Process["environment"];
  /** In the form of ECS. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** What a container of the app has whatever it runs. No secret is in it, but where ECS finds each. */
function container(
  args: TaskArgs,
  { image, commit, environment, variables }: Pushed,
  logGroup: string,
  parametersArn: string,
  own: Own,
) {
  const ofImage = { PORT: String(args.port), FORWARDED_ALLOW_IPS: "*" };
  return {
    name: own.name,
    image,
    essential: true,
    // The user of scripts/Dockerfile.release. Another image says itself who it runs as.
    ...(args.ownImage ? {} : { user: "app" }),
    ...own.settings,
    environment: [
      ...own.environment,
      ...Object.entries(args.ownImage ? ofImage : {}).map(([name, value]) => ({ name, value })),
    ],
    secrets: variables.map((name) => ({
      name,
      valueFrom: `${parametersArn}/${environment}/${name}`,
    })),
    // Tells people and ./ops status which commit a task runs.
    dockerLabels: { "org.opencontainers.image.revision": commit },
    stopTimeout: own.stopTimeout,
    // The app's processes are reaped, and gunicorn gets SIGTERM, whatever the image starts.
    linuxParameters: { initProcessEnabled: true },
    logConfiguration: {
      logDriver: "awslogs",
      options: {
        "awslogs-group": logGroup,
        "awslogs-region": args.region,
        "awslogs-stream-prefix": own.logPrefix,
      },
    },
  };
}

/** A task definition of one container, for Fargate. */
export function taskDefinition(
  name: string,
  args: TaskArgs,
  pushed: pulumi.Output<Pushed>,
  own: (pushed: Pushed) => Own,
  opts: pulumi.CustomResourceOptions,
): aws.ecs.TaskDefinition {
  return new aws.ecs.TaskDefinition(
    name,
    {
      family: name,
      requiresCompatibilities: ["FARGATE"],
      networkMode: "awsvpc",
      cpu: String(args.size.vcpu * 1024),
      memory: String(args.size.memoryGb * 1024),
      runtimePlatform: {
        operatingSystemFamily: "LINUX",
        cpuArchitecture: args.architecture === "arm64" ? "ARM64" : "X86_64",
      },
      executionRoleArn: args.executionRoleArn,
      taskRoleArn: args.taskRoleArn,
      containerDefinitions: pulumi
        .all([pushed, args.logGroup, args.parametersArn])
        .apply(([known, ...places]) =>
          JSON.stringify([container(args, known, ...places, own(known))]),
        ),
      // ECS needs the one of before to roll back to.
      skipDestroy: true,
      tags: { Name: name },
    },
    opts,
  );
}

/** Arguments of {@link fargateService}. */
export interface ServiceArgs {
  readonly cluster: Readonly<Record<"arn" | "name", pulumi.Input<string>>>;
  /** Private ones. */
  readonly subnetIds: pulumi.Input<string>[];
  readonly securityGroupId: pulumi.Input<string>;
}

/**
 * A service on Fargate that begins with a task definition. From then on scripts/serve-tasks.sh gives it other ones, because
 * Pulumi's provider calls an update successful that ECS has rolled back.
 */
export function fargateService(
  name: string,
  { cluster, subnetIds, securityGroupId }: ServiceArgs,
  definition: aws.ecs.TaskDefinition,
  own: Pick<
    aws.ecs.ServiceArgs,
    "desiredCount" | "healthCheckGracePeriodSeconds" | "loadBalancers"
  > & {
    readonly name: string;
  },
  { ignoreChanges = [], ...opts }: pulumi.CustomResourceOptions,
): aws.ecs.Service {
  return new aws.ecs.Service(
    name,
    {
      cluster: cluster.arn,
      taskDefinition: definition.arn,
      launchType: "FARGATE",
      deploymentMinimumHealthyPercent: 100,
      deploymentMaximumPercent: 200,
      deploymentCircuitBreaker: { enable: true, rollback: true },
      networkConfiguration: {
        subnets: subnetIds,
        securityGroups: [securityGroupId],
        assignPublicIp: false,
      },
      propagateTags: "SERVICE",
      tags: { Name: name },
      ...own,
    },
    { ...opts, ignoreChanges: ["taskDefinition", ...ignoreChanges] },
  );
}
