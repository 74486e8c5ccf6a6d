/** The steps of a release that bring it from the app server to tasks on ECS. */
import * as pulumi from "@pulumi/pulumi";
import { isScaled, type TaskCount } from "../compute/tasks/plan.ts";
import type { Pushed } from "../compute/tasks/definition.ts";
import type { Tasks } from "../compute/tasks/tasks.ts";
import type { Steps } from "./steps.ts";

/** The tasks that a release serves, as {@link ReleaseArgs} has them. */
export interface ReleaseTasks {
  readonly ecs: Pick<Tasks, "names" | "permissions" | "variables" | "serve" | "serveWorkers">;
  /** Address of the load balancer's page. */
  readonly url: string;
  /** After which a release fails that ECS has not brought to its end. */
  readonly timeoutMinutes: number;
  /** Undefined leaves the number of tasks as it is. */
  readonly count: TaskCount | undefined;
}

/**
 * Pushes the image that the app server serves, and updates the service on ECS. Each step can run again: it skips an image
 * that is in the repository, and only waits if the service has the task definition already.
 *
 * @param triggers of the step that has released the image on the app server
 * @returns the step after which all tasks run the image
 */
export function serveTasks(
  steps: Steps,
  tasks: ReleaseTasks,
  image: string,
  triggers: pulumi.Input<string>[],
  deploy: pulumi.Resource,
): pulumi.Resource {
  const { ecs, timeoutMinutes, count } = tasks;
  const push = steps.script("push", {
    args: [image],
    by: "deploy-lock.sh push.sh",
    triggers,
    after: [deploy, ecs.permissions, ecs.variables],
  });
  const pushed = push.stdout.apply(parsePushed);
  const workers = serveWorkers(steps, tasks, pushed, [image, ...triggers]);
  const { taskDefinition, service, resource, scale } = ecs.serve(pushed);
  // Deleted after the scaling, which may change the number until then, also after serve-tasks has set the one without it.
  const scaling = scale?.([steps.atEnd("end-scaling", "end-scaling.sh", resource)]);
  return steps.script("serve-tasks", {
    args: [
      ...[ecs.names.cluster, service, taskDefinition, timeoutMinutes * 60],
      ...(count ? [count.least, count.most] : []),
    ],
    by: "run-detached.sh serve-tasks serve-tasks.sh",
    triggers: [...triggers, ...triggersOf(count)],
    after: [resource, ...(scaling ? [scaling] : []), ...workers],
  });
}

/**
 * The workers' step, if tasks run them. It comes before that of the web tasks: a worker drops a job that its version does not
 * know, so the new workers have to be there before the new version queues its first job.
 */
function serveWorkers(
  steps: Steps,
  { ecs, timeoutMinutes }: ReleaseTasks,
  pushed: pulumi.Output<Pushed>,
  triggers: pulumi.Input<string>[],
): pulumi.Resource[] {
  const made = ecs.serveWorkers?.(pushed);
  if (!made) return [];
  const { taskDefinition, service, resource, count } = made;
  const step = steps.script("serve-workers", {
    args: [ecs.names.cluster, service, taskDefinition, timeoutMinutes * 60, count, count],
    by: "run-detached.sh serve-workers serve-tasks.sh",
    triggers: [...triggers, String(count)],
    after: [resource],
  });
  // Not before: until tasks run the first version, the app server's processes alone work the queue.
  const handOver = steps.script("hand-over", {
    args: ["hand-over"],
    by: "deploy-lock.sh processes.sh",
    triggers,
    after: [step],
  });
  return [handOver];
}

function triggersOf(count: TaskCount | undefined): string[] {
  if (!count) return [];
  return [String(count.least), ...(isScaled(count) ? [String(count.most)] : [])];
}

/** The line that scripts/push.sh prints. */
export function parsePushed(stdout: string): Pushed {
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as Pushed;
}
