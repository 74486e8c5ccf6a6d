import { expect } from "chai";
import { readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { restoreMachine, fit, key } from "../support/restore-machine.ts";

describe("The restore test", () => {
  const { machine, answers, store, named, run } = restoreMachine();

  const fails = (error: string) => {
    const { status, stdout, stderr } = run("restore-test.sh", key);
    expect({ status, stdout }).to.deep.equal({ status: 1, stdout: "" });
    expect(stderr).to.match(
      new RegExp(
        `^error: s3://backups-1/${key} ${error};\n       the live schema is unchanged\nremedy: choose another backup: ./ops backups\n`,
      ),
    );
    expect(machine().exists("root/last-restore-test")).to.equal(false);
    return stderr.match(/(?<=^ {2}\| ).*/gm);
  };

  it("loads a backup into a schema of its own, compares it with the manifest, and drops it", () => {
    expect(run("restore-test.sh", key)).to.deep.equal({ status: 0, stdout: fit, stderr: "" });
    expect(machine().read("loaded")).to.equal("CREATE TABLE `users` ();\n");
    expect(machine().log).to.match(/\nDROP DATABASE appdb_restore\n(aws .*manifest.*\n)+$/);
    expect(machine().read("root/last-restore-test")).to.match(/^\d{4}-\d\d-\d\dT/);
  });

  it("loads what was written first, and says so, when objects were replaced", () => {
    for (const file of ["manifest", "dump.sql.gz"]) {
      const object = `${key}/${file}`;
      renameSync(join(machine().home, "s3", object), join(machine().home, file));
      machine().write(`s3/${object}`, "bad");
      machine().write(`first/${object}`, readFileSync(join(machine().home, file)));
    }
    const { status, stdout, stderr } = run("restore-test.sh", key);
    expect({ status, stdout }).to.deep.equal({ status: 0, stdout: fit });
    expect(stderr.match(/(?<=^note: s3:\/\/backups-1\/).*(?= was replaced)/gm)).to.deep.equal([
      `${key}/manifest`,
      `${key}/dump.sql.gz`,
    ]);
  });

  it("uses by default the newest backup, except those made before a restore", () => {
    named("20250102T030405Z-nightly", "nightly", "b2");
    named("20260103T030405Z-before-restore", "before-restore", "b2");
    expect(run("restore-test.sh").stdout).to.equal(fit);
  });

  it("fails with MySQL's error when the schema cannot be created", () => {
    delete answers()["DROP DATABASE IF EXISTS appdb_restore*"];
    delete answers()["DROP DATABASE*"];
    const { status, stdout, stderr } = run("restore-test.sh", key);
    expect({ status, stdout }).to.deep.equal({ status: 1, stdout: "" });
    expect(stderr).to.match(
      /^error: the app's user cannot create the schema appdb_restore; the live schema is unchanged\nremedy: .*: \.\/ops ssh .*\n {2}\| unexpected: DROP/,
    );
    expect(machine().exists("loaded")).to.equal(false);
  });

  it("fails with the row counts that differ from the manifest", () => {
    answers()["SELECT COUNT(?) FROM appdb_restore.?users?"] = "2";
    expect(fails("differs, loaded, from its manifest")).to.deep.equal([
      ...["< manifest, > loaded", "3c3", "< rows users 3", "---", "> rows users 2"],
    ]);
  });

  it("fails when the dump's digest differs from the manifest", () => {
    store("CREATE TABLE `users` ();\n", ["rows users 3"], gzipSync("another"));
    expect(fails("has a dump with another SHA-256 than its manifest says; .*")).to.equal(null);
  });

  it("fails with the error when a backup cannot be read or loaded", () => {
    machine().write("refused", "manifest -$\n");
    expect(fails("cannot be read")).to.deep.equal(["AccessDenied"]);
    machine().write("refused", "gz -$\n");
    expect(fails("has a dump that cannot be loaded")).to.include("AccessDenied");
    machine().write("refused", "nothing\n");
    expect(run("restore-test.sh", key).stdout, "a backup that can be read").to.equal(fit);
  });

  it("accepts a backup of an app without migrations, which names no revision", () => {
    store("CREATE TABLE `users` ();\n", ["rows users 3"]);
    const manifest = `s3/${key}/manifest`;
    machine().write(manifest, machine().read(manifest).replace("revision b2", "revision "));
    answers()["*information_schema.TABLES*'appdb_restore'*BASE TABLE'"] = "users";
    const { stdout, stderr } = run("restore-test.sh", key);
    expect(stderr).to.equal("");
    expect(stdout).to.equal(`${key} can be restored: revision none, 1 tables, 3 rows\n`);
  });

  it("compares the archive of the app's files, and fails if it does not fit", () => {
    machine().script("files.sh", `log "files $*"; echo 12`);
    expect(run("restore-test.sh", key).stdout).to.equal(fit.replace("\n", ", 12 files\n"));
    expect(machine().log).to.match(new RegExp(`^files check ${key}$`, "m"));
    rmSync(join(machine().root, "last-restore-test"));
    machine().script("files.sh", "exit 1");
    expect(run("restore-test.sh", key).status).to.equal(1);
    expect(machine().exists("root/last-restore-test")).to.equal(false);
  });

  it("refuses a backup without a manifest", () => {
    expect(run("restore-test.sh", "backups/gone").stderr).to.equal(
      "error: the bucket backups-1 has no complete backup backups/gone\nremedy: choose one of: ./ops backups\n",
    );
  });
});
