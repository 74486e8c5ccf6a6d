/** An IPv4 network. */
export interface Cidr {
  /** The first address as an unsigned 32-bit number. */
  readonly base: number;
  /** Length of the prefix, 0 to 32. */
  readonly prefix: number;
}

/** Number of addresses in a network with this prefix. */
export const sizeOf = (prefix: number): number => 2 ** (32 - prefix);

/** Reads "10.0.0.0/16". Undefined if it is anything else, or if a bit after the prefix is set. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (!match) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, prefix = 0] = match.slice(1).map(Number);
  if (Math.max(a, b, c, d) > 255 || prefix > 32) return undefined;
  const base = ((a * 256 + b) * 256 + c) * 256 + d;
  return base % sizeOf(prefix) === 0 ? { base, prefix } : undefined;
}

/** The inverse of {@link parseCidr}. */
export function formatCidr({ base, prefix }: Cidr): string {
  const bytes = [24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256);
  return `${bytes.join(".")}/${prefix}`;
}

/** Whether two networks share an address. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.base < b.base + sizeOf(b.prefix) && b.base < a.base + sizeOf(a.prefix);
}
