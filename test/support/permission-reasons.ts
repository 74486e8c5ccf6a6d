/** The table of rights in docs/permissions.md that no run of the tests uses. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The reason of each action, by action. */
export function reasonsOf(): Map<string, string> {
  const page = readFileSync(join(import.meta.dirname, "../../docs/permissions.md"), "utf8");
  const rows = page.matchAll(/^\| ((?:`[a-z0-9-]+:\w+`(?:, )?)+) +\| (.*?) +\|/gm);
  return new Map(
    [...rows].flatMap(([, actions, reason]) =>
      [...actions!.matchAll(/`([^`]+)`/g)].map(([, action]) => [action!, reason!] as const),
    ),
  );
}

/** The reason of what the lab's provider does not ask AWS for, and the real one does: the contract test shows it. */
export const ofProvider = "Pulumi's AWS provider asks for it";
