import { expect } from "chai";
import { setImmediate as turn } from "node:timers/promises";
import { Jobs } from "../../../../lab/controller/work-queue.ts";

describe("the world's jobs", () => {
  it("do not start by what was seen before the end of the same one's job", async () => {
    const jobs = new Jobs(() => undefined);
    const done: string[] = [];
    let end = () => {};
    const reboot = () =>
      new Promise<void>((resolve) => (end = resolve)).then(() => void done.push("rebooted"));
    jobs.look().start("i-1", reboot);
    // This look sees the machine as one that is to be rebooted, and is over after the reboot.
    const late = jobs.look();
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
    const next = jobs.look();
    expect(jobs.underWay).to.equal(false);
    next.start("i-1", again);
    expect(next.missed()).to.equal(false);
    await turn();
    expect(done).to.deep.equal(["rebooted", "other", "again"]);
  });

  it("tell an error once, until they have succeeded", async () => {
    const lines: string[] = [];
    const jobs = new Jobs((line) => lines.push(line));
    for (const problem of ["no", "no", "", "no", "none"]) {
      await jobs.tell("vpc", () => (problem ? Promise.reject(Error(problem)) : Promise.resolve()));
    }
    expect(lines).to.deep.equal(["vpc: no", "vpc: no", "vpc: none"]);
  });
});
