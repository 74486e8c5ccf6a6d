/** A machine with a schema to back up, for scripts/backup.sh. */
import { expect } from "chai";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { listed, listOf, objects, readerAnswers } from "./database-objects.ts";
import { FakeMachine } from "./machine.ts";

/** As mysqldump prints it with --skip-extended-insert: each row is on one line. */
export const dump = String.raw`-- MariaDB dump 10.19, for debian-linux-gnu
CREATE TABLE ${"`alembic_version`"} (
  ${"`version_num`"} varchar(32) NOT NULL
);
INSERT INTO ${"`alembic_version`"} VALUES ('a1');
CREATE TABLE ${"`flask_dance_oauth`"} (
);
CREATE TABLE ${"`users`"} (
);
INSERT INTO ${"`users`"} VALUES (1,'it\'s ${"`flask_dance_oauth`"} \"x\"');
INSERT INTO ${"`users`"} VALUES (2,'two\nINSERT INTO ${"`flask_dance_oauth`"} VALUES (1);\n');
INSERT INTO ${"`users`"} VALUES (3,'Zoë');
-- Dump completed on 2026-01-02  3:04:05
`;

/** As the backup has it: the rows of a table are one statement. */
export const dumpWithJoinedRows = dump.replace(/;\n(INSERT INTO `users` VALUES )(?=\([23],)/g, ",");

/** Makes the machine for each test of a suite, and removes it. Call it in `describe`. */
export function backupMachine() {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.s3();
    machine.write("dump", `/*M!999999\\- enable the sandbox mode */ \n${dump}`);
    machine.fake("mysqldump", `log "mysqldump $*"; cat '${machine.home}/dump'`);
    machine.write("root/backup.cnf", "");
    has("");
  });
  afterEach(() => machine.remove());

  /** Makes these the objects of the schema. */
  const has = (list: string, changed: Record<string, string> = {}) =>
    machine.mysql({
      "SHOW?TABLES?LIKE*": "alembic_version",
      "SELECT?version_num*": "a1",
      "SELECT?VERSION*": "8.4.7",
      "*SUM?DATA_LENGTH*TABLE_SCHEMA?=?\\'appdb\\'": "49152",
      [listOf("appdb")]: list,
      ...readerAnswers,
      ...changed,
    });
  /** Makes the schema have a view, a trigger, a procedure and two events, which mysqldump prints as this. */
  const hasObjects = (printed = objects) => {
    has(listed);
    machine.write("objects", printed);
    machine.fake(
      "mysqldump",
      `log "mysqldump $*"
      case "$*" in
      *--skip-extended-insert*) cat '${machine.home}/dump' ;;
      *--no-create-info*) cat '${machine.home}/objects' ;;
      *) echo "-- the views"; echo "-- Dump completed on 2026-01-02  3:04:07" ;;
      esac`,
    );
  };

  const backup = (...args: string[]) => machine.run("backup.sh", ["before-b2", ...args]);
  const keys = () =>
    machine.exists("s3/backups") ? readdirSync(join(machine.home, "s3/backups")) : [];
  const stored = (file: string) => readFileSync(join(machine.home, "s3/backups", keys()[0]!, file));
  const fails = (error: RegExp, ...args: string[]) => {
    const { status, stdout, stderr } = backup(...args);
    expect(stderr)
      .to.match(error)
      .and.match(/^remedy: /m);
    expect({ status, stdout }).to.deep.equal({ status: 1, stdout: "" });
    for (const key of keys()) {
      expect(readdirSync(join(machine.home, "s3/backups", key))).to.not.include("manifest");
    }
    for (const file of ["last-backup", "recorded-backups"])
      expect(machine.exists(`root/${file}`), file).to.equal(false);
  };

  return { machine: () => machine, has, hasObjects, backup, keys, stored, fails };
}
