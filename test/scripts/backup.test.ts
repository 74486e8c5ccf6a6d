import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { backupMachine, dump, dumpWithJoinedRows } from "../support/backup-machine.ts";

describe("The backup", () => {
  const { machine, backup, keys, stored, fails } = backupMachine();

  it("contains the dump without the line that only MariaDB understands", () => {
    const { status, stdout, stderr } = backup();
    expect(stderr).to.equal("");
    expect(status).to.equal(0);
    expect(keys()).to.have.length(1);
    expect(keys()[0]).to.match(/^\d{8}T\d{6}Z-before-b2$/);
    expect(stdout).to.equal(`backups/${keys()[0]}\n`);
    expect(machine().read("root/last-backup")).to.equal(stdout);
    expect(gunzipSync(stored("dump.sql.gz")).toString()).to.equal(dumpWithJoinedRows);
  });

  it("has the reason nightly by default", () => {
    expect(machine().run("backup.sh").stdout).to.match(/Z-nightly\n$/);
  });

  it("can be chosen by backups.sh, which says how to make one when none exists", () => {
    const choose = () => machine().run("backups.sh", ["choose"]);
    expect(choose().stderr).to.match(/\nremedy: make one: \.\/ops backup\n/);
    const made = backup().stdout.trim();
    expect(choose().stdout.split("\t")[0]).to.equal(made);
    expect(machine().read("root/recorded-backups")).to.match(new RegExp(`^\\d+\n${made}\n$`));
  });

  it("keeps the first line when it is not MariaDB's sandbox line", () => {
    machine().write("dump", dump);
    backup();
    expect(gunzipSync(stored("dump.sql.gz")).toString()).to.equal(dumpWithJoinedRows);
  });

  it("dumps a consistent snapshot of the tables as the user for backups, without tablespaces", () => {
    backup();
    expect(machine().log.match(/^mysqldump/gm)).to.have.length(1);
    expect(machine().log).to.match(
      new RegExp(`^mysqldump --defaults-extra-file=${machine().root}/backup.cnf .* appdb$`, "m"),
    );
    for (const option of ["single-transaction", "skip-triggers", "no-tablespaces"]) {
      expect(machine().log).to.include(` --${option} `);
    }
  });

  it("has a manifest with its digest, its revision and the row count of every table", () => {
    backup();
    const digest = createHash("sha256").update(stored("dump.sql.gz")).digest("hex");
    const [created, ...lines] = stored("manifest").toString().trim().split("\n");
    expect(created).to.match(/^created \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    expect(lines).to.deep.equal([
      "reason before-b2",
      "schema appdb",
      "server 8.4.7",
      "revision a1",
      "commit -",
      `sha256 dump.sql.gz ${digest}`,
      "size 49152",
      "objects 0",
      "rows alembic_version 1",
      "rows flask_dance_oauth 0",
      "rows users 3",
    ]);
  });

  it("includes the migrations if there are any", () => {
    backup();
    expect(readdirSync(join(machine().home, "s3/backups", keys()[0]!))).to.not.include(
      "migrations.tar.gz",
    );
    machine().write("root/migrations/versions/a1_.py", "");
    machine().write("other/versions/b2_.py", "");
    for (const [args, file] of [
      [[], "./versions/a1_.py"],
      [[join(machine().home, "other")], "./versions/b2_.py"],
    ] as const) {
      execFileSync("rm", ["-rf", join(machine().home, "s3")]);
      backup(...args);
      const archive = stored("migrations.tar.gz");
      expect(execFileSync("tar", ["-tz"], { input: archive }).toString()).to.include(file);
    }
  });

  it("includes the app's files, but not before a migration", () => {
    machine().stack({ APP_FILES: "/app/uploads" });
    machine().fake("sudo", 'exec "$@"');
    machine().write("root/files/a", "an upload");
    machine().write("other/versions/b2_.py", "");
    backup(join(machine().home, "other"));
    expect(stored("manifest").toString()).to.not.include("files");
    execFileSync("rm", ["-rf", join(machine().home, "s3")]);
    backup();
    const archive = stored("files.tar.gz");
    expect(execFileSync("tar", ["-tz"], { input: archive }).toString()).to.equal("./\n./a\n");
    const digest = createHash("sha256").update(archive).digest("hex");
    expect(stored("manifest").toString()).to.match(
      new RegExp(`\nsha256 files.tar.gz ${digest}\nfiles 1 \\d\nrows `),
    );
    expect(machine().log.indexOf("mysqldump")).to.be.lessThan(
      machine().log.indexOf("files.tar.gz"),
    );
  });

  it("does not count when the app's files cannot be stored", () => {
    machine().script("files.sh", "echo 'error: x' >&2; echo 'remedy: y' >&2; exit 1");
    fails(/^error: x$/m);
  });

  it("includes the source of the running release, without its .env", () => {
    const { address, commit } = machine().repository({
      ".env": "DEBUG=True\n",
      Dockerfile: "",
      "docker-compose.yml": "",
      "requirements.txt": "",
      "run.py": "",
    });
    machine().run("fetch.sh", [address, commit]);
    machine().write("root/migrations/env.py", "");
    machine().write("root/proxy/active", "blue\n");
    machine().fake("docker-compose", "echo container");
    machine().fake("docker", `echo ${commit}`);
    expect(backup().status).to.equal(0);
    expect(stored("manifest").toString()).to.include(`\ncommit ${commit}\n`);
    machine().write("app.zip", stored("app.zip"));
    const list = execFileSync("python3", ["-m", "zipfile", "-l", join(machine().home, "app.zip")]);
    const files = list.toString().match(/^\S+/gm)!.slice(1);
    expect(files).to.include.members(["run.py", "release/Dockerfile.release", "migrations/env.py"]);
    expect(files).to.not.include(".env");
  });

  it("fails when mysqldump fails midway", () => {
    machine().fake(
      "mysqldump",
      `head -n 5 '${machine().home}/dump'; echo "Lost connection" >&2; exit 3`,
    );
    fails(
      /^error: s3:\/\/backups-1\/backups\/\S+\/dump.sql.gz was not written, so this backup does not count\nremedy: .*\n {2}\| Lost connection$/m,
    );
  });

  it("fails when the dump ends early without an error", () => {
    machine().write("dump", dump.split("\n").slice(0, 5).join("\n"));
    fails(/dump.sql.gz, read back, is not what was written; it ends with: INSERT INTO `al/);
  });

  for (const file of ["dump.sql.gz", "migrations.tar.gz", "manifest"]) {
    it(`fails when the bucket refuses ${file}`, () => {
      machine().write("root/migrations/env.py", "");
      machine().write("refused", `put-object .*/${file}\n`);
      // tar may add an error about the closed pipe.
      fails(
        new RegExp(`^error: s3:\\S+/${file} was not written.*\nremedy: .*\n  \\| AccessDenied\n`),
      );
      machine().write("refused", "nothing\n");
      expect(backup().status, "the same command again").to.equal(0);
    });
  }

  it("fails when the dump cannot be read back from the bucket", () => {
    machine().write("refused", "gz -$\n");
    fails(
      /^error: \S+, read back, is not what was written; it ends with: nothing\nremedy: try again; .*\n {2}\| AccessDenied\n/,
    );
    machine().write("refused", "nothing\n");
    expect(backup().status, "another try").to.equal(0);
  });

  it("fails when the bucket returns a different dump", () => {
    machine().fake(
      "cat",
      `if [[ $* == *dump.sql.gz ]]; then command -p cat "$@" | gunzip | sed s/Zoë/Zoe/ | gzip; else command -p cat "$@"; fi`,
    );
    fails(/read back, is not what was written; it ends with: -- Dump completed on /);
  });

  it("fails when the bucket returns a truncated dump", () => {
    machine().fake(
      "cat",
      `if [[ $* == *dump.sql.gz ]]; then head -c 90 "$1"; else command -p cat "$@"; fi`,
    );
    fails(/read back, is not what was written/);
  });
});
