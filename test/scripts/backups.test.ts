import { expect } from "chai";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { FakeMachine } from "../support/machine.ts";

describe("The list of backups", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.s3();
  });
  afterEach(() => machine.remove());

  const backups = (...args: string[]) => machine.run("backups.sh", args);
  /** Puts a backup into the bucket; returns its key. */
  const store = (day: number, reason: string, revision = "a1") => {
    const key = `backups/2026010${day}T030405Z-${reason}`;
    const lines = [
      `created 2026-01-0${day}T03:04:05Z`,
      `reason ${reason}`,
      "schema appdb",
      `revision ${revision}`,
      `commit c${day}`,
      "sha256 dump.sql.gz beef",
      "rows alembic_version 1",
      `rows users ${day}00`,
    ];
    machine.write(`s3/${key}/manifest`, `${lines.join("\n")}\n`);
    return key;
  };
  const prints = (stdout: string, ...args: string[]) => {
    expect(backups(...args)).to.deep.equal({ status: 0, stdout, stderr: "" });
  };
  const fails = (error: string, ...args: string[]) => {
    const { status, stdout, stderr } = backups(...args);
    expect({ status, stdout }).to.deep.equal({ status: 1, stdout: "" });
    expect(stderr.split("\n").slice(0, 2).join("\n")).to.match(new RegExp(`^${error}$`));
    return stderr;
  };

  it("prints the oldest first, with tabs between key, time, reason, revision, commit, rows and files", () => {
    const second = store(2, "before-b2");
    const first = store(1, "nightly");
    prints(
      `${first}\t2026-01-01T03:04:05Z\tnightly\ta1\tc1\t101\t-\n` +
        `${second}\t2026-01-02T03:04:05Z\tbefore-b2\ta1\tc2\t201\t-\n`,
    );
  });

  describe("in another region", () => {
    /** Has S3 report this of an object. */
    const replicates = (object: string, status: string) =>
      machine.write(`replication/${object}`, `${status}\n`);
    const isCopied = (key: string) => {
      replicates(`${key}/manifest`, "COMPLETED");
      return key;
    };
    const copied = () => backups("copied").stdout.split("\t")[0];
    const questions = () =>
      machine.log.match(/^aws s3api (list-objects-v2|head-object) /gm)?.length ?? 0;

    it("are those of which all objects are replicated", () => {
      const first = isCopied(store(1, "nightly"));
      const second = isCopied(store(2, "nightly"));
      machine.write(`s3/${second}/dump.sql.gz`, "");
      for (const status of ["PENDING", "FAILED"]) {
        replicates(`${second}/dump.sql.gz`, status);
        expect(copied(), status).to.equal(first);
      }
      replicates(`${second}/dump.sql.gz`, "COMPLETED");
      expect(copied()).to.equal(second);
      expect(machine.read("root/last-copied")).to.equal(`${second}\n`);
    });

    it("are none if S3 has replicated none, if it is not asked, or if it does not answer", () => {
      expect(copied()).to.equal("");
      isCopied(store(1, "before-restore"));
      isCopied(store(2, "imported"));
      expect(copied()).to.equal("");
      store(3, "nightly");
      expect(copied()).to.equal("");
      isCopied(store(4, "nightly"));
      machine.write("refused", "s3api list-objects-v2\n");
      expect(copied()).to.equal("");
    });

    it("need no question once they are known, and only the newest three are asked", () => {
      const known = isCopied(store(1, "nightly"));
      expect(copied()).to.equal(known);
      const before = questions();
      expect(copied()).to.equal(known);
      expect(questions()).to.equal(before);
      for (const day of [2, 3, 4, 5, 6]) store(day, "nightly");
      expect(copied()).to.equal(known);
      expect(questions() - before).to.equal(6);
    });
  });

  it("is empty when there are no backups", () => prints(""));

  it("leaves out a backup without a manifest, because it is incomplete", () => {
    const key = store(1, "nightly");
    machine.write("s3/backups/20260102T030405Z-nightly/dump.sql.gz", "");
    expect(backups().stdout.split("\t")[0]).to.equal(key);
    expect(backups().stdout.match(/\n/g)).to.have.length(1);
  });

  it("leaves out backups that are no longer in the bucket", () => {
    prints("");
    // The fake deletes nothing, so the test checks the arguments of the CLI.
    expect(machine.log).to.include(
      "aws s3 sync --only-show-errors --delete --exclude * --include */manifest s3://backups-1/backups ",
    );
  });

  it("chooses the newest backup, except those made before a restore", () => {
    store(1, "nightly");
    const key = store(2, "before-b2");
    store(3, "before-restore");
    store(4, "before-restore");
    prints(`${key}\t2026-01-02T03:04:05Z\tbefore-b2\ta1\tc2\t201\t-\n`, "choose");
    prints(`${key}\t2026-01-02T03:04:05Z\tbefore-b2\ta1\tc2\t201\t-\n`, "choose", "");
  });

  it("chooses the backup that is given, even if it was made before a restore", () => {
    const key = store(1, "before-restore");
    store(2, "nightly");
    prints(`${key}\t2026-01-01T03:04:05Z\tbefore-restore\ta1\tc1\t101\t-\n`, "choose", key);
  });

  it("chooses an imported backup, or its files, only when it is named, but finds it by its revision", () => {
    const own = store(1, "nightly", "a1");
    const imported = store(2, "imported", "b2");
    for (const key of [own, imported])
      machine.write(`s3/${key}/manifest`, `${machine.read(`s3/${key}/manifest`)}files 12 3\n`);
    for (const command of ["choose", "with-files"])
      expect(backups(command).stdout.split("\t")[0], command).to.equal(own);
    expect(backups("choose", imported).stdout.split("\t")[0]).to.equal(imported);
    prints(`${imported}\n`, "find", "b2");
  });

  describe("on a machine that records its own", () => {
    const stolen = () => store(9, "nightly");
    const note = (key: string) =>
      `note: not chosen, because this machine has not made it: ${key}\n`;

    it("chooses none that others have put into the bucket since, unless it is named", () => {
      const before = store(1, "nightly");
      // The fake's sync gives files the time of their copy, so what was there before must be older than the first record.
      machine.write("root/recorded-backups", `${Math.floor(Date.now() / 1000) + 60}\n`);
      expect(backups("choose").stdout.split("\t")[0]).to.equal(before);
      machine.write("root/recorded-backups", "1000\n");
      expect(backups("record", before)).to.deep.equal({ status: 0, stdout: "", stderr: "" });
      const key = stolen();
      machine.write(`s3/${key}/manifest`, `${machine.read(`s3/${key}/manifest`)}files 1 1\n`);
      const { stdout, stderr } = backups("choose");
      expect(stdout.split("\t")[0]).to.equal(before);
      expect(stderr).to.equal(note(key));
      prints(`${before}\n`, "find", "a1");
      prints("", "with-files");
      expect(backups("choose", key)).to.include({ status: 0, stderr: "" });
      expect(backups("list").stdout).to.include(key);
    });

    it("chooses those that it records", () => {
      backups("record", store(1, "nightly"));
      const key = store(2, "nightly");
      backups("record", key);
      const [begin, ...keys] = machine.read("root/recorded-backups").trim().split("\n");
      expect(Number(begin)).to.be.closeTo(Date.now() / 1000, 60);
      expect(keys).to.have.length(2);
      machine.write("root/recorded-backups", ["1000", ...keys, ""].join("\n"));
      expect(backups("choose").stdout.split("\t")[0]).to.equal(key);
    });
  });

  it("reads a manifest that was replaced as it was first written", () => {
    const key = store(1, "nightly", "a1");
    machine.write(`first/${key}/manifest`, machine.read(`s3/${key}/manifest`));
    machine.write(`s3/${key}/manifest`, "created x\nreason nightly\nrevision bad\n");
    // What has expired has a version, too.
    machine.write("first/backups/20250101T030405Z-nightly/manifest", "reason nightly\n");
    expect(backups("choose").stdout.split("\t")[3]).to.equal("a1");
    expect(backups("choose", key).stdout.split("\t")[3]).to.equal("a1");
  });

  it("refuses a key that is not a complete backup", () => {
    store(1, "nightly");
    machine.write("s3/backups/part/dump.sql.gz", "");
    // The remedy lists the keys that can be chosen.
    const listed = backups().stdout.split("\t")[0]!;
    expect(backups("choose", listed).status).to.equal(0);
    for (const key of ["backups/part", "backups/20260101", "backups/.*"]) {
      const { status, stdout, stderr } = backups("choose", key);
      expect({ status, stdout }).to.deep.equal({ status: 1, stdout: "" });
      expect(stderr).to.equal(
        `error: the bucket backups-1 has no complete backup ${key}\nremedy: choose one of: ./ops backups\n`,
      );
    }
  });

  it("says how to make a backup when there is none to choose", () => {
    store(1, "before-restore");
    fails("error: the bucket backups-1 has no backup\nremedy: make one: ./ops backup", "choose");
  });

  it("finds the newest backup at a revision, except those made before a restore", () => {
    store(1, "nightly", "a1");
    const key = store(2, "before-b2", "a1");
    store(3, "nightly", "b2");
    store(4, "before-restore", "a1");
    prints(`${key}\n`, "find", "a1");
    prints("", "find", "a");
    prints("", "find", "c3");
  });

  it("finds the newest backup with files of the app, except those made before a restore", () => {
    prints("", "with-files");
    const key = store(1, "nightly");
    machine.write(`s3/${key}/manifest`, `${machine.read(`s3/${key}/manifest`)}files 12 3\n`);
    store(2, "before-b2");
    machine.write(
      "s3/backups/20260103T030405Z-before-restore/manifest",
      "reason before-restore\nfiles 9 9\n",
    );
    prints(`${key}\t2026-01-01T03:04:05Z\tnightly\ta1\tc1\t101\t12\n`, "with-files");
  });

  it("finds no backup for a schema without a revision", () => {
    store(1, "nightly", "");
    prints("", "find", "");
  });

  for (const args of [["list"], ["choose"], ["find", "a1"], ["with-files"]]) {
    it(`shows why the bucket cannot be read: ${args[0]}`, () => {
      store(1, "nightly");
      backups();
      machine.write("refused", "sync\n");
      const stderr = fails(
        "error: the bucket backups-1 cannot be read from \\S+\nremedy: .*pulumi up --refresh.*",
        ...args,
      );
      expect(stderr).to.match(/\n {2}\| AccessDenied\n$/);
    });
  }

  it("is read from the bucket each time", () => {
    store(1, "nightly");
    backups();
    const key = store(2, "nightly");
    expect(backups("choose").stdout.split("\t")[0]).to.equal(key);
    rmSync(join(machine.root, "manifests"), { recursive: true });
    expect(backups().stdout.match(/\n/g)).to.have.length(2);
  });
});
