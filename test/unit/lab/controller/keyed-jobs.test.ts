import { expect } from "chai";
import { setImmediate as turn } from "node:timers/promises";
import { KeyedJobs } from "../../../../lab/controller/keyed-jobs.ts";

describe("The controller", () => {
  it("starts no job from a state that is older than the end of the last job of the same key", async () => {
    const jobs = new KeyedJobs(() => undefined);
    const done: string[] = [];
    let end = () => {};
    const reboot = () =>
      new Promise<void>((resolve) => (end = resolve)).then(() => void done.push("rebooted"));
    jobs.pass().start("i-1", reboot);
    // This pass reads the request to reboot before the reboot ends, and starts its jobs afterwards.
    const late = jobs.pass();
    end();
    await turn();
    expect(done).to.deep.equal(["rebooted"]);
    const note = (what: string) => () => Promise.resolve(void done.push(what));
    const again = note("again");
    late.start("i-1", again);
    late.start("i-2", note("other"));
    expect([late.missed(), jobs.underWay]).to.deep.equal([true, true]);
    await turn();
    expect(done).to.deep.equal(["rebooted", "other"]);
    const next = jobs.pass();
    expect(jobs.underWay).to.equal(false);
    next.start("i-1", again);
    expect(next.missed()).to.equal(false);
    await turn();
    expect(done).to.deep.equal(["rebooted", "other", "again"]);
  });

  it("logs a repeated error once until the job succeeds", async () => {
    const lines: string[] = [];
    const jobs = new KeyedJobs((line) => lines.push(line));
    for (const problem of ["no", "no", "", "no", "none"]) {
      await jobs.runAndLog("vpc", () =>
        problem ? Promise.reject(Error(problem)) : Promise.resolve(),
      );
    }
    expect(lines).to.deep.equal(["vpc: no", "vpc: no", "vpc: none"]);
  });
});
