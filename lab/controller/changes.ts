/** Tells the controller that something may have changed: in the AWS API, or with the lab's containers. */
import { finished } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { revisionAfter } from "./control-api.ts";
import { engine, label, type Lab } from "./docker.ts";

/** Milliseconds from a change to the pass that follows it, so that one pass follows many changes. */
const batchInterval = 200;
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
    void this.repeat("the API", () => this.watchApi());
    void this.repeat("the containers", () => this.watchContainers());
  }

  /**
   * Resolves once something has changed since the last call, or after the milliseconds. It then waits for the
   * changes that come with the first one.
   */
  async next(milliseconds: number): Promise<void> {
    if (!this.happened) {
      const timeout = new AbortController();
      const change = new Promise<void>((resolve) => (this.wake = resolve));
      const late = sleep(milliseconds, undefined, { signal: timeout.signal });
      await Promise.race([change, late.catch(() => undefined)]);
      timeout.abort();
    }
    await sleep(batchInterval);
    this.happened = false;
  }

  private notify(): void {
    this.happened = true;
    this.wake();
  }

  private async repeat(what: string, watch: () => Promise<void>): Promise<never> {
    for (;;) {
      await watch().catch((error: Error) => this.log(`cannot watch ${what}: ${error.message}`));
      await sleep(retryAfter);
    }
  }

  private async watchApi(): Promise<never> {
    try {
      for (;;) {
        const revision = await revisionAfter(this.revision);
        // An API that was started again counts from 0.
        if (revision !== this.revision) this.notify();
        this.revision = revision;
      }
    } finally {
      this.revision = -1;
      this.notify();
    }
  }

  /** Resolves when the engine ends. */
  private async watchContainers(): Promise<void> {
    const labels = [`${label}=${this.lab.home}`];
    const filters = { label: labels, event: ["start", "die", "health_status"] };
    const events = await engine.getEvents({ filters });
    // Changes since the previous watch ended were not seen.
    this.notify();
    events.on("data", () => this.notify());
    await finished(events);
  }
}
