/** Names that only the lab's DNS knows, for `fetch` in this process. */
import { isIP } from "node:net";
import { answerLookups } from "./lookup.ts";

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
  if (addressesOf.size === 0) answerLookups(nextAddress);
  addressesOf.set(
    hostname,
    records.filter(({ name }) => name === hostname).map(({ address }) => address),
  );
}

/** One of the addresses of a name, the next one each time: clients of AWS's name servers get them in turn. */
function nextAddress(name: string): string[] {
  const addresses = addressesOf.get(name) ?? [];
  return addresses.length > 0 ? [addresses[turn++ % addresses.length]!] : [];
}
