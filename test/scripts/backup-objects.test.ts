import { expect } from "chai";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { backupMachine, dumpWithJoinedRows } from "../support/backup-machine.ts";
import { objects, readerAnswers } from "../support/database-objects.ts";

describe("The backup of views, triggers, functions, procedures and events", () => {
  const { machine, has, hasObjects, backup, stored, fails } = backupMachine();

  it("contains views, triggers, functions, procedures and events after all rows, and counts no line of them as a row", () => {
    hasObjects();
    expect(backup()).to.include({ status: 0, stderr: "" });
    const text = gunzipSync(stored("dump.sql.gz")).toString();
    const begin = "-- flask-on-aws: views, triggers, functions, procedures and events\n";
    expect(text).to.equal(
      `${dumpWithJoinedRows}\n${begin}${objects}-- the views\n-- Dump completed on 2026-01-02  3:04:07\n`,
    );
    const calls = machine().log.match(/(?<=^mysqldump ).*/gm)!;
    expect(calls[0]).to.match(/ --ignore-table=appdb\.names appdb$/);
    expect(calls[1]).to.match(
      / --no-create-info --triggers --routines --events --ignore-table=appdb\.names appdb$/,
    );
    expect(calls[2]).to.match(/ --no-data --skip-triggers appdb names$/);
    expect(stored("manifest").toString()).to.include(
      "\nobjects 5\nobject event nightly\nobject procedure tidy\nobject trigger seen\nobject view names\nrows alembic_version 1\nrows flask_dance_oauth 0\nrows users 3\n",
    );
  });

  for (const [kind, name] of [
    ["TRIGGER", "seen"],
    ["PROCEDURE", "tidy"],
    ["EVENT", "nightly"],
    ["VIEW", "names"],
  ] as const) {
    it(`fails when the dump lacks a ${kind.toLowerCase()} that the schema has`, () => {
      hasObjects(objects.replace(`${kind} \`${name}\``, `${kind} \`another\``));
      fails(
        new RegExp(
          `^error: \\S+/dump.sql.gz lacks what the schema appdb has, .*: ${kind.toLowerCase()} ${name}$`,
          "m",
        ),
      );
    });
  }

  for (const privilege of ["SELECT", "SHOW VIEW", "EVENT", "TRIGGER"]) {
    it(`fails before the dump when the user for backups lacks the privilege ${privilege}`, () => {
      const grants = readerAnswers["SHOW?GRANTS"].replace(privilege, "USAGE");
      has("", { "SHOW?GRANTS": grants });
      fails(
        new RegExp(`^error: the user for backups lacks the privilege ${privilege} on appdb, `, "m"),
      );
      expect(machine().log).to.not.include("mysqldump");
    });
  }

  it("fails before the dump on a machine without the user for backups, and says how to create it", () => {
    rmSync(join(machine().root, "backup.cnf"));
    fails(
      /^error: \S+ has no user of the database for backups\nremedy: create it: raise databasePasswordRotation by one/m,
    );
  });

  it("fails when the tables of the dump end early, though what comes after them does not", () => {
    hasObjects();
    machine().write("dump", dumpWithJoinedRows.split("\n").slice(0, 5).join("\n"));
    fails(/dump.sql.gz, read back, is not what was written/);
  });
});
