/** A machine with a backup in its bucket, for scripts/restore.sh and scripts/restore-test.sh. */
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { listOf, readerAnswers } from "./database-objects.ts";
import { FakeMachine } from "./machine.ts";

/** The backup's key. */
export const key = "backups/20260102T030405Z-nightly";
/** What a restore test prints of it. */
export const fit = `${key} can be restored: revision b2, 2 tables, 4 rows\n`;

/** Makes the machine for each test of a suite, and removes it. Call it in `describe`. */
export function restoreMachine() {
  let machine: FakeMachine;
  let answers: Record<string, string>;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.s3();
    machine.write("root/backup.cnf", "");
    rds({ free: 100_000_000_000 });
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
      "DROP TRIGGER*": "",
      "DROP VIEW*": "",
      "DROP EVENT*": "",
      "SELECT VERSION()": "8.4.7",
      ...readerAnswers,
      [listOf("appdb_restore")]: "",
      [listOf("appdb")]: "",
      "*SUM(DATA_LENGTH*'appdb_restore'": "0",
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
  /** Has RDS tell so many bytes as free, of a volume of 20 GiB; undefined for no value. */
  const rds = ({ free }: { free: number | undefined }) => {
    machine.write("free", String(free ?? "None"));
    const s3 = machine.read("fakes/aws").split("\n").slice(3).join("\n");
    machine.fake(
      "aws",
      `case "$1" in
      cloudwatch) echo "aws $*" >>'${machine.home}/asked-rds'; cat '${machine.home}/free'; exit ;;
      rds) echo "aws $*" >>'${machine.home}/asked-rds'; echo 20; exit ;;
      esac
      ${s3}`,
    );
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
      --database=appdb_restore)
        cat >>'${machine.home}/loaded'
        if [ -e '${machine.home}/after-load' ]; then . '${machine.home}/after-load'; fi ;;
      --database=appdb)
        cat >'${machine.home}/created'
        log created
        if [ -e '${machine.home}/refused-objects' ]; then echo "ERROR 1419" >&2; exit 1; fi ;;
      ${cases.join("\n")}
      *) echo "unexpected: $statement" >&2; exit 1 ;; esac`,
    );
    return machine.run(script, args);
  };

  return { machine: () => machine, answers: () => answers, rds, store, named, serves, has, run };
}
