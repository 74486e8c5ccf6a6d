/** GiB of gp3 that RDS for MySQL has at most. */
export const largestStorage = 65_536;

/** The least limit, in GiB, that RDS accepts: 10 % above the allocated storage (user guide, "Storage autoscaling"). */
export function leastLimit(allocated: number): number {
  return Math.ceil((allocated * 11) / 10);
}

/**
 * GiB up to which RDS lets the storage grow; 0 if it may not grow.
 *
 * @param limit 0 means five times what is allocated
 */
export function growthLimit(allocated: number, limit: number): number {
  const wanted = limit || Math.min(5 * allocated, largestStorage);
  return wanted < leastLimit(allocated) ? 0 : wanted;
}
