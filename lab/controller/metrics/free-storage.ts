/** The free storage of a database, as RDS reports it to CloudWatch. */
import { reportFreeStorage } from "../control-api.ts";
import { exec, type Lab } from "../docker.ts";
import type { Database } from "../observed-state.ts";

const program =
  "du --summarize --bytes /var/lib/mysql && df --output=avail --block-size=1 /var/lib/mysql";

/**
 * Bytes: what the data directory leaves of the allocated storage, and not more than the host has. It is not negative.
 *
 * @param used of all files, by their length: a test fills a volume by a file without blocks. MySQL's own files have none of
 *   these unless a table is compressed by page
 * @param available of the host's file system
 */
export function freeStorage(storageGiB: number, used: number, available: number): number {
  return Math.max(0, Math.min(storageGiB * 2 ** 30 - used, available));
}

/** Measures it in the database's container, and reports it. */
export async function tellFreeStorage(
  lab: Lab,
  { id, storageGiB }: Pick<Database, "id" | "storageGiB">,
): Promise<void> {
  const numbers = (await exec(`${lab.name}-${id}`, ["sh", "-c", program])).match(/\d+/g);
  const [used, available] = [numbers?.at(0), numbers?.at(-1)];
  await reportFreeStorage(id, freeStorage(storageGiB, Number(used), Number(available)));
}
