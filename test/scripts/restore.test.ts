import { expect } from "chai";
import { restoreMachine, fit, key } from "../support/restore-machine.ts";

describe("The restore", () => {
  const { machine, answers, store, named, has, run } = restoreMachine();

  const liveAt = (revision: string) =>
    (answers()["SELECT version_num FROM alembic_version"] = revision);
  const succeeds = (...args: string[]) => {
    const { status, stdout, stderr } = run("restore.sh", ...args);
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    const first =
      `${fit}restored: ${key}. Backup of the replaced data: backups/now-before-restore\n` +
      "to undo this: ./ops restore backups/now-before-restore\nCommit commit-of-app:2 serves.\n";
    expect(stdout.slice(0, first.length)).to.equal(first);
    return stdout.slice(first.length);
  };
  const forward =
    "Or migrate the restored data for the version that serves:\n" +
    "  pulumi config set appCommit commit-of-app:2 && pulumi up\n";

  it("exchanges all tables in one statement, after a backup of the live data", () => {
    expect(succeeds(key)).to.equal("");
    expect(machine().read("root/tables"), "for the verification").to.include("newer\n");
    const done = machine()
      .log.split("\n")
      .filter((line) => /^(RENAME|backup)/.test(line));
    const moves = [
      "`appdb`.`users` TO `appdb_replaced`.`users`",
      "`appdb`.`alembic_version` TO `appdb_replaced`.`alembic_version`",
      "`appdb`.`newer` TO `appdb_replaced`.`newer`",
      "`appdb_restore`.`users` TO `appdb`.`users`",
      "`appdb_restore`.`alembic_version` TO `appdb`.`alembic_version`",
    ];
    expect(done).to.deep.equal(["backup before-restore", `RENAME TABLE ${moves.join(",")}`]);
    expect(machine().exists("root/migrations/env.py"), "the revision files fit").to.equal(true);
  });

  it("uses by default the newest backup, except those made before a restore", () => {
    named("20260103T030405Z-before-restore", "before-restore", "b2");
    succeeds();
  });

  it("unpacks the app's files before the backup, and exchanges them after the tables", () => {
    machine().fake("sudo", 'exec "$@"');
    machine().script(
      "files.sh",
      `log "files $*"; if [ $1 = unpack ]; then mkdir '${machine().root}/files.new'; fi`,
    );
    expect(run("restore.sh", key).status).to.equal(0);
    const done = machine().log.match(/^(RENAME|backup|files).*?(?= TABLE|$)/gm);
    expect(done).to.deep.equal([
      ...[`files unpack ${key}`, "backup before-restore", "RENAME", "files exchange"],
    ]);
  });

  it("changes nothing when the app's files cannot be unpacked, and keeps no copy when a later step fails", () => {
    machine().script("files.sh", "exit 1");
    expect(run("restore.sh", key).status).to.equal(1);
    expect(machine().log).to.not.match(/RENAME|backup before/);
    machine().fake("sudo", 'exec "$@"');
    machine().script("files.sh", `mkdir '${machine().root}/files.new'`);
    machine().script("backup.sh", "exit 1");
    expect(run("restore.sh", key).status).to.equal(1);
    expect(machine().exists("root/files.new")).to.equal(false);
  });

  it("brings back the files of an app without tables", () => {
    store("-- no table\n", []);
    answers()["*information_schema.TABLES*'appdb_restore'*BASE TABLE'"] = "";
    answers()["*information_schema.TABLES*'appdb'*BASE TABLE'"] = "";
    answers()["SHOW TABLES LIKE*"] = "";
    const manifest = `s3/${key}/manifest`;
    machine().write(manifest, machine().read(manifest).replace("revision b2", "revision "));
    const { status, stderr } = run("restore.sh", key);
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    expect(machine().log).to.not.include("RENAME");
  });

  it("suggests a rollback when that returns to the release of the restored schema", () => {
    liveAt("c3");
    expect(succeeds(key)).to.equal(
      "the schema is at revision b2, as release 000001 left it, and was at c3\n" +
        "warning: the version that serves needs revision c3, so the app may be broken. Choose one. Go back to release 000001:\n" +
        `  ./ops rollback\n${forward}`,
    );
  });

  for (const [why, releases] of [
    ["another release came between", ["app:1\tid\tb2", "app:3\tid\tb9", "app:2\tid\tc3"]],
    ["its image no longer exists", ["app:gone\tid\tb2", "app:2\tid\tc3"]],
  ] as const) {
    it(`suggests to release the commit of the restored schema when ${why}`, () => {
      liveAt("c3");
      has(...releases);
      expect(succeeds(key)).to.include(
        `Go back to release 000001:\n  pulumi config set appCommit c0ffee1 && pulumi up\n${forward}`,
      );
    });
  }

  it("suggests nothing when the running release knows the restored schema", () => {
    // A release failed after its migration.
    liveAt("c3");
    has("app:1\tid\tb2", "app:2\tid\tb2");
    expect(succeeds(key)).to.equal(
      "the schema is at revision b2, as release 000002 left it, and was at c3\n" +
        "That is release 000002. There is nothing else to do.\n",
    );
  });

  it("makes the next `pulumi up` release the same image again, and removes the revision files", () => {
    liveAt("c3");
    machine().run("serving.sh", ["record", "app:2", "release"]);
    const since = machine().run("serving.sh", ["get", "since"]).stdout.trim();
    succeeds(key);
    expect(JSON.parse(machine().read("s3/serving.json"))).to.include({ since, before: since });
    expect(machine().exists("root/migrations")).to.equal(false);
  });

  for (const [what, releases] of [
    ["no release", ["app:2\tid\tc3"]],
    ["only a failed release", ["app:2\tid\tc3", "app:3\tid\tb2\t-\tada\tfailed switch"]],
  ] as const) {
    it(`refuses a schema that ${what} knows, and suggests a backup that fits`, () => {
      liveAt("c3");
      has(...releases);
      named("20260101T030405Z-before-d4", "before-d4", "c3");
      named("20260103T030405Z-before-restore", "before-restore", "c3");
      const { status, stderr } = run("restore.sh", key);
      expect(status).to.equal(1);
      expect(stderr).to.equal(
        `error: ${key} is at revision b2 of the schema,\n` +
          "       which no release of this environment has served; the live schema is at c3 and unchanged\n" +
          "remedy: restore a backup at revision c3: ./ops restore backups/20260101T030405Z-before-d4;\n" +
          "        or choose another one: ./ops backups\n",
      );
      expect(machine().log).to.not.match(/RENAME|backup before/);
    });
  }

  it("suggests no backup when none fits", () => {
    liveAt("d4");
    has("app:2\tid\tc3");
    expect(run("restore.sh", key).stderr).to.match(
      /\nremedy: choose another one: \.\/ops backups\n$/,
    );
  });

  it("changes nothing when the live data cannot be backed up", () => {
    machine().script("backup.sh", "exit 1");
    expect(run("restore.sh", key).status).to.equal(1);
    expect(machine().log).to.not.include("RENAME");
  });

  it("changes nothing and shows the error when the tables cannot be exchanged", () => {
    delete answers()["RENAME TABLE*"];
    const { status, stderr } = run("restore.sh", key);
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: the tables were not exchanged; the live tables are unchanged\nremedy: see who uses the tables: \.\/ops mysql .*; then run the same command again\n {2}\| unexpected: RENAME TABLE/,
    );
    expect(machine().log).to.not.match(/DROP DATABASE appdb_restore; DROP/);
  });

  it("removes the loaded schema when a step before the exchange fails", () => {
    machine().script("backup.sh", "exit 1");
    expect(run("restore.sh", key).status).to.equal(1);
    expect(machine().log).to.match(/DROP DATABASE IF EXISTS appdb_restore[^\n]*\n$/);
  });

  it("refuses a backup of another app where no revision tells them apart, and keeps an empty schema's way back", () => {
    answers()["*information_schema.TABLES*'appdb'*BASE TABLE'"] = "orders\nalembic_version";
    const { status, stderr } = run("restore.sh", key);
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: \S+ has none of the tables of the live schema, so it is of another app;\n +the live schema is unchanged\nremedy: choose another backup: \.\/ops backups; or, to return to that app,\n +remove these tables first, after a backup: orders\n$/,
    );
    expect(machine().log).to.not.match(/RENAME|backup before/);
    answers()["*information_schema.TABLES*'appdb'*BASE TABLE'"] = "alembic_version";
    expect(run("restore.sh", key).status).to.equal(0);
  });
});
