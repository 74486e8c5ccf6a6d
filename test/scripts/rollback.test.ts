import { expect } from "chai";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { FakeMachine } from "../support/machine.ts";
import { prepareRollback } from "../support/rollback-machine.ts";

describe("A rollback", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.s3();
    prepareRollback(machine);
    machine.write("root/release.env", "ROOT=/x\nBLUE_IMAGE=app:1\n");
    serves("app:3");
  });
  afterEach(() => machine.remove());

  const serves = (image: string) => machine.write("serves", `${image}\n`);
  /** Writes the history of these images and revisions; the text after a space is the detail. */
  const has = (...releases: [image: string, revision?: string][]) => {
    releases.forEach(([image, revision = "a1"], i) => {
      const [name, ...detail] = image.split(" ");
      const number = String(i + 1).padStart(6, "0");
      const fields = [number, `2026-01-0${i + 1}T00:00:00Z`, `commit-of-${name}`, name, "id"];
      fields.push(revision, "-", "ann", detail.join(" ") || "cut-over=1.0");
      machine.write(`root/ledger/${number}`, `${fields.join("\t")}\n`);
    });
  };
  const stored = (key: string, revision: string, reason = "nightly") =>
    machine.write(
      `s3/${key}/manifest`,
      `created 2026-01-02T03:04:05Z\nreason ${reason}\nrevision ${revision}\n`,
    );
  const rollback = (...args: string[]) => machine.run("rollback.sh", args);
  const succeeds = (...args: string[]) => {
    const { status, stdout, stderr } = rollback(...args);
    expect(status, stderr).to.equal(0);
    return stdout;
  };
  const fails = (error: string, remedy: string, ...args: string[]) => {
    expect(rollback(...args)).to.deep.equal({
      status: 1,
      stdout: "",
      stderr: `error: ${error}\nremedy: ${remedy}\n`,
    });
    expect(machine.log).to.not.include("switch");
  };
  const another = "release another commit: pulumi config set appCommit HASH && pulumi up";

  it("returns to the last release of another image, records it, and prints the next steps", () => {
    has(["app:1"], ["app:2"], ["app:3"], ["app:3"]);
    machine.write("root/last-backup", "backups/2\n");
    const { status, stdout, stderr } = rollback();
    expect(stderr).to.equal(
      "going back to release 000002 of 2026-01-02T00:00:00Z, commit commit-of-app:2\n",
    );
    expect(status).to.equal(0);
    expect(machine.log).to.match(/^switch app:2 rollback$/m);
    expect(machine.log).to.match(/^verify app:2$[^]*^publish-status $/m);
    expect(stdout).to.equal(
      "commit commit-of-app:2 serves again, as release 000005, which is release 000002 once more.\n" +
        "Commit commit-of-app:3 is out of service. The database was not changed.\n" +
        "pulumi up refuses until you choose:\n" +
        "  keep commit commit-of-ap:      pulumi config set appCommit commit-of-app:2 && pulumi up\n" +
        "  return to commit-of-ap:        ./ops rollback --undo\n" +
        "  release another commit:  pulumi config set appCommit HASH && pulumi up\n",
    );
    expect(machine.run("release-history.sh").stdout).to.match(
      /^000005\t\S+\tcommit-of-app:2\tapp:2\tbeef\ta1\t-\t\S+\trollback$/m,
    );
  });

  it("returns from a patch to the image before it, also past another release that was rolled back", () => {
    has(["app:1"], ["app:2"], ["app:3"], ["app:2 rollback"], ["app:2-p1"], ["app:2-p2"]);
    machine.write("serves", "app:2-p2\n");
    const stdout = succeeds();
    expect(stdout).to.include("which is release 000005 once more");
    expect(stdout).to.match(/\nThis is another image of the same commit\. pulumi up keeps it\.\n$/);
    expect(succeeds()).to.include("which is release 000002 once more");
    expect(succeeds()).to.include("which is release 000001 once more");
  });

  it("returns to the release before that when it is repeated", () => {
    has(["app:1"], ["app:2"], ["app:3"]);
    expect(succeeds()).to.include("which is release 000002 once more");
    expect(succeeds()).to.include("which is release 000001 once more");
    expect(rollback().stderr).to.equal(
      `error: the history has no release before app:1\nremedy: ${another}\n`,
    );
  });

  it("skips failed releases", () => {
    has(["app:1"], ["app:2 failed cut-over preflight=1.0", "b2"], ["app:3"]);
    expect(succeeds()).to.include("which is release 000001 once more");
  });

  it("leaves a running version whose release failed, and --undo returns to it", () => {
    has(["app:1"], ["app:2"], ["app:3 failed verify preflight=1.0"]);
    machine.run("serving.sh", ["record", "app:3", "release"]);
    expect(succeeds()).to.include("which is release 000002 once more");
    expect(succeeds("--undo")).to.include("which is release 000003 once more");
    expect(machine.read("serves")).to.equal("app:3\n");
  });

  it("leaves a running version that is not in the history", () => {
    has(["app:1"], ["app:2"]);
    expect(succeeds()).to.include("which is release 000002 once more");
  });

  for (const [releases, why] of [
    [[], "there is no release"],
    [[["app:3"]], "there is no other image"],
  ] as [[string][], string][]) {
    it(`fails when ${why} before this one`, () => {
      has(...releases);
      fails("the history has no release before app:3", another);
    });
  }

  it("fails when no release runs", () => {
    rmSync(join(machine.root, "proxy/active"));
    fails("nothing serves, so there is nothing to roll back", "release first: pulumi up");
  });

  it("names the commit to build again when the image no longer exists", () => {
    has(["app:gone"], ["app:3"]);
    fails(
      "the image of release 000001 is not on the machine: app:gone",
      "build it again: pulumi config set appCommit commit-of-app:gone && pulumi up",
    );
  });

  it("suggests commands that `up` accepts when the image for --undo no longer exists", () => {
    has(["app:gone"], ["app:3"]);
    machine.run("serving.sh", ["record", "app:gone", "release"]);
    machine.run("serving.sh", ["record", "app:3", "rollback"]);
    const keep = "pulumi config set appCommit commit-of-app:3 && pulumi up";
    const release = "pulumi config set appCommit commit-of-app:gone && pulumi up";
    const error = "the image of release 000001 is not on the machine: app:gone";
    fails(error, `build it again: ${keep}; ${release}`, "--undo");
  });

  it("adds the stack given to ./ops to the commands that it prints", () => {
    has(["app:2"], ["app:3"]);
    const { stdout } = machine.run("rollback.sh", [], "", { STACK_FLAGS: " --stack prod" });
    expect(stdout).to.include("appCommit commit-of-app:2 --stack prod && pulumi up --stack prod\n");
    expect(stdout).to.include("./ops rollback --undo --stack prod\n");
  });

  it("returns to a release of an app without migrations, whose schema has no revision", () => {
    machine.mysql({ "SHOW?TABLES?LIKE*": "" });
    has(["app:1", "a1"], ["app:2", "-"], ["app:3", "-"]);
    expect(succeeds()).to.include("which is release 000002 once more");
    expect(rollback().stderr).to.match(
      /needs revision a1 of the schema, and the database is at none\.\n/,
    );
  });

  describe("when the schema has changed", () => {
    const error =
      "commit commit-of-app:2 (release 000002) needs revision 00 of the schema, and the database is at a1.\n" +
      "       Nothing was changed. Commit commit-of-app:3 serves.";
    const corrected =
      "release a commit with the older code and the newer models: pulumi config set appCommit HASH && pulumi up";
    beforeEach(() => has(["app:1", "00"], ["app:2", "00"], ["app:3"]));

    it("names the newest backup at the revision that the old release needs", () => {
      stored("backups/1", "00");
      stored("backups/2", "00");
      stored("backups/3", "00", "before-restore");
      stored("backups/4", "a1");
      fails(
        error,
        `${corrected}\n        or go back with the data to 2026-01-02T03:04:05Z, losing all rows written since; ` +
          "the app may be broken between the two:\n          ./ops restore backups/2 && ./ops rollback",
      );
    });

    it("names no backup when there is none at that revision", () => {
      stored("backups/4", "a1");
      fails(error, corrected);
    });

    it("repeats --undo in the command that it suggests", () => {
      machine.run("serving.sh", ["record", "app:2", "release"]);
      machine.run("serving.sh", ["record", "app:3", "rollback"]);
      stored("backups/2", "00");
      const { stderr } = rollback("--undo");
      expect(stderr).to.match(/\.\/ops restore backups\/2 && \.\/ops rollback --undo$/m);
    });
  });

  it("is not recorded when it fails", () => {
    has(["app:1"], ["app:3"]);
    machine.script("cut-over.sh", "exit 1");
    expect(rollback().status).to.equal(1);
    expect(machine.exists("root/ledger/000003")).to.equal(false);
  });

  it("is undone by --undo, which is recorded and after which `pulumi up` works again", () => {
    has(["app:1"], ["app:2"], ["app:3"]);
    machine.run("serving.sh", ["record", "app:3", "release"]);
    succeeds();
    succeeds();
    expect(succeeds("--undo")).to.equal(
      "commit commit-of-app:3 serves again, as release 000006, which is release 000003 once more.\n" +
        "Commit commit-of-app:1 is out of service. The database was not changed.\n" +
        "pulumi up works again.\n",
    );
    expect(machine.log).to.match(/^switch app:3 undo$/m);
    expect(machine.run("release-history.sh").stdout).to.match(/\tapp:3\t\S+\ta1\t-\t\S+\tundo\n$/);
    const again = rollback("--undo");
    expect(again).to.deep.include({ status: 1, stdout: "" });
    expect(again.stderr).to.equal(
      `error: app:3 serves, and not because of a rollback\nremedy: ${another}\n`,
    );
  });

  it("prints with --show the release that it would return to, and changes nothing", () => {
    has(["app:1"], ["app:2"], ["app:3"]);
    expect(rollback("--show")).to.deep.equal({
      status: 0,
      stdout: machine.read("root/ledger/000002"),
      stderr: "",
    });
    expect(machine.log).to.not.include("switch");
  });

  for (const [why, releases] of [
    ["there is no earlier release", [["app:3"]]],
    ["its image no longer exists", [["app:gone"], ["app:3"]]],
  ] as [string, [string][]][]) {
    it(`prints nothing with --show and fails when ${why}`, () => {
      has(...releases);
      expect(rollback("--show")).to.deep.equal({ status: 1, stdout: "", stderr: "" });
    });
  }
});
