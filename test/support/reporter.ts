import { appendFileSync } from "node:fs";
import Mocha from "mocha";
import { skipped as reasons } from "./skip.ts";

/**
 * mocha's own report of each test, the reasons of what was skipped, and a last line that counts them all:
 * "N passed, N failed, N skipped". The counts are added to the file that TEST_COUNTS names, too, and what failed to
 * TEST_COUNTS.failed.
 */
export default class CountingReporter extends Mocha.reporters.Spec {
  override epilogue(): void {
    super.epilogue();
    for (const reason of reasons) console.log(`skipped: ${reason}`);
    const { passes, failures, pending } = this.stats;
    const skipped = pending > 0 ? `, ${pending} skipped` : "";
    console.log(`${passes} passed, ${failures} failed${skipped}`);
    const { TEST_COUNTS: counts } = process.env;
    if (!counts) return;
    appendFileSync(counts, `${passes} ${failures} ${pending}\n`);
    for (const test of this.failures) {
      const message = (test.err?.message ?? "").trim().replaceAll(/^/gm, "  ").slice(0, 1500);
      appendFileSync(`${counts}.failed`, `failed: ${test.fullTitle()}\n${message}\n`);
    }
  }
}
