/** The rights that no run of the lab uses, with their reasons: a section of docs/permissions.md. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The reason of each action, by action. */
export function reasonsOf(): Map<string, string> {
  const page = readFileSync(join(import.meta.dirname, "../../docs/permissions.md"), "utf8");
  const [, section = ""] = page.split("## Rights that no run of the lab uses\n");
  const items = section.split(/^- /m).map((item) => item.replace(/\s+/g, " ").trim());
  const found = items.map((item) => /^((?:`[a-z0-9-]+:\w+`(?:, )?)+): (.*)$/.exec(item));
  return new Map(
    found.flatMap((match) =>
      [...(match?.[1] ?? "").matchAll(/`([^`]+)`/g)].map(
        ([, action]) => [action!, match![2]!] as const,
      ),
    ),
  );
}

/** The reason of what the lab's provider does not ask AWS for, and the real one does: the contract test shows it. */
export const ofProvider = "Pulumi's AWS provider asks for it";
