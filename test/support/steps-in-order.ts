/** Makes a suite's tests steps of one story: after the first that fails, the others are skipped. Call it in `describe`. */
export function stepsInOrder(): void {
  let failed = false;
  beforeEach(function () {
    if (failed) this.skip();
  });
  afterEach(function () {
    failed ||= this.currentTest?.state === "failed";
  });
}
