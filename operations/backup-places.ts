/** Places that the option --from names. */
import { placeOfCopy } from "./backup-copy.ts";
import { directoryStore } from "./backup-directory.ts";
import type { BackupStore } from "./backup-store.ts";
import { Failure } from "./failure.ts";
import type { RemoteMachine } from "./machine.ts";
import { interrupted } from "./processes.ts";

/** The backups of a place that --from names, and the name of the one that is meant. */
export async function storeOf(
  machine: RemoteMachine,
  place: string,
): Promise<{ store: BackupStore; named?: string }> {
  const from = place === "copy" ? placeOfCopy(machine) : place;
  if (!from.startsWith("s3://")) return directoryStore(from);
  // S3's client takes about 0.2 s to load, and other commands do not need it.
  const { bucketStore, parseBucketPlace } = await import("./backup-bucket.ts");
  const { bucket, named } = parseBucketPlace(from);
  const { backupBucket, region, sshAccess } = machine.stack.outputs;
  if (bucket === backupBucket)
    throw new Failure(
      `--from is ${from}, which is the bucket of stack ${machine.stack.name} itself`,
      `restore its own backup: ${machine.ops("restore", ...(named ? [`backups/${named}`] : []))}`,
    );
  const store = await bucketStore(bucket, sshAccess?.account ?? { region }, interrupted);
  return named === undefined ? { store } : { store, named };
}
