/** How many connections a class of RDS instances allows. */

const largeGib: Readonly<Record<string, number>> = { t: 8, m: 8, r: 16 };
const smallSizes = ["micro", "small", "medium"] as const;
const smallGib: Readonly<Record<string, number>> = { micro: 1, small: 2, medium: 4 };

/** GiB that RDS and the system keep for themselves: about what `DBInstanceClassMemory` lacks in the smallest classes. */
const reservedGib = 0.3;

/** Memory of an instance class in GiB; undefined for families that this table lacks. */
function memoryGib(instanceClass: string): number | undefined {
  const [, family = "", size = ""] = /^db\.([a-z])\d\w*\.(\w+)$/.exec(instanceClass) ?? [];
  if (family === "t" && size in smallGib) return smallGib[size];
  const large = largeGib[family];
  if (large === undefined) return undefined;
  if (size === "large") return large;
  const [, factor] = /^(\d*)xlarge$/.exec(size) ?? [];
  return factor === undefined ? undefined : 2 * large * Number(factor || 1);
}

/**
 * The value of `max_connections` that RDS for MySQL computes: `{DBInstanceClassMemory/12582880}`.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html#RDS_Limits.MaxConnections
 */
export function maxConnections(instanceClass: string): number | undefined {
  const gib = memoryGib(instanceClass);
  return gib === undefined ? undefined : Math.floor(((gib - reservedGib) * 1024 ** 3) / 12_582_880);
}

/** The next larger class of the same family; undefined if this table has none. */
export function nextClass(instanceClass: string): string | undefined {
  const at = instanceClass.lastIndexOf(".") + 1;
  const family = instanceClass.slice(0, at);
  const size = instanceClass.slice(at);
  const sizes = [...smallSizes, "large", "xlarge", "2xlarge", "4xlarge", "8xlarge"];
  return sizes
    .slice(sizes.indexOf(size) + 1)
    .map((larger) => family + larger)
    .find((larger) => (maxConnections(larger) ?? 0) > (maxConnections(instanceClass) ?? Infinity));
}
