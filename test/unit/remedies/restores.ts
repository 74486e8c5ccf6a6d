/** The remedies of backups and restores. */
import { by, inspect, why, type Table } from "./row.ts";

export const ofRestores: Table = {
  "scripts/backup.sh": {
    "check bucket and database": by("test/scripts/backup.test.ts", "fails when the bucket refuses"),
    "try again": by("test/scripts/backup.test.ts", "fails when the dump cannot be read back"),
    "see whether somebody changes the schema": why.look,
  },
  "scripts/backups.sh": {
    "check the policies": by("lab/experiments/faults/access.ts", "policies-changed-by-hand"),
    "choose one of": by(
      "test/scripts/backups.test.ts",
      "refuses a key that is not a complete backup",
    ),
    "make one": by(
      "test/scripts/backup.test.ts",
      "can be chosen by backups.sh, which says how to make one",
    ),
  },
  "scripts/import.sh": {
    "check the bucket": by("test/scripts/backup.test.ts", "fails when the bucket refuses"),
    "run the same command again": by(
      "test/unit/operations/restore-from.test.ts",
      "breaks off the transfer when the backup cannot be read to its end",
    ),
    "name another backup": by(
      "test/unit/operations/restore-from.test.ts",
      "uses the newest backup of a directory",
    ),
  },
  "scripts/objects.sh": {
    "create it": by("test/scripts/database.test.ts", "creates a user for backups"),
    "raise databasePasswordRotation": by(
      "test/scripts/database.test.ts",
      "creates a user for backups",
    ),
  },
  "scripts/restore-check.sh": {
    "choose another backup": by(
      "test/unit/operations/restore-from.test.ts",
      "lists the backups of a directory",
    ),
  },
  "scripts/restore-space.sh": {
    "choose another backup": by(
      "test/scripts/restore-test.test.ts",
      "fails with the error when a backup cannot be read",
    ),
    "wait for RDS to report it": by(
      "test/scripts/restore-space.test.ts",
      "is not known without the metric",
    ),
    "remove what the database does not need": by(
      "test/e2e/stack/objects.test.ts",
      "refuses a restore",
    ),
  },
  "scripts/restore-test.sh": {
    "find the cause": by("test/e2e/grants.test.ts", "fail the preflight for"),
    "choose another backup": by(
      "test/scripts/restore-test.test.ts",
      "fails with the error when a backup cannot be read",
    ),
  },
  "scripts/restore.sh": {
    "restore a backup at revision": by(
      "lab/experiments/faults/schema.ts",
      "backup-of-unknown-revision",
    ),
    "release the commit that served with it": by(
      "test/scripts/restore-imported.test.ts",
      "refuses a schema that neither a release nor the commit that serves has",
    ),
    "choose another backup: ./ops backups${…}; or": by(
      "test/scripts/restore.test.ts",
      "refuses a backup of another app",
    ),
    "see who uses the tables": inspect(
      "RENAME TABLE must fail, although nothing that is known to stop it is left",
    ),
    "run the same command again; or": by(
      "test/scripts/restore-objects.test.ts",
      "says how to complete or undo a restore",
    ),
  },
};
