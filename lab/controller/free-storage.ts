/** Reports the free storage of each database, as RDS does to CloudWatch. */
import { setTimeout as sleep } from "node:timers/promises";
import { reportFreeStorage } from "./control-api.ts";
import { exec, type Lab } from "./docker.ts";
import type { Database } from "./observed-state.ts";

/** Milliseconds. RDS reports each minute; here, tests wait for it. */
const reportInterval = 10_000;

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

/** Asks each database that is available again and again. A failure is logged, and the next round tries again. */
export async function watchFreeStorage(
  lab: Lab,
  desired: () => readonly Database[],
  run: (key: string, job: () => Promise<void>) => Promise<void>,
): Promise<never> {
  const program =
    "du --summarize --bytes /var/lib/mysql && df --output=avail --block-size=1 /var/lib/mysql";
  for (;;) {
    for (const { id, status, storageGiB } of desired()) {
      if (status !== "available") continue;
      await run(`free storage of ${id}`, async () => {
        const numbers = (await exec(`${lab.name}-${id}`, ["sh", "-c", program])).match(/\d+/g);
        const [used, available] = [numbers?.at(0), numbers?.at(-1)];
        await reportFreeStorage(id, freeStorage(storageGiB, Number(used), Number(available)));
      });
    }
    await sleep(reportInterval);
  }
}
