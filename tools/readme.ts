/** Writes the README's table of settings, which is made from Pulumi.yaml: `npm run readme`. */
import { load } from "js-yaml";
import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";

interface Setting {
  readonly type?: string;
  readonly items?: { readonly type: string };
  readonly default?: unknown;
  readonly value?: unknown;
  readonly description?: string;
}

const root = join(import.meta.dirname, "..");
const begin = "<!-- settings: begin -->";
const end = "<!-- settings: end -->";

/** The README with the table of the settings that `project`, a Pulumi.yaml, declares. */
export async function withSettings(readme: string, project: string): Promise<string> {
  const { config } = load(project) as { config: Record<string, Setting> };
  const rows = Object.entries(config).map(([key, setting]) => [
    `\`${key}\``,
    setting.items ? `${setting.items.type}s` : (setting.type ?? typeof setting.value),
    `\`${JSON.stringify(setting.default ?? setting.value)}\``,
    // A key of another namespace can have a value only, so Pulumi.yaml has no description for it.
    setting.description ?? "The region of everything",
  ]);
  const table = [["setting", "type", "default", "description"], ["-", "-", "-", "-"], ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`)
    .join("\n");
  const [before, rest] = readme.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) {
    throw new Error(`README.md lacks "${begin}" and "${end}"\nremedy: put them around the table`);
  }
  // As the check of the formatting wants it.
  const options = { ...(await resolveConfig(join(root, "README.md"))), parser: "markdown" };
  return before + (await format(`${begin}\n\n${table}\n\n${end}\n`, options)).trimEnd() + after;
}

if (import.meta.filename === realpathSync(process.argv[1]!)) {
  const file = join(root, "README.md");
  const project = readFileSync(join(root, "Pulumi.yaml"), "utf8");
  writeFileSync(file, await withSettings(readFileSync(file, "utf8"), project));
}
