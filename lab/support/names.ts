/** Names that only the lab's DNS knows, for `fetch` in this process. */
import dns from "node:dns";
import { isIP } from "node:net";

const addressesOf = new Map<string, string[]>();
let turn = 0;

/**
 * Has this process resolve the host of a URL as the lab does, to its addresses in turn, as of now.
 *
 * @param api `http://127.0.0.1:PORT` of the lab's AWS API
 */
export async function resolveAsInLab(url: string, api: string): Promise<void> {
  const { hostname } = new URL(url);
  if (isIP(hostname)) return;
  const { records } = (await (await fetch(`${api}/_lab/dns`)).json()) as {
    records: { name: string; address: string }[];
  };
  if (addressesOf.size === 0) dns.lookup = lookupWith(dns.lookup) as typeof dns.lookup;
  addressesOf.set(
    hostname,
    records.filter(({ name }) => name === hostname).map(({ address }) => address),
  );
}

type Callback = (error: Error | null, address?: unknown, family?: number) => void;

function lookupWith(lookup: typeof dns.lookup) {
  return (name: string, options: dns.LookupOptions, callback: Callback) => {
    const addresses = addressesOf.get(name) ?? [];
    if (addresses.length === 0) return lookup(name, options, callback);
    const address = addresses[turn++ % addresses.length];
    // As dns.lookup, which never calls back at once.
    setImmediate(() =>
      options.all ? callback(null, [{ address, family: 4 }]) : callback(null, address, 4),
    );
  };
}
