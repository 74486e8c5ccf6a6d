/** Skips that say why; the reporter prints all reasons at the end of the run. */
import type { Context } from "mocha";

/** The skipped suites and tests of this run, with their reasons. */
export const skipped: string[] = [];

/** Skips the test, or the suite whose hook this is, for a reason. */
export function skip(context: Context, reason: string): never {
  const test = context.test!;
  const { type } = test as { type?: string };
  const title = type === "hook" ? test.parent!.fullTitle() : test.fullTitle();
  skipped.push(`${title}: ${reason}`);
  return context.skip();
}
