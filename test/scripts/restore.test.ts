import { expect } from "chai";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { Machine } from "./machine.ts";

const key = "backups/20260102T030405Z-nightly";

describe("The drill and the restore", () => {
  let machine: Machine;
  let answers: Record<string, string>;
  beforeEach(() => {
    machine = new Machine();
    machine.stack();
    machine.s3();
    answers = {
      "DROP DATABASE IF EXISTS appdb_drill*": "",
      "SHOW TABLES LIKE*": "alembic_version",
      "SELECT version_num FROM appdb_drill.alembic_version": "b2",
      "SELECT version_num FROM alembic_version": "b2",
      "*information_schema.TABLES*'appdb_drill'*BASE TABLE'": "users\nalembic_version",
      "*information_schema.TABLES*'appdb'*BASE TABLE'": "users\nalembic_version\nnewer",
      "SELECT COUNT(?) FROM appdb_drill.?alembic_version?": "1",
      "SELECT COUNT(?) FROM appdb_drill.?users?": "3",
      "RENAME TABLE*": "",
      "DROP DATABASE*": "",
    };
    store("CREATE TABLE `users` ();\n", ["rows alembic_version 1", "rows users 3"]);
    machine.script("backup.sh", `log "backup $*"`);
    machine.script("ledger.sh", `printf '000001\\tt\\tc0ffee\\tapp:1\\tid\\tb2\\t-\\tada\\tx\\n'`);
  });
  afterEach(() => machine.remove());

  /** Puts a backup into the bucket; its manifest has these lines, and the digest of `dump` or of what is given. */
  const store = (dump: string, lines: string[], digestOf = gzipSync(dump)) => {
    machine.write(`s3/${key}/dump.sql.gz`, gzipSync(dump));
    const digest = createHash("sha256").update(digestOf).digest("hex");
    const manifest = ["revision b2", `sha256 dump.sql.gz ${digest}`, ...lines, ""];
    machine.write(`s3/${key}/manifest`, manifest.join("\n"));
  };
  const run = (script: string, ...args: string[]) => {
    const cases = Object.entries(answers).map(
      ([statement, answer]) =>
        `${statement.replaceAll(/[^\w.*]/g, "?")}) log "$statement"; printf %s '${answer && `${answer}\n`}' ;;`,
    );
    machine.fake(
      "mysql",
      `statement=\${*: -1}; case $statement in
      --database=appdb_drill) cat >>'${machine.home}/loaded' ;;
      ${cases.join("\n")}
      *) echo "unexpected: $statement" >&2; exit 1 ;; esac`,
    );
    return machine.run(script, args);
  };

  it("loads the backup into a schema of its own, compares it and removes it", () => {
    const { status, stdout, stderr } = run("drill.sh", key);
    expect(stderr).to.equal(`drill: ${key}: revision b2, 2 tables, 4 rows\n`);
    expect({ status, stdout }).to.deep.equal({ status: 0, stdout: `${key}\n` });
    expect(machine.read("loaded")).to.equal("CREATE TABLE `users` ();\n");
    expect(machine.log).to.match(/\nDROP DATABASE appdb_drill\n$/);
  });

  it("takes the newest backup of any number of pages of the bucket's list", () => {
    machine.write("listed", `backups/20250102T030405Z-nightly/manifest\n${key}/manifest\nNone\n`);
    const { status, stdout, stderr } = run("drill.sh");
    expect(status, stderr).to.equal(0);
    expect(stdout).to.equal(`${key}\n`);
  });

  it("says which count differs from the manifest", () => {
    answers["SELECT COUNT(?) FROM appdb_drill.?users?"] = "2";
    const { status, stderr } = run("drill.sh", key);
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /differs, loaded, from its manifest .* < rows users 3 --- > rows users 2/,
    );
    expect(stderr).to.match(/^remedy: /m);
    expect(machine.exists("root/last-drill")).to.equal(false);
  });

  it("does not take a dump that was changed, or that has no manifest", () => {
    store("CREATE TABLE `users` ();\n", ["rows users 3"], gzipSync("another"));
    const changed = run("drill.sh", key);
    expect(changed.status).to.equal(1);
    expect(changed.stderr).to.include("has a dump with another SHA-256 than its manifest says");
    const unknown = run("drill.sh", "backups/gone");
    expect(unknown.status).to.equal(1);
    expect(unknown.stderr).to.include("error: s3://backups-1/backups/gone has no manifest");
  });

  it("exchanges all tables in one statement, after a backup of what was there", () => {
    const { status, stdout, stderr } = run("restore.sh", key);
    expect(status, stderr).to.equal(0);
    expect(stdout).to.equal(`restored: ${key}\n`);
    const done = machine.log.split("\n").filter((line) => /^(RENAME|backup)/.test(line));
    const moves = [
      "`appdb`.`users` TO `appdb_drill_old`.`users`",
      "`appdb`.`alembic_version` TO `appdb_drill_old`.`alembic_version`",
      "`appdb`.`newer` TO `appdb_drill_old`.`newer`",
      "`appdb_drill`.`users` TO `appdb`.`users`",
      "`appdb_drill`.`alembic_version` TO `appdb`.`alembic_version`",
    ];
    expect(done).to.deep.equal(["backup before-restore", `RENAME TABLE ${moves.join(",")}`]);
  });

  it("names the release that knows an older schema", () => {
    answers["SELECT version_num FROM alembic_version"] = "c3";
    const { status, stdout } = run("restore.sh", key);
    expect(status).to.equal(0);
    expect(stdout).to.match(
      /at revision b2 again, as release 000001 left it[^]*set appCommit to c0ffee/,
    );
  });

  it("changes nothing when no release knows the backup's schema", () => {
    answers["SELECT version_num FROM alembic_version"] = "c3";
    machine.script("ledger.sh", ":");
    const { status, stderr } = run("restore.sh", key);
    expect(status).to.equal(1);
    expect(stderr).to.include(
      "is at revision b2,\n       which no release of this environment knows",
    );
    expect(machine.log).to.not.match(/RENAME|backup before/);
  });

  it("changes nothing when what is live cannot be backed up", () => {
    machine.script("backup.sh", "exit 1");
    expect(run("restore.sh", key).status).to.equal(1);
    expect(machine.log).to.not.include("RENAME");
  });
});
