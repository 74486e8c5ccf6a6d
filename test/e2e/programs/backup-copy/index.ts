/** The buckets of the backups and of their copy alone, so that a test needs no more than the lab's API. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { createBackupCopy, requireRegion } from "../../../../storage/backup-copy.ts";
import { Backups } from "../../../../storage/backups.ts";

const config = new pulumi.Config();
const settings = { backupCopyRegion: config.require("backupCopyRegion"), region: "us-west-2" };
const keeping = {
  protect: config.requireBoolean("protect"),
  ...{ coldAfterDays: 30, expireAfterDays: 365, lockDays: config.getNumber("backupLockDays") ?? 0 },
};
const provider = new aws.Provider("backups", { region: "us-west-2" });
await requireRegion(settings, provider);
const backups = new Backups("dev-backups", keeping, { providers: [provider] });
const account = { region: "us-west-2" };
const args = { ...keeping, source: backups, sourceProvider: provider, account };
const tags = { project: "backups", stack: "dev" };

export const bucket = backups.bucket;
export const copyBucket = createBackupCopy("dev-copy", settings, args, tags)?.bucket ?? "";
