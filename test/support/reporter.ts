import Mocha from "mocha";

/** mocha's own report of each test, and a last line that counts them all: "N passed, N failed, N skipped". */
export default class CountingReporter extends Mocha.reporters.Spec {
  override epilogue(): void {
    super.epilogue();
    const { passes, failures, pending } = this.stats;
    const skipped = pending > 0 ? `, ${pending} skipped` : "";
    console.log(`${passes} passed, ${failures} failed${skipped}`);
  }
}
