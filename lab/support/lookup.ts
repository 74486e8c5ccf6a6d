/** Answers this process's lookups of names that only the lab knows. */
import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";

type Callback = (error: Error | null, address?: unknown, family?: number) => void;

/** @param addressesOf the IPv4 addresses of a name; none for a name that is looked up as without this */
export function answerLookups(addressesOf: (name: string) => readonly string[]): void {
  const { lookup } = dns;
  const lookupLater = dns.promises.lookup;
  const found = (name: string) => addressesOf(name).map((address) => ({ address, family: 4 }));

  dns.lookup = ((name: string, options: dns.LookupOptions, callback: Callback) => {
    const [first, ...others] = found(name);
    if (!first) return lookup(name, options, callback);
    // As dns.lookup, which never calls back at once.
    setImmediate(() =>
      options.all
        ? callback(null, [first, ...others])
        : callback(null, first.address, first.family),
    );
  }) as typeof dns.lookup;

  dns.promises.lookup = (async (name: string, options: dns.LookupOptions = {}) => {
    const [first, ...others] = found(name);
    if (!first) return lookupLater(name, options);
    return options.all ? [first, ...others] : first;
  }) as typeof dns.promises.lookup;

  syncBuiltinESMExports();
}
