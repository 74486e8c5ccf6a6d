/** Which of the lab's possible networks this machine does not use yet. */

/** An IPv4 network of this machine's routing table, as numbers, and the interface that it is behind. */
export interface Route {
  network: number;
  mask: number;
  interface: string;
}

/** Routes of /proc/net/route but the default one; its numbers are hexadecimal in the order of a little-endian machine. */
export function parseRoutes(text: string): Route[] {
  const number = (hex: string) => Buffer.from(hex, "hex").readUInt32LE();
  return text
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .map(([name = "", destination = "", , , , , , mask = ""]) => ({
      network: number(destination),
      mask: number(mask),
      interface: name,
    }))
    .filter(({ mask }) => mask !== 0);
}

/** The route that overlaps the lab subnet 198.18.`subnet`.0/24, if any. */
export function conflict(routes: Route[], subnet: number): Route | undefined {
  const network = ((198 << 24) | (18 << 16) | (subnet << 8)) >>> 0;
  const overlaps = (route: Route) => {
    const common = (route.mask & 0xffffff00) >>> 0;
    return (route.network & common) >>> 0 === (network & common) >>> 0;
  };
  return routes.find(overlaps);
}
