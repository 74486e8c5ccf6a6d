/** Tells the controller that something may have changed: in the AWS API, or with the lab's containers. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { revisionAfter } from "./control-api.ts";
import { label, type Lab } from "./docker.ts";

/** Milliseconds before a watch that broke is set up again. */
const retryAfter = 500;

export class Changes {
  /** Of the API; -1 until it has answered. */
  revision = -1;
  private happened = true;
  private wake: () => void = () => undefined;
  private readonly lab: Lab;
  private readonly log: (text: string) => void;

  constructor(lab: Lab, log: (text: string) => void) {
    this.lab = lab;
    this.log = log;
  }

  /** Watches API and containers, for as long as the process lives. */
  watch(): void {
    void this.watchApi();
    void this.watchContainers();
  }

  /** Resolves once there was a change since it resolved last, and after the milliseconds at the latest. */
  async next(milliseconds: number): Promise<void> {
    if (!this.happened) {
      const timeout = new AbortController();
      const change = new Promise<void>((resolve) => (this.wake = resolve));
      const late = sleep(milliseconds, undefined, { signal: timeout.signal });
      await Promise.race([change, late.catch(() => undefined)]);
      timeout.abort();
    }
    this.happened = false;
  }

  private notify(): void {
    this.happened = true;
    this.wake();
  }

  private async watchApi(): Promise<never> {
    for (;;) {
      try {
        const revision = await revisionAfter(this.revision);
        // An API that was started again counts from 0.
        if (revision !== this.revision) this.notify();
        this.revision = revision;
      } catch (error) {
        this.log(`cannot watch the API: ${(error as Error).message}`);
        this.revision = -1;
        this.notify();
        await sleep(retryAfter);
      }
    }
  }

  private async watchContainers(): Promise<never> {
    const filters = [`label=${label}=${this.lab.home}`];
    for (const event of ["start", "die", "health_status"]) filters.push(`event=${event}`);
    for (;;) {
      const args = ["events", "--format", "{{.Action}}"];
      const flags = filters.flatMap((filter) => ["--filter", filter]);
      const events = spawn("docker", [...args, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
      for await (const line of createInterface(events.stdout)) if (line) this.notify();
      // The engine has ended, or is being started again.
      this.notify();
      await sleep(retryAfter);
    }
  }
}
