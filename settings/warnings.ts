import type { Settings } from "./settings.ts";

/** What a user of these settings must know, though nothing is wrong with them. */
export function warnings({
  backupLockDays,
  databaseBackupRetentionDays,
  publishDump,
  site,
}: Pick<
  Settings,
  "backupLockDays" | "databaseBackupRetentionDays" | "publishDump" | "site"
>): string[] {
  return [
    ...(databaseBackupRetentionDays === 0
      ? [
          "databaseBackupRetentionDays is 0: RDS keeps no backups of its own, and cannot restore to a point in time.\n" +
            "The app server's daily backups in S3 are then the only ones.",
        ]
      : []),
    ...(backupLockDays > 0
      ? [
          `backupLockDays is ${backupLockDays}: each new backup is locked for ${backupLockDays} days, and no later setting unlocks it.\n` +
            "Until then the bucket stays, and AWS charges for it, also after pulumi destroy.",
        ]
      : []),
    ...(publishDump && site === "public"
      ? [
          "publishDump is on: everybody can read all rows of the database, password hashes too,\n" +
            "as dump.sql.gz on the site.",
        ]
      : []),
  ];
}
