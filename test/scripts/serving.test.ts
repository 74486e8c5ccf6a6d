import { expect } from "chai";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { refuseRolledBack, releaseTrigger, type Serving } from "../../deployer/serving.ts";
import { FakeMachine } from "../support/machine.ts";

/** The record, with the members that only the scripts use. */
type Stored = Serving & { readonly undo: string | null; readonly undoBefore: string | null };

describe("The record of the running release", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.s3();
    machine.fake("docker", `[ "$1 $2" = "image inspect" ] && echo "commit-of-\${*: -1}"`);
    // A clock that advances by one second at each read.
    machine.write("clock", "0\n");
    machine.fake(
      "date",
      `[ "$*" = "--utc +%FT%TZ" ]; read -r now <'${machine.home}/clock'; echo $((now + 1)) >'${machine.home}/clock'
      printf '2026-01-01T00:00:%02dZ\\n' "$now"`,
    );
  });
  afterEach(() => machine.remove());

  const serving = (...args: string[]) =>
    machine.run("serving.sh", args, "", { LEASE_OWNER: "ann@desk" });
  /** Runs the script, which must succeed without output; returns the record in the bucket. */
  const after = (...args: string[]) => {
    expect(serving(...args)).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    return inBucket();
  };
  const inBucket = () => JSON.parse(machine.read("s3/serving.json")) as Stored;
  const released = (image: string) => after("record", image, "release");
  const rolledBackTo = (image: string) => after("record", image, "rollback");
  /** The time of the cut-over with this number, counted from 0. */
  const time = (cutover: number) => `2026-01-01T00:00:0${cutover}Z`;

  it("is empty before the first release", () => {
    expect(serving()).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    expect(serving("get", "undo").stdout.trim()).to.equal("");
    expect(serving("request-release")).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    expect(machine.exists("s3/serving.json")).to.equal(false);
  });

  it("names the commit, image, time and user of the first release", () => {
    const first = released("app:1");
    expect(first).to.deep.equal({
      commit: "commit-of-app:1",
      image: "app:1",
      since: time(0),
      by: "ann@desk",
      action: "release",
      before: null,
      undo: null,
      undoBefore: null,
      rolledBack: [],
    } satisfies Stored);
    expect(JSON.parse(serving().stdout)).to.deep.equal(first);
    expect(machine.log).to.include("--content-type application/json");
  });

  it("names the login user when nobody holds the deploy lock", () => {
    machine.run("serving.sh", ["record", "app:1", "release"], "", { LEASE_OWNER: undefined });
    expect(inBucket().by).to.be.a("string").and.not.equal("");
    expect(inBucket().by).to.not.equal("ann@desk");
  });

  it("sets `before` for another image, and keeps it when the same image is released again", () => {
    released("app:1");
    expect(released("app:2")).to.include({ image: "app:2", since: time(1), before: time(0) });
    expect(released("app:2")).to.include({ image: "app:2", since: time(2), before: time(0) });
  });

  it("lists after a rollback the replaced image and the image that `up` requested last", () => {
    released("app:1");
    released("app:2");
    machine.write("root/requested", "app:3\n");
    expect(rolledBackTo("app:1")).to.deep.include({
      commit: "commit-of-app:1",
      image: "app:1",
      by: "ann@desk",
      action: "rollback",
      before: time(1),
      undo: "app:2",
      undoBefore: time(0),
      rolledBack: ["app:2", "app:3"],
    });
  });

  it("lists each rolled-back image only once", () => {
    released("app:1");
    released("app:2");
    machine.write("root/requested", "app:2\n");
    expect(rolledBackTo("app:1").rolledBack).to.deep.equal(["app:2"]);
  });

  it("keeps the image from before the first of several rollbacks, for --undo", () => {
    released("app:1");
    released("app:2");
    released("app:3");
    rolledBackTo("app:2");
    expect(rolledBackTo("app:1")).to.deep.include({
      before: time(3),
      undo: "app:3",
      undoBefore: time(1),
      rolledBack: ["app:2", "app:3"],
    });
    expect(serving("get", "undo").stdout).to.equal("app:3\n");
    expect(serving("get", "rolledBack").stdout).to.equal("app:2 app:3\n");
  });

  it("forgets rollbacks when they are undone and when another commit is released", () => {
    const forgotten = { undo: null, undoBefore: null, rolledBack: [] };
    released("app:1");
    released("app:2");
    rolledBackTo("app:1");
    expect(after("record", "app:2", "undo")).to.deep.include({
      image: "app:2",
      action: "undo",
      before: time(0),
      ...forgotten,
    });
    rolledBackTo("app:1");
    expect(released("app:3")).to.deep.include({ before: time(4), ...forgotten });
  });

  it("leaves `up` without changes after a patch, and after its rollback", () => {
    released("app:1");
    released("app:2");
    const before = releaseTrigger(inBucket(), "app:2");
    for (const patched of [released("app:2-p1"), released("app:2-p2")]) {
      expect(patched).to.deep.include({ before: time(0), undo: null, rolledBack: [] });
      expect(releaseTrigger(patched, "app:2")).to.equal(before);
    }
    const back = rolledBackTo("app:2-p1");
    expect(back).to.deep.include({ undo: "app:2-p2", undoBefore: time(0), rolledBack: [] });
    expect(releaseTrigger(back, "app:2")).to.equal(before);
    expect(released("app:2-p3"), "the next patch").to.deep.include({ undo: null, before: time(0) });
    expect(rolledBackTo("app:1").rolledBack, "`up` asks for this one").to.deep.equal(["app:2"]);
  });

  it("leaves `up` without changes after a release that a patch has overtaken", () => {
    released("app:1");
    const before = releaseTrigger(inBucket(), "app:2");
    released("app:1-p1");
    expect(releaseTrigger(released("app:2"), "app:2")).to.equal(before);
  });

  it("keeps through a patch what was rolled back", () => {
    released("app:1");
    released("app:2");
    const { before } = rolledBackTo("app:1");
    const patched = released("app:1-p1");
    expect(patched).to.deep.include({ before, undo: "app:2", rolledBack: ["app:2"] });
    expect(() =>
      refuseRolledBack(patched, { commit: "c", image: "app:2", stack: "dev" }),
    ).to.throw();
    expect(() =>
      refuseRolledBack(patched, { commit: "c", image: "app:1", stack: "dev" }),
    ).not.to.throw();
  });

  it("leaves `up` without changes after a release, and after an undone rollback", () => {
    released("app:1");
    const before = releaseTrigger(inBucket(), "app:2");
    expect(releaseTrigger(released("app:2"), "app:2")).to.equal(before);
    const back = rolledBackTo("app:1");
    expect(releaseTrigger(back, "app:2")).to.not.equal(before);
    const two = { commit: "c", image: "app:2", stack: "dev" };
    expect(() => refuseRolledBack(back, two)).to.throw(/was rolled back/);
    const undone = after("record", "app:2", "undo");
    expect(releaseTrigger(undone, "app:2")).to.equal(before);
    expect(() => refuseRolledBack(undone, two)).not.to.throw();
  });

  it("makes `up` release the commit once more for each requested release", () => {
    released("app:1");
    const before = releaseTrigger(released("app:2"), "app:2");
    const requested = after("request-release");
    expect(requested).to.deep.equal({ ...requested, image: "app:2", since: time(1) });
    const trigger = releaseTrigger(requested, "app:2");
    expect(trigger).to.not.equal(before);
    expect(releaseTrigger(released("app:2"), "app:2")).to.equal(trigger);
    expect(releaseTrigger(after("request-release"), "app:2")).to.not.equal(trigger);
  });

  it("is read from the bucket on a replacement app server", () => {
    released("app:1");
    rmSync(join(machine.root, "serving.json"));
    expect(released("app:2")).to.include({ before: time(0) });
  });

  for (const [what, refused] of [
    ["listed", "s3 ls\n"],
    ["read", "cp .* s3:\n"],
  ] as const) {
    it(`does not start anew when the bucket cannot be ${what}`, () => {
      released("app:1");
      rmSync(join(machine.root, "serving.json"));
      machine.write("refused", refused);
      const { status, stdout, stderr } = serving("record", "app:2", "release");
      expect({ status, stdout }).to.deep.equal({ status: 1, stdout: "" });
      expect(stderr).to.match(
        /^error: the record of what serves cannot be read from s3:\/\/backups-1\/serving\.json\nremedy: .*\n {2}\| AccessDenied\n$/,
      );
      expect(machine.exists("root/serving.json")).to.equal(false);
      expect(inBucket().image).to.equal("app:1");
      machine.write("refused", "nothing\n");
      expect(released("app:2")).to.include({ before: time(0) });
    });
  }

  it("stays on the app server when the bucket refuses it, and the next read uploads it", () => {
    released("app:1");
    machine.write("refused", "serving.json s3:\n");
    const { status, stderr } = serving("record", "app:2", "release");
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: the record of what serves was not written to s3:\S+\nremedy: .*\.\/ops status .*\n {2}\| AccessDenied\n$/,
    );
    expect(inBucket().image).to.equal("app:1");
    // The bucket still refuses: the local record is printed without an error.
    expect(JSON.parse(serving().stdout)).to.include({ image: "app:2", before: time(0) });
    expect(serving().stderr).to.equal("");
    machine.write("refused", "nothing\n");
    expect(JSON.parse(serving().stdout)).to.deep.equal(inBucket());
    expect(inBucket().image).to.equal("app:2");
    machine.write("log", "");
    serving();
    expect(machine.log, "nothing is left to write").to.equal("");
  });
});
