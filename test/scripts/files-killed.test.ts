import { expect } from "chai";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { filesMachine, key, old } from "../support/files-machine.ts";
import { until } from "../support/machine.ts";

const now = { a: "newer", b: "new", "thumbs/y": "new y" };

describe("The app's files after a restore that was killed", () => {
  const { machine, succeeds, holds, held, beside, backedUp } = filesMachine();
  beforeEach(() => {
    holds(old);
    backedUp();
    holds(now);
  });

  /**
   * Runs a command of files.sh and kills it, and all that it has started, when it runs this program the given time: before
   * that has done anything, or when it has moved the first of its files.
   */
  const killed = async (command: string[], program: string, call: number, partly = false) => {
    const calls = join(machine().home, "calls");
    machine().fake(
      program,
      `echo >>'${calls}'
      if [ "$(wc -l <'${calls}')" != ${call} ]; then exec /bin/${program} "$@"; fi
      if ${partly}; then /bin/mv "\${@:1:3}"; fi
      touch '${machine().home}/hangs'; exec /bin/sleep 60`,
    );
    const script = machine().start("files.sh", command);
    await until(() => machine().exists("hangs"), `call ${call} of ${program}`);
    process.kill(-script.pid, "SIGKILL");
    await script.ended;
    rmSync(join(machine().home, "fakes", program));
  };
  const nextRelease = () => succeeds("prepare", "app:1");
  const nextRestore = () => {
    succeeds("unpack", key);
    succeeds("exchange");
  };

  it("are the live ones when it was killed while it unpacked, and no half of a copy takes room", async () => {
    machine().write("root/files.new/half", "");
    await killed(["unpack", key], "gzip", 1);
    expect(held()).to.deep.equal(now);
    nextRelease();
    expect(held()).to.deep.equal(now);
    expect(beside()).to.deep.equal([]);
    nextRestore();
    expect(held()).to.deep.equal(old);
  });

  for (const [when, call, partly] of [
    ["before the exchange", 1, false],
    ["before it moved the live ones out", 2, false],
    ["when it had moved one of the live ones out", 2, true],
    ["when it had moved all of them out", 3, false],
    ["before it moved the new ones in", 4, false],
    ["when it had moved one of the new ones in", 4, true],
  ] as const)
    for (const [what, next] of [
      ["release", nextRelease],
      ["restore", nextRestore],
    ] as const)
      it(`are complete after the next ${what} when it was killed ${when}`, async () => {
        succeeds("unpack", key);
        await killed(["exchange"], "mv", call, partly);
        next();
        // Until the exchange begins, the restore has changed nothing.
        expect(held()).to.deep.equal(call === 1 && what === "release" ? now : old);
        expect(beside()).to.deep.equal([]);
      });

  it("are those of another backup when that is restored next", async () => {
    const other = "backups/20260103T030405Z-nightly";
    const lines = succeeds("store", other);
    machine().write(`s3/${other}/manifest`, `reason nightly\n${lines}`);
    succeeds("unpack", key);
    await killed(["exchange"], "mv", 4, true);
    succeeds("unpack", other);
    succeeds("exchange");
    expect(held()).to.deep.equal(now);
    expect(beside()).to.deep.equal([]);
  });
});
