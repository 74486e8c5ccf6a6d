/** Tells the API how much of its CPU each task uses whose service is scaled, as CloudWatch has it on AWS. */
import { setTimeout as sleep } from "node:timers/promises";
import { reportUsage, type Task } from "../control-api.ts";
import { ignoring, inspect, type Lab } from "../docker.ts";
import { taskResource } from "../ports.ts";
import { sampleOf, type Sample } from "./processor-time.ts";

/** Milliseconds after which it is looked again whether any service is scaled. */
const pollInterval = 1_000;

/** Percent of the task's own vCPU that were used between two samples. */
export function percentOf({ cpu: units }: Pick<Task, "cpu">, before: Sample, after: Sample) {
  const vcpu = units / 1024;
  return (100 * (after.cpu - before.cpu)) / ((after.time - before.time) * 1e6) / vcpu;
}

export class TaskUsage {
  private readonly lab: Lab;
  /** The last sample of each task. */
  private samples = new Map<string, Sample>();

  private readonly sampleOf: (pid: number) => Promise<Sample | undefined>;

  constructor(lab: Lab, sample = sampleOf) {
    this.lab = lab;
    this.sampleOf = sample;
  }

  /** Reports as often as the API asks for, as long as the process lives. `run` runs a job and logs its errors. */
  async watch(
    desired: () => Task[],
    run: (key: string, job: () => Promise<void>) => Promise<void>,
  ): Promise<never> {
    for (;;) {
      const scaled = desired().filter(({ usageInterval }) => usageInterval !== null);
      await run("CPU use of tasks", () => this.report(scaled));
      const [first] = scaled;
      await sleep(first ? first.usageInterval! * 1000 : pollInterval);
    }
  }

  /** Reports what running tasks have used since the last call. A task that was not running then is reported next time. */
  async report(scaled: readonly Task[]): Promise<void> {
    const before = this.samples;
    this.samples = new Map();
    const used: Record<string, number> = {};
    for (const task of scaled.filter(({ lastStatus }) => lastStatus === "RUNNING")) {
      const sample = await this.sample(task);
      if (!sample) continue;
      this.samples.set(task.id, sample);
      const last = before.get(task.id);
      if (last && sample.time > last.time) used[task.id] = percentOf(task, last, sample);
    }
    if (Object.keys(used).length > 0) await reportUsage(used);
  }

  /** Undefined if the container does not run any more. */
  private async sample(task: Task): Promise<Sample | undefined> {
    const container = `${this.lab.name}-${taskResource(task)}`;
    const found = await inspect(container).catch(ignoring(404));
    return found?.running ? this.sampleOf(found.pid) : undefined;
  }
}
