import * as pulumi from "@pulumi/pulumi";
import {
  fargateService,
  taskDefinition,
  type Pushed,
  type ServiceArgs,
  type TaskArgs,
} from "./definition.ts";
import { workerStopTimeout } from "./timings.ts";

/** The service's name. It begins the names of the log streams, too: `worker/PROCESS/TASK`. */
export const workerService = "worker";

/** Arguments of {@link WorkerService}. */
export interface WorkerServiceArgs extends TaskArgs, ServiceArgs {
  readonly pushed: pulumi.Output<Pushed>;
  /** Tasks, each with one process. */
  readonly count: number;
  /** What a task needs before it can start. */
  readonly after: pulumi.Resource[];
}

/** The one container of a task. */
function worker({ processes }: Pushed) {
  // scripts/processes.sh refuses a Procfile with none.
  const { name, entryPoint, command, environment } = processes![0];
  const settings = { entryPoint, command };
  return { name, settings, environment, logPrefix: workerService, stopTimeout: workerStopTimeout };
}

/**
 * The service that runs the process of the app's Procfile, on Fargate, without a load balancer: a task is healthy as long as
 * it runs. As for the service of the app, scripts/serve-tasks.sh gives it each release.
 */
export class WorkerService extends pulumi.ComponentResource {
  readonly taskDefinition: pulumi.Output<string>;
  readonly service: pulumi.Output<string>;
  /** Changes when Pulumi has changed the service. */
  readonly resource: pulumi.Resource;
  readonly count: number;

  constructor(name: string, args: WorkerServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:compute:WorkerService", name, {}, opts);
    const definition = taskDefinition(name, args, args.pushed, worker, { parent: this });
    const service = fargateService(
      name,
      args,
      definition,
      { name: workerService, desiredCount: args.count },
      { parent: this, dependsOn: args.after },
    );
    this.taskDefinition = definition.arn;
    this.service = service.name;
    this.resource = service;
    this.count = args.count;
    this.registerOutputs({ taskDefinition: this.taskDefinition });
  }
}
