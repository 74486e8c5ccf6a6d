/**
 * Prints the settings of a lab's stack, as YAML: those of a settings file, with values of the lab over them. Secrets of
 * the file are left out, because they are encrypted with the key of another stack.
 *
 * usage: stack-config.ts FILE KEY=VALUE…    VALUE is JSON
 */
import { dump, load } from "js-yaml";
import { readFileSync } from "node:fs";

const [file = "", ...pairs] = process.argv.slice(2);
const { config = {} } = load(readFileSync(file, "utf8")) as { config?: Record<string, unknown> };
const isSecret = (value: unknown) =>
  typeof value === "object" && value !== null && "secure" in value;
const kept = Object.entries(config).filter(([, value]) => !isSecret(value));
const own = pairs.map((pair) => {
  const at = pair.indexOf("=");
  return [pair.slice(0, at), JSON.parse(pair.slice(at + 1)) as unknown] as const;
});
process.stdout.write(dump({ config: { ...Object.fromEntries(kept), ...Object.fromEntries(own) } }));
