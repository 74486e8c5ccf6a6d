/** One job at a time for each router, machine and database; a slow one does not delay the others. */
export class KeyedJobs {
  private readonly busy = new Set<string>();
  /** Last error of each job, so that the log tells it once. */
  private readonly errors = new Map<string, string>();
  private readonly log: (text: string) => void;

  constructor(log: (text: string) => void) {
    this.log = log;
  }

  /**
   * Begins a pass of the controller. Call `start` when the state is read. A key that was busy when the pass began is
   * skipped: its state may have been read before its job ended.
   */
  pass() {
    const before = new Set(this.busy);
    let missed = false;
    return {
      start: (key: string, job: () => Promise<void>) => {
        if (this.busy.has(key)) return;
        if (before.has(key)) missed = true;
        else void this.run(key, job);
      },
      /** Whether a job ended during the pass, so that its key waits for the next pass. */
      missed: () => missed,
    };
  }

  get underWay(): boolean {
    return this.busy.size > 0;
  }

  private async run(key: string, job: () => Promise<void>): Promise<void> {
    this.busy.add(key);
    await this.runAndLog(key, job);
    this.busy.delete(key);
  }

  /** Runs the job, and logs its error unless it repeats the previous one. */
  async runAndLog(key: string, job: () => Promise<void>): Promise<void> {
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
