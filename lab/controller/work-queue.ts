/** One job at a time for each router, machine and database; a slow one holds up nobody else. */
export class Jobs {
  private readonly busy = new Set<string>();
  /** Last error of each job, so that the log tells it once. */
  private readonly errors = new Map<string, string>();

  constructor(private readonly log: (text: string) => void) {}

  /**
   * Begins a look at what there is. Jobs that it gives rise to start by the result, but for who is busy at its
   * beginning: what was seen of them may be of before their job's end.
   */
  look() {
    const before = new Set(this.busy);
    let missed = false;
    return {
      start: (key: string, job: () => Promise<void>) => {
        if (this.busy.has(key)) return;
        if (before.has(key)) missed = true;
        else void this.run(key, job);
      },
      /** Whether somebody got ready meanwhile, and waits for the next look. */
      missed: () => missed,
    };
  }

  get underWay(): boolean {
    return this.busy.size > 0;
  }

  private async run(key: string, job: () => Promise<void>): Promise<void> {
    this.busy.add(key);
    await this.tell(key, job);
    this.busy.delete(key);
  }

  /** Runs the job to its end, and logs an error that is not that of the last time. */
  async tell(key: string, job: () => Promise<void>): Promise<void> {
    try {
      await job();
      this.errors.delete(key);
    } catch (error) {
      const { message } = error as Error;
      if (this.errors.get(key) !== message) this.log(`${key}: ${message}`);
      this.errors.set(key, message);
    }
  }
}
