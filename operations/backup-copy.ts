/** The copy of the backups in another region, read with the operator's credentials: the place `copy`, and a check of verify. */
import { checked, type Check } from "./check.ts";
import { Failure } from "./failure.ts";
import { age } from "./format.ts";
import type { RemoteMachine } from "./machine.ts";
import { checkSignals, interrupted } from "./processes.ts";

/** The address of the copy, for `--from copy`. @throws {Failure} if the stack has none */
export function placeOfCopy(machine: RemoteMachine): string {
  const { backupCopyBucket } = machine.stack.outputs;
  if (backupCopyBucket) return `s3://${backupCopyBucket}`;
  throw new Failure(
    `--from is copy, but stack ${machine.stack.name} has no copy of its backups in another region`,
    `name a bucket as s3://BUCKET, or a directory as ./copy; or have a copy:
        ${machine.pulumi("config", "set", "backupCopyRegion", "REGION")} && ${machine.pulumi("up")}`,
  );
}

/**
 * Milliseconds that S3 may take. It replicates most objects within 15 minutes, and some take hours (S3 user guide,
 * "Replicating objects within and across Regions").
 */
const allowance = 3 * 3_600_000;

const row = "backup-copy";
const failed = (what: Pick<Check, "found" | "remedy">): Check[] => [
  { name: row, result: "FAILED", ...what },
];

/** Whether the copy has each object of the backups that is old enough; nothing for a stack without a copy. */
export async function copyCheck(machine: RemoteMachine, now = Date.now()): Promise<Check[]> {
  const { backupBucket, backupCopyBucket, region, sshAccess } = machine.stack.outputs;
  if (!backupBucket || !backupCopyBucket) return [];
  // S3's client takes about 0.2 s to load, and most stacks have no copy.
  const { compareCopy } = await import("../storage/fill-copy.ts");
  const account = sshAccess?.account ?? { region };
  const places = { account, bucket: backupBucket, copyBucket: backupCopyBucket };
  try {
    const { copied, missing } = await compareCopy(places, interrupted);
    const late = missing.filter(({ modified }) => now - modified.getTime() > allowance);
    if (late.length > 0)
      return failed({
        found: `s3://${backupCopyBucket} lacks ${late.length} object(s) of backups, the newest of them ${late.at(-1)!.key}`,
        remedy: `copy them, and restore the rule and its role: ${machine.pulumi("up", "--refresh")}`,
      });
    const complete = copied.filter(({ key }) => key.endsWith("/manifest"));
    const newest = complete.at(-1);
    if (!newest)
      return [{ name: row, result: "skipped", found: "S3 has copied no backup yet", remedy: "" }];
    const made = newest.key.split("/")[1]!;
    const found = `s3://${backupCopyBucket} has ${complete.length} backups, the newest made ${age(timeOf(made), now)} ago`;
    return [checked(row, found)];
  } catch (error) {
    checkSignals();
    const { name, message } = error as Error;
    return failed({
      found: `s3://${backupCopyBucket} cannot be compared with the backups: ${name}: ${message.split("\n")[0]}`,
      remedy: `log in to AWS with credentials that may s3:ListBucket on it; if it is gone, make it again: ${machine.pulumi("up", "--refresh")}`,
    });
  }
}

/** The time of a backup's name, as `20260102T030405Z-nightly`, in ISO 8601. */
function timeOf(name: string): string {
  return name.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z.*$/, "$1-$2-$3T$4:$5:$6Z");
}
