import { expect } from "chai";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fixture, reaching, root, type Fixture } from "./fixture.ts";

const old = "20260102T030405Z-nightly";
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

describe("./ops restore --from", () => {
  let stack: Fixture;
  beforeEach(() => {
    stack = fixture({}, { backupBucket: "backups-1" });
    const { machine } = stack;
    machine.s3();
    machine.script("restore-check.sh", `log "restore-check.sh $*"; cat >/dev/null`);
    machine.script("deploy-lock.sh", 'log "deploy-lock.sh $*"; echo "restored: $2"');
    copy(old, { "dump.sql.gz": "dump", "files.tar.gz": "files", "app.zip": "app", other: "x" });
  });
  afterEach(() => stack.machine.remove());

  const copies = () => join(stack.machine.home, "copies");
  const place = (name = old) => join(copies(), "backups", name);
  /** Puts a backup into the directory, with the digests of what it has, unless others are given. */
  const copy = (name: string, files: Record<string, string>, reason = "nightly", more = "") => {
    const write = (file: string, text: string) =>
      stack.machine.write(`copies/backups/${name}/${file}`, text);
    const sums = ["dump.sql.gz", "files.tar.gz"]
      .filter((file) => files[file] !== undefined)
      .map((file) => `sha256 ${file} ${sha256(files[file]!)}\n`);
    for (const [file, text] of Object.entries(files)) write(file, text);
    const of = `created 2026-01-02T03:04:05Z\nreason ${reason}\nrevision 01234\ncommit c0ffee\n`;
    write("manifest", `${of}${sums.join("")}files 7 1\nrows users 40\nrows roles 2\n${more}`);
  };
  /** Of the copies that the stack's bucket has: by key, the names of their files. */
  const imported = () => {
    const bucket = join(stack.machine.home, "s3/backups");
    if (!stack.machine.exists("s3/backups")) return [];
    return readdirSync(bucket).map((key) => [key, readdirSync(join(bucket, key)).toSorted()]);
  };
  const restoreFrom = (from: string, ...more: string[]) =>
    stack.ops("restore", "--from", from, ...more);
  const isLocked = () => stack.machine.log.includes("deploy-lock.sh");
  /** The command fails before the live schema is touched, and leaves no complete copy. */
  const fails = (from: string, problem: RegExp, remedy: RegExp) => {
    const { status, stderr } = restoreFrom(from, "--yes");
    expect(stderr).to.match(problem).and.match(remedy);
    expect(status).to.equal(1);
    expect(isLocked()).to.equal(false);
    expect(imported().flatMap(([, files]) => files)).to.not.include("manifest");
    return stderr;
  };

  it("copies a backup from a directory into the stack's bucket, and restores it from there", () => {
    const { status, stdout, stderr } = restoreFrom(place(), "--yes");
    expect(stderr.replace(/, \d+ \w+ ago/, ", AGE ago")).to.equal(
      `dev · us-west-2 · 198.51.100.7
restores  ${place()}
          made 2026-01-02 03:04 UTC, AGE ago; reason nightly; rows 42; files 7; schema 01234
into      the database of stack dev, app server 198.51.100.7
loses     everything that the database has now; a backup of the present state is made first
copies    dump.sql.gz, 0.0 MB
copies    files.tar.gz, 0.0 MB
copies    app.zip, 0.0 MB
`,
    );
    const [[key, files]] = imported() as [[string, string[]]];
    expect(key).to.match(/^20\d{6}T\d{6}Z-imported$/);
    expect([status, stdout]).to.deep.equal([0, `restored: backups/${key}\n`]);
    expect(files).to.deep.equal(["app.zip", "dump.sql.gz", "files.tar.gz", "manifest"]);
    expect(stack.machine.read(`s3/backups/${key}/dump.sql.gz`)).to.equal("dump");
    expect(stack.machine.log).to.match(/\/manifest\ndeploy-lock\.sh restore\.sh \S+\n$/);
    const manifest = stack.machine.read(`s3/backups/${key}/manifest`);
    expect(manifest).to.match(/^created 2026-01-02T03:04:05Z\nreason imported\nrevision 01234\n/);
    expect(manifest.endsWith(`rows roles 2\nsource ${place()}\n`)).to.equal(true);
  });

  it("is tried out by restore-test --from, which leaves it among the stack's backups", () => {
    stack.machine.script("publish-status.sh", "log published");
    const { status, stderr } = stack.ops("restore-test", "--from", copies());
    expect([status, stderr.match(/^copies /gm)?.length]).to.deep.equal([0, 3]);
    const [[key]] = imported() as [[string]];
    expect(stack.machine.log).to.match(
      new RegExp(`\ndeploy-lock\\.sh restore-test\\.sh backups/${key}\npublished\n$`),
    );
    const both = stack.ops("restore-test", "backups/mine", "--from", copies());
    expect(both.stderr).to.match(/error: restore-test has a backup, backups\/mine, and --from /);
    expect(both.status).to.equal(1);
  });

  it("refuses the copy of a stack that has none, and a directory of that name is ./copy", () => {
    fails(
      "copy",
      /error: --from is copy, but stack dev has no copy of its backups in another region\n/,
      /\nremedy: name a bucket as s3:.*\n +pulumi config set backupCopyRegion REGION && pulumi up\n/,
    );
  });

  it("uses the newest backup of a directory that was made of live data", () => {
    copy("20260103T030405Z-by-hand", { "dump.sql.gz": "new" }, "by-hand");
    copy("20260104T030405Z-before-restore", { "dump.sql.gz": "x" }, "before-restore");
    copy("20260105T030405Z-imported", { "dump.sql.gz": "x" }, "imported");
    mkdirSync(place("20260106T030405Z-nightly"));
    expect(restoreFrom(copies(), "--yes").stderr).to.include(
      `restores  ${place("20260103T030405Z-by-hand")}\n`,
    );
    const [[key]] = imported() as [[string]];
    expect(stack.machine.read(`s3/backups/${key}/dump.sql.gz`)).to.equal("new");
  });

  it("requires --yes without a terminal, and prints the command with the chosen backup", () => {
    const { status, stderr } = restoreFrom(copies(), "--stack", "prod");
    expect(status).to.equal(1);
    expect(imported()).to.deep.equal([]);
    const printed = /\nremedy: run: \.\/ops (.*)\n$/.exec(stderr)![1]!;
    expect(printed).to.equal(`restore --from ${place()} --yes --stack prod`);
    expect(stack.ops(...printed.split(" ")).stdout).to.match(/^restored: /);
  });

  it("refuses a place that is no directory, or holds no backup, and names what does", () => {
    const file = join(place(), "app.zip");
    for (const wrong of [file, join(copies(), "nosuch")])
      fails(
        wrong,
        new RegExp(`error: --from is ${wrong}, which is no directory on this computer\n`),
        /\nremedy: name the directory that \.\/ops backup --to has printed, or a bucket/,
      );
    mkdirSync(join(copies(), "empty"));
    const empty = join(copies(), "empty");
    fails(
      empty,
      new RegExp(`error: --from: ${empty} holds no complete backup: none has a manifest\n`),
      new RegExp(`\nremedy: see what is there: find ${empty} -name manifest\n`),
    );
  });

  it("names what the file system refuses", () => {
    rmSync(join(place(), "manifest"));
    mkdirSync(join(place(), "manifest"));
    const directory = join(copies(), "backups");
    fails(
      place(),
      new RegExp(`error: --from: ${directory} cannot be read: EISDIR`),
      /\nremedy: give yourself the right to read it, then run the same command again\n/,
    );
  });

  it("refuses a bucket that is the stack's own, and an address that is no backup's", () => {
    fails(
      `s3://backups-1/backups/${old}`,
      /error: --from is s3:\S+, which is the bucket of stack dev itself\n/,
      new RegExp(`\nremedy: restore its own backup: \\./ops restore backups/${old}\n`),
    );
    fails("s3://other/serving.json", /--from is s3:\S+, and serving\.json is not the key/, /s3:/);
    fails("s3://", /--from is s3:\/\/, which is not the address of a bucket\n/, /write s3:/);
  });

  it("takes either a backup of the stack or another place", () => {
    const { status, stderr } = stack.ops("restore", "backups/mine", "--from", copies(), "--yes");
    expect(stderr).to.match(/error: restore has a backup, backups\/mine, and --from \S+: it takes/);
    expect(stderr).to.match(/\nremedy: name a backup of another stack as --from /);
    expect([status, imported()]).to.deep.equal([1, []]);
  });

  it("refuses a backup that lacks a file, and a manifest that is another program's", () => {
    copy(old, { "dump.sql.gz": "dump" }, "nightly", `sha256 migrations.tar.gz ${sha256("m")}\n`);
    const choose = /\nremedy: choose another backup: find /;
    fails(place(), /\/\S+-nightly is not complete: migrations\.tar\.gz is missing\n/, choose);
    stack.machine.write(`copies/backups/${old}/manifest`, "name: a browser extension\n");
    fails(place(), /manifest is not the manifest of a backup: it names no SHA-256/, choose);
  });

  it("refuses a dump that is not what its manifest says, and names the file", () => {
    stack.machine.write(`copies/backups/${old}/dump.sql.gz`, "dum");
    fails(
      place(),
      /error: dump\.sql\.gz has arrived with another SHA-256 than its manifest says;\n +the live schema is unchanged\n/,
      /\nremedy: name another backup, or another copy of it: \.\/ops restore --from PLACE\n/,
    );
  });

  it("copies nothing when the backup cannot be restored here", () => {
    stack.machine.script("restore-check.sh", "echo 'error: MySQL 9' >&2; exit 1");
    fails(place(), /\nerror: MySQL 9\n$/, /^/);
    expect(imported()).to.deep.equal([]);
  });

  it("says that the live schema is unchanged when the connection is lost during the transfer", () => {
    stack.machine.fake(
      "ssh",
      `if [[ "\${*: -1}" == *"'put'"* ]]; then touch '${stack.machine.home}/cut'; head -c 1 >/dev/null
        for word in "$@"; do case $word in LocalCommand=*) eval "\${word#*=}" ;; esac; done; exit 255; fi
      ${reaching(stack.machine)}`,
    );
    fails(
      place(),
      /error: the connection to 198\.51\.100\.7 was lost;\n +the live schema is unchanged\n/,
      /\nremedy: see what goes on there, then try again: \.\/ops status\n/,
    );
    expect(stack.machine.exists("cut")).to.equal(true);
  });

  it("breaks off the transfer when the backup cannot be read to its end, and goes on when it can", () => {
    const file = join(place(), "app.zip");
    rmSync(file);
    mkdirSync(file);
    const stderr = fails(
      place(),
      /error: \S+-nightly\/app\.zip was not read to its end: EISDIR.*;\n +the live schema is unchanged\n/,
      /\nremedy: try again: /,
    );
    rmSync(file, { recursive: true });
    copy(old, { "dump.sql.gz": "dump", "files.tar.gz": "files", "app.zip": "app" });
    const printed = /remedy: try again: \.\/ops (.*)\n$/.exec(stderr)![1]!;
    expect(stack.ops(...printed.split(" ")).stdout).to.match(/^restored: /);
  });

  it("restores nothing and says so after Ctrl-C during the transfer", () => {
    stack.machine.fake(
      "ssh",
      `if [[ "\${*: -1}" == *"'put'"* ]]; then kill -INT $PPID; exit 255; fi; ${reaching(stack.machine)}`,
    );
    const { status, stderr } = restoreFrom(place(), "--yes");
    expect(stderr).to.match(/\ninterrupted; nothing was changed\n$/);
    expect([status, isLocked()]).to.deep.equal([130, false]);
  });

  it("lists more backups than it reads at once", () => {
    const names = Array.from({ length: 60 }, (_, day) => `202501${10 + day}T030405Z-nightly`);
    for (const name of names) copy(name, { "dump.sql.gz": "dump" });
    const { stdout } = stack.ops("backups", "--from", copies());
    const listed = stdout.match(/(?<=^backups\/)\S+/gm);
    expect(listed).to.deep.equal([...names, old]);
  });

  it("lists the backups of a directory as those of the stack", () => {
    copy("20260103T030405Z-by-hand", { "dump.sql.gz": "new" }, "by-hand");
    const { status, stdout } = stack.ops("backups", "--from", copies());
    expect(status).to.equal(0);
    const [head, first, second, ...more] = stdout.trim().split("\n");
    expect(head).to.match(/^backup +age +rows +files +schema +commit$/);
    expect(first).to.match(/^backups\/20260102T030405Z-nightly +\d+ \w+ +42 +7 +01234 +c0ffee$/);
    expect(second).to.match(/^backups\/20260103T030405Z-by-hand /);
    expect(more).to.deep.equal([]);
    const empty = stack.ops("backups", "--from", join(root, "docs"));
    expect(empty.stderr).to.match(/error: --from: \S+docs holds no complete backup/);
    expect(empty.status).to.equal(1);
  });
});
