/** Brings the containers of ECS's tasks to the desired state. A container is started once: ECS starts another task instead. */
import { attach, type Place } from "../attachment.ts";
import { reportTaskRunning, reportTaskStopped, type Task, type TaskEnd } from "../control-api.ts";
import { createContainer, engine, inspect, type Container, type Lab } from "../docker.ts";
import { taskResource } from "../ports.ts";
import { CannotPull, pull } from "./images.ts";
import type { TaskLogs } from "./logs.ts";
import { containerOptions } from "./start-command.ts";

export class Tasks {
  private readonly lab: Lab;
  private readonly logs: TaskLogs;
  private readonly run: (key: string, job: () => Promise<void>) => Promise<void>;

  /** @param run runs a job and logs its errors */
  constructor(
    lab: Lab,
    logs: TaskLogs,
    run: (key: string, job: () => Promise<void>) => Promise<void>,
  ) {
    this.lab = lab;
    this.logs = logs;
    this.run = run;
  }

  async reconcile(task: Task, place: Place): Promise<void> {
    const { container } = place;
    if (container?.running) await this.keep(task, container, place);
    else if (container && !container.created) await this.end(task, container);
    else if (task.desiredStatus === "STOPPED") await reportTaskStopped(task.id, {});
    else if (!awaitsStart(task)) await reportTaskStopped(task.id, { reason: removed });
    else await this.start(task, place);
  }

  private async keep(task: Task, container: Container, place: Place): Promise<void> {
    this.follow(task);
    if (task.desiredStatus === "STOPPED") {
      await engine.getContainer(container.name).stop({ t: task.stopTimeout });
      return this.end(task, await inspect(container.name));
    }
    await attach(this.lab, container, place);
    if (awaitsStart(task)) await reportTaskRunning(task.id);
  }

  /** Reports the end once the log is complete: from then on the API may forget the task, and the container goes. */
  private async end(task: Task, container: Container): Promise<void> {
    await this.logs.follow(task);
    await reportTaskStopped(task.id, endOf(container));
  }

  private async start(task: Task, place: Place): Promise<void> {
    const problem = task.problem ?? (await this.prepare(task, place));
    if (problem) return reportTaskStopped(task.id, { reason: problem });
    const started = await inspect(`${this.lab.name}-${taskResource(task)}`);
    await attach(this.lab, started, place);
    await reportTaskRunning(task.id);
    this.follow(task);
  }

  private follow(task: Task): void {
    if (this.logs.isFollowing(task)) return;
    void this.run(`log of ${taskResource(task)}`, () => this.logs.follow(task));
  }

  /** Resolves to ECS's words for what prevents the start, or to nothing once the container runs. */
  private async prepare(task: Task, { container, resolver }: Place): Promise<string | undefined> {
    try {
      await this.logs.open(task);
    } catch (error) {
      if ((error as Error).name !== "ResourceNotFoundException") throw error;
      return (
        "ResourceInitializationError: failed to validate logger args: create stream failed: " +
        `ResourceNotFoundException: ${(error as Error).message}`
      );
    }
    const name = `${this.lab.name}-${taskResource(task)}`;
    try {
      if (!container) {
        const image = await pull(this.lab, task.image);
        const options = containerOptions(task, image.name, image.own, resolver);
        await createContainer(this.lab, taskResource(task), options);
      }
    } catch (error) {
      if (error instanceof CannotPull) return error.message;
      throw error;
    }
    return engine.getContainer(name).start().then(noProblem, refusal);
  }
}

const noProblem = () => undefined;

/** ECS's words for a start that the engine refuses. Without an answer of the engine, nothing is known of the start. */
function refusal(error: Error & { statusCode?: number }): string {
  if (error.statusCode === undefined) throw error;
  return `CannotStartContainerError: ${error.message}`;
}

const removed = "The task's container was removed";

/** Whether the API waits for the task's container to run. */
export function awaitsStart({ lastStatus }: Task): boolean {
  return ["PROVISIONING", "PENDING", "ACTIVATING"].includes(lastStatus);
}

export function endOf({ exitCode, outOfMemory }: Container): TaskEnd {
  if (!outOfMemory) return { exitCode };
  return { exitCode, reason: "OutOfMemoryError: Container killed due to memory usage" };
}
