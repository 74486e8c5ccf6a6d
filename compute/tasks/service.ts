import type * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import {
  fargateService,
  taskDefinition,
  type Pushed,
  type ServiceArgs,
  type TaskArgs,
} from "./definition.ts";
import { isScaled, type TaskCount } from "./plan.ts";
import { Scaling } from "./scaling.ts";
import { threadsPerWorker, workersOf } from "./size.ts";
import { gracefulTimeout, healthCheckGracePeriod, keepAlive, stopTimeout } from "./timings.ts";

/** Arguments of {@link TaskService}. */
export interface TaskServiceArgs extends TaskArgs, ServiceArgs {
  readonly pushed: pulumi.Output<Pushed>;
  readonly serviceName: string;
  /** Undefined leaves the number of tasks as it is. */
  readonly count: TaskCount | undefined;
  readonly targetGroupArn: pulumi.Input<string>;
  /** What a task needs before it can start, and be reached. */
  readonly after: pulumi.Resource[];
}

/** The container's name. Log streams have it, too: `app/app/TASK`. */
export const containerName = "app";

/**
 * Options of gunicorn, also in an image of the app's own Dockerfile. Options of its command line win over these.
 * https://docs.gunicorn.org/en/stable/settings.html
 */
function gunicornArguments({ size, ownImage }: Pick<TaskArgs, "size" | "ownImage">): string {
  // gthread keeps idle connections even with one thread. More are not safe for every app: see scripts/gunicorn_task.py.
  const threads = ownImage ? 1 : threadsPerWorker;
  return [
    `--worker-class=gthread --workers=${workersOf(size)} --threads=${threads}`,
    `--keep-alive=${keepAlive} --graceful-timeout=${gracefulTimeout}`,
    // The load balancer alone can connect, and tells the client's scheme.
    "--forwarded-allow-ips=*",
    "--access-logfile=-",
    // A worker proves that it lives by touching a file. A slow disk would have it killed.
    "--worker-tmp-dir=/dev/shm",
  ].join(" ");
}

/**
 * Whether the service always has the number of tasks that the program gives it. Where the number is scaled, an update must not
 * set it back, so Pulumi ignores it, and its state keeps the number of before.
 *
 * So scripts/serve-tasks.sh, which gets both limits, brings the number between them, and waits for it:
 * - appTasksMax is switched on: nothing changes, as appTasks is the number and the least one.
 * - appTasks or appTasksMax changes: the number changes if it is outside. Application Auto Scaling does the same when its
 *   target changes, but does not say when it has done it.
 * - appTasksMax is switched off: both limits are appTasks. Pulumi may see no difference to its state, and scaling may change
 *   the number until its target is gone, so scripts/end-scaling.sh sets it once more after that.
 */
function hasOwnCount({ count }: Pick<TaskServiceArgs, "count">): boolean {
  return count !== undefined && !isScaled(count);
}

/** The one container of a task. */
function web(args: TaskArgs) {
  return {
    name: containerName,
    logPrefix: containerName,
    settings: {
      portMappings: [{ containerPort: args.port, hostPort: args.port, protocol: "tcp" }],
    },
    environment: [{ name: "GUNICORN_CMD_ARGS", value: gunicornArguments(args) }],
    stopTimeout,
  };
}

/** The service of the app, and its task definition. */
export class TaskService extends pulumi.ComponentResource {
  readonly taskDefinition: pulumi.Output<string>;
  readonly service: pulumi.Output<string>;
  /** Changes when Pulumi has changed the service. */
  readonly resource: pulumi.Resource;
  /**
   * Has the number of tasks change with their load, once `after` is there. Resolves to what does so; undefined where the
   * number is fixed.
   */
  readonly scale: ((after: readonly pulumi.Resource[]) => pulumi.Resource) | undefined;

  constructor(name: string, args: TaskServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:compute:TaskService", name, {}, opts);
    const definition = taskDefinition(name, args, args.pushed, () => web(args), { parent: this });
    const service = this.createService(name, args, definition);
    this.taskDefinition = definition.arn;
    this.service = service.name;
    this.resource = service;
    const { cluster, count } = args;
    this.scale =
      count && isScaled(count)
        ? (after) =>
            new Scaling(
              name,
              { ...count, clusterName: cluster.name, serviceName: service.name, after },
              { parent: this },
            )
        : undefined;
    this.registerOutputs({ taskDefinition: this.taskDefinition });
  }

  private createService(
    name: string,
    args: TaskServiceArgs,
    definition: aws.ecs.TaskDefinition,
  ): aws.ecs.Service {
    const { serviceName, count, targetGroupArn, port } = args;
    return fargateService(
      name,
      args,
      definition,
      {
        name: serviceName,
        desiredCount: count?.least ?? 1,
        healthCheckGracePeriodSeconds: healthCheckGracePeriod,
        loadBalancers: [{ targetGroupArn, containerName, containerPort: port }],
      },
      {
        parent: this,
        dependsOn: args.after,
        ignoreChanges: hasOwnCount(args) ? [] : ["desiredCount"],
      },
    );
  }
}
