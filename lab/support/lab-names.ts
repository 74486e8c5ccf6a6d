/**
 * Has a program find the names that only the lab's internet knows, as `lab/in` has curl. Loaded by `lab/ops`, with
 * `--import` in NODE_OPTIONS, which the programs that it starts do not inherit.
 */
import dns from "node:dns";
import { readFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const hosts = `${process.env.LAB_HOME}/share/dns/hosts`;
process.env.NODE_OPTIONS = (process.env.NODE_OPTIONS ?? "").replace(
  `--import=${import.meta.url}`,
  "",
);

/** The addresses of a name, from lines `ADDRESS NAME`, as of now. */
function addressesOf(name: string): { address: string; family: number }[] {
  let text = "";
  try {
    text = readFileSync(hosts, "utf8");
  } catch {
    // The lab has no such names yet.
  }
  return text
    .split("\n")
    .map((line) => line.split(" "))
    .filter(([, known]) => known === name)
    .map(([address]) => ({ address: address!, family: 4 }));
}

type Callback = (error: Error | null, address?: unknown, family?: number) => void;
const { lookup } = dns;
const lookupLater = dns.promises.lookup;

dns.lookup = ((name: string, options: dns.LookupOptions, callback: Callback) => {
  const found = addressesOf(name);
  if (found.length === 0) return lookup(name, options, callback);
  // As dns.lookup, which never calls back at once.
  setImmediate(() =>
    options.all ? callback(null, found) : callback(null, found[0]!.address, found[0]!.family),
  );
}) as typeof dns.lookup;

dns.promises.lookup = (async (name: string, options: dns.LookupOptions = {}) => {
  const found = addressesOf(name);
  if (found.length === 0) return lookupLater(name, options);
  return options.all ? found : found[0];
}) as typeof dns.promises.lookup;

syncBuiltinESMExports();
