import { expect } from "chai";
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { FakeMachine } from "../support/machine.ts";

const key = "backups/20260102T030405Z-nightly";

describe("With backups in the bucket,", () => {
  let machine: FakeMachine;
  let answers: Record<string, string>;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.s3();
    answers = {
      "DROP DATABASE IF EXISTS appdb_restore*": "",
      "SHOW TABLES LIKE*": "alembic_version",
      "SELECT version_num FROM appdb_restore.alembic_version": "b2",
      "SELECT version_num FROM alembic_version": "b2",
      "*information_schema.TABLES*'appdb_restore'*BASE TABLE'": "users\nalembic_version",
      "*information_schema.TABLES*'appdb'*BASE TABLE'": "users\nalembic_version\nnewer",
      "SELECT COUNT(?) FROM appdb_restore.?alembic_version?": "1",
      "SELECT COUNT(?) FROM appdb_restore.?users?": "3",
      "RENAME TABLE*": "",
      "DROP DATABASE*": "",
    };
    store("CREATE TABLE `users` ();\n", ["rows alembic_version 1", "rows users 3"]);
    machine.script("backup.sh", `log "backup $*"; echo "backups/now-$1"`);
    machine.write("root/proxy/active", "green\n");
    machine.write("root/migrations/env.py", "");
    machine.fake("docker-compose", `[ "\${*: -3}" = "ps --quiet green" ] && echo container`);
    serves("app:2");
    has("app:1\tid\tb2", "app:2\tid\tc3");
  });
  afterEach(() => machine.remove());

  /** Puts a backup into the bucket; its manifest has these lines and the digest of `digestOf`. */
  const store = (dump: string, lines: string[], digestOf = gzipSync(dump)) => {
    machine.write(`s3/${key}/dump.sql.gz`, gzipSync(dump));
    const digest = createHash("sha256").update(digestOf).digest("hex");
    const manifest = ["reason nightly", "revision b2", `sha256 dump.sql.gz ${digest}`, ...lines];
    machine.write(`s3/${key}/manifest`, `${manifest.join("\n")}\n`);
  };
  /** Puts a manifest alone into the bucket. */
  const named = (name: string, reason: string, revision: string) =>
    machine.write(`s3/backups/${name}/manifest`, `reason ${reason}\nrevision ${revision}\n`);
  /** Makes this the image of the running release. */
  const serves = (image: string) =>
    machine.fake(
      "docker",
      `case "$*" in
      *.Config.Image*) echo ${image} ;;
      *revision*) echo commit-of-${image} ;;
      "image inspect app:gone") exit 1 ;;
      esac`,
    );
  /** Writes the history of these images, each with ID and revision. */
  const has = (...releases: string[]) => {
    rmSync(join(machine.root, "ledger"), { recursive: true, force: true });
    releases.forEach((release, i) => {
      const line = `00000${i + 1}\tt\tc0ffee${i + 1}\t${release}\t-\tada\tx`;
      machine.write(`root/ledger/00000${i + 1}`, `${line}\n`);
    });
  };
  const run = (script: string, ...args: string[]) => {
    const cases = Object.entries(answers).map(
      ([statement, answer]) =>
        `${statement.replaceAll(/[^\w.*]/g, "?")}) log "$statement"; printf %s '${answer && `${answer}\n`}' ;;`,
    );
    machine.fake(
      "mysql",
      `statement=\${*: -1}; case $statement in
      --database=appdb_restore) cat >>'${machine.home}/loaded' ;;
      ${cases.join("\n")}
      *) echo "unexpected: $statement" >&2; exit 1 ;; esac`,
    );
    return machine.run(script, args);
  };
  const fit = `${key} can be restored: revision b2, 2 tables, 4 rows\n`;

  describe("the restore test", () => {
    const fails = (error: string) => {
      const { status, stdout, stderr } = run("restore-test.sh", key);
      expect({ status, stdout }).to.deep.equal({ status: 1, stdout: "" });
      expect(stderr).to.match(
        new RegExp(
          `^error: s3://backups-1/${key} ${error};\n       the live schema is unchanged\nremedy: choose another backup: ./ops backups\n`,
        ),
      );
      expect(machine.exists("root/last-restore-test")).to.equal(false);
      return stderr.match(/(?<=^ {2}\| ).*/gm);
    };

    it("loads a backup into a schema of its own, compares it with the manifest, and drops it", () => {
      expect(run("restore-test.sh", key)).to.deep.equal({ status: 0, stdout: fit, stderr: "" });
      expect(machine.read("loaded")).to.equal("CREATE TABLE `users` ();\n");
      expect(machine.log).to.match(/\nDROP DATABASE appdb_restore\naws .*manifest -\n$/);
      expect(machine.read("root/last-restore-test")).to.match(/^\d{4}-\d\d-\d\dT/);
    });

    it("uses by default the newest backup, except those made before a restore", () => {
      named("20250102T030405Z-nightly", "nightly", "b2");
      named("20260103T030405Z-before-restore", "before-restore", "b2");
      expect(run("restore-test.sh").stdout).to.equal(fit);
    });

    it("fails with MySQL's error when the schema cannot be created", () => {
      delete answers["DROP DATABASE IF EXISTS appdb_restore*"];
      delete answers["DROP DATABASE*"];
      const { status, stdout, stderr } = run("restore-test.sh", key);
      expect({ status, stdout }).to.deep.equal({ status: 1, stdout: "" });
      expect(stderr).to.match(
        /^error: the app's user cannot create the schema appdb_restore; the live schema is unchanged\nremedy: .*: \.\/ops ssh .*\n {2}\| unexpected: DROP/,
      );
      expect(machine.exists("loaded")).to.equal(false);
    });

    it("fails with the row counts that differ from the manifest", () => {
      answers["SELECT COUNT(?) FROM appdb_restore.?users?"] = "2";
      expect(fails("differs, loaded, from its manifest")).to.deep.equal([
        ...["< manifest, > loaded", "3c3", "< rows users 3", "---", "> rows users 2"],
      ]);
    });

    it("fails when the dump's digest differs from the manifest", () => {
      store("CREATE TABLE `users` ();\n", ["rows users 3"], gzipSync("another"));
      expect(fails("has a dump with another SHA-256 than its manifest says; .*")).to.equal(null);
    });

    it("fails with the error when a backup cannot be read or loaded", () => {
      machine.write("refused", "manifest -$\n");
      expect(fails("cannot be read")).to.deep.equal(["AccessDenied"]);
      machine.write("refused", "gz -$\n");
      expect(fails("has a dump that cannot be loaded")).to.include("AccessDenied");
      machine.write("refused", "nothing\n");
      expect(run("restore-test.sh", key).stdout, "a backup that can be read").to.equal(fit);
    });

    it("accepts a backup of an app without migrations, which names no revision", () => {
      store("CREATE TABLE `users` ();\n", ["rows users 3"]);
      const manifest = `s3/${key}/manifest`;
      machine.write(manifest, machine.read(manifest).replace("revision b2", "revision "));
      answers["*information_schema.TABLES*'appdb_restore'*BASE TABLE'"] = "users";
      const { stdout, stderr } = run("restore-test.sh", key);
      expect(stderr).to.equal("");
      expect(stdout).to.equal(`${key} can be restored: revision none, 1 tables, 3 rows\n`);
    });

    it("compares the archive of the app's files, and fails if it does not fit", () => {
      machine.script("files.sh", `log "files $*"; echo 12`);
      expect(run("restore-test.sh", key).stdout).to.equal(fit.replace("\n", ", 12 files\n"));
      expect(machine.log).to.match(new RegExp(`^files check ${key}$`, "m"));
      rmSync(join(machine.root, "last-restore-test"));
      machine.script("files.sh", "exit 1");
      expect(run("restore-test.sh", key).status).to.equal(1);
      expect(machine.exists("root/last-restore-test")).to.equal(false);
    });

    it("refuses a backup without a manifest", () => {
      expect(run("restore-test.sh", "backups/gone").stderr).to.equal(
        "error: the bucket backups-1 has no complete backup backups/gone\nremedy: choose one of: ./ops backups\n",
      );
    });
  });

  describe("the restore", () => {
    const liveAt = (revision: string) =>
      (answers["SELECT version_num FROM alembic_version"] = revision);
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
      expect(machine.read("root/tables"), "for the verification").to.include("newer\n");
      const done = machine.log.split("\n").filter((line) => /^(RENAME|backup)/.test(line));
      const moves = [
        "`appdb`.`users` TO `appdb_replaced`.`users`",
        "`appdb`.`alembic_version` TO `appdb_replaced`.`alembic_version`",
        "`appdb`.`newer` TO `appdb_replaced`.`newer`",
        "`appdb_restore`.`users` TO `appdb`.`users`",
        "`appdb_restore`.`alembic_version` TO `appdb`.`alembic_version`",
      ];
      expect(done).to.deep.equal(["backup before-restore", `RENAME TABLE ${moves.join(",")}`]);
      expect(machine.exists("root/migrations/env.py"), "the revision files fit").to.equal(true);
    });

    it("uses by default the newest backup, except those made before a restore", () => {
      named("20260103T030405Z-before-restore", "before-restore", "b2");
      succeeds();
    });

    it("unpacks the app's files before the backup, and exchanges them after the tables", () => {
      machine.fake("sudo", 'exec "$@"');
      machine.script(
        "files.sh",
        `log "files $*"; if [ $1 = unpack ]; then mkdir '${machine.root}/files.new'; fi`,
      );
      expect(run("restore.sh", key).status).to.equal(0);
      const done = machine.log.match(/^(RENAME|backup|files).*?(?= TABLE|$)/gm);
      expect(done).to.deep.equal([
        ...[`files unpack ${key}`, "backup before-restore", "RENAME", "files exchange"],
      ]);
    });

    it("changes nothing when the app's files cannot be unpacked, and keeps no copy when a later step fails", () => {
      machine.script("files.sh", "exit 1");
      expect(run("restore.sh", key).status).to.equal(1);
      expect(machine.log).to.not.match(/RENAME|backup before/);
      machine.fake("sudo", 'exec "$@"');
      machine.script("files.sh", `mkdir '${machine.root}/files.new'`);
      machine.script("backup.sh", "exit 1");
      expect(run("restore.sh", key).status).to.equal(1);
      expect(machine.exists("root/files.new")).to.equal(false);
    });

    it("brings back the files of an app without tables", () => {
      store("-- no table\n", []);
      answers["*information_schema.TABLES*'appdb_restore'*BASE TABLE'"] = "";
      answers["*information_schema.TABLES*'appdb'*BASE TABLE'"] = "";
      answers["SHOW TABLES LIKE*"] = "";
      const manifest = `s3/${key}/manifest`;
      machine.write(manifest, machine.read(manifest).replace("revision b2", "revision "));
      const { status, stderr } = run("restore.sh", key);
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
      expect(machine.log).to.not.include("RENAME");
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
      machine.run("serving.sh", ["record", "app:2", "release"]);
      const since = machine.run("serving.sh", ["get", "since"]).stdout.trim();
      succeeds(key);
      expect(JSON.parse(machine.read("s3/serving.json"))).to.include({ since, before: since });
      expect(machine.exists("root/migrations")).to.equal(false);
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
        expect(machine.log).to.not.match(/RENAME|backup before/);
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
      machine.script("backup.sh", "exit 1");
      expect(run("restore.sh", key).status).to.equal(1);
      expect(machine.log).to.not.include("RENAME");
    });

    it("changes nothing and shows the error when the tables cannot be exchanged", () => {
      delete answers["RENAME TABLE*"];
      const { status, stderr } = run("restore.sh", key);
      expect(status).to.equal(1);
      expect(stderr).to.match(
        /^error: the tables were not exchanged; the live schema is unchanged\nremedy: drop the triggers .*: DROP TRIGGER NAME;\n +then run the same command again\n {2}\| unexpected: RENAME TABLE/,
      );
      expect(machine.log).to.not.match(/DROP DATABASE appdb_restore; DROP/);
    });
  });
});
