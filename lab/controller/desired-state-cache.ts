import { desiredState, type DesiredState } from "./desired-state.ts";
import type { ObservedState } from "./observed-state.ts";

/** Computes the desired state once for each revision of the API. */
export class DesiredStateCache {
  /** The state, and the revision of the API that it was computed from, or an earlier one. */
  private known: { revision: number; desired: DesiredState } | undefined;
  private readonly describe: () => Promise<ObservedState>;

  constructor(describe: () => Promise<ObservedState>) {
    this.describe = describe;
  }

  async at(revision: number): Promise<DesiredState> {
    if (this.known?.revision === revision) return this.known.desired;
    this.known = undefined;
    const desired = desiredState(await this.describe());
    // Below 0 the API does not answer: another one may start, with the same revision.
    if (revision >= 0) this.known = { revision, desired };
    return desired;
  }
}
