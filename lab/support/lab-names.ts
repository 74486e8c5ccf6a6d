/**
 * Has a program find the names that only the lab's internet knows, as `lab/in` has curl. Loaded by `lab/ops`, with
 * `--import` in NODE_OPTIONS, which the programs that it starts do not inherit.
 */
import { readFileSync } from "node:fs";
import { answerLookups } from "./lookup.ts";

const hosts = `${process.env.LAB_HOME}/share/dns/hosts`;
process.env.NODE_OPTIONS = (process.env.NODE_OPTIONS ?? "").replace(
  `--import=${import.meta.url}`,
  "",
);

/** From lines `ADDRESS NAME`, as of now. */
answerLookups((name) => {
  let text = "";
  try {
    text = readFileSync(hosts, "utf8");
  } catch {
    // The lab has no such names yet.
  }
  return text
    .split("\n")
    .map((line) => line.split(" "))
    .flatMap(([address, known]) => (known === name ? [address!] : []));
});
