/** Writes docs/settings.md from Pulumi.yaml: `npm run docs`. */
import { load } from "js-yaml";
import { readFileSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface Setting {
  readonly type?: string;
  readonly items?: { readonly type: string };
  readonly default?: unknown;
  readonly value?: unknown;
  readonly description?: string;
}

/** Columns; prettier breaks the lines of Markdown there. */
const width = 100;

const introduction = [
  "# Settings",
  "",
  "Generated from `Pulumi.yaml` by `npm run docs`.",
  "",
  "`pulumi config set KEY VALUE` writes a value into the file of the stack. Add `--secret` where a",
  "setting asks for it. Before the program creates anything, it reports all problems at once, unknown",
  "keys too, each with its limit and remedy. [Updates](updates.md) says what a change does to a running",
  "stack.",
];

/** The page of the settings that `project`, the text of a Pulumi.yaml, declares. */
export function settingsPage(project: string): string {
  const { config } = load(project) as { config: Record<string, Setting> };
  const items = Object.entries(config).map(([key, setting]) => {
    const type = setting.items ? `list of ${setting.items.type}s` : setting.type;
    const initial = JSON.stringify(setting.default ?? setting.value);
    // Pulumi allows no description for a key of another namespace.
    const description = setting.description ?? "The region of all resources.";
    return wrapped(
      `- **\`${key}\`**, ${type ?? typeof setting.value}, default \`${initial}\`. ${description.replace(/\.?$/, ".")}`,
    );
  });
  return [...introduction, "", ...items, ""].join("\n");
}

/** An item of a list, broken into lines of at most {@link width} columns where it has blanks. */
function wrapped(item: string): string {
  const lines = [""];
  for (const word of item.split(" ")) {
    const line = lines.at(-1)!;
    if (!line) lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(`  ${word}`);
  }
  return lines.join("\n");
}

if (import.meta.filename === realpathSync(process.argv[1]!)) {
  const root = join(import.meta.dirname, "..");
  const project = readFileSync(join(root, "Pulumi.yaml"), "utf8");
  writeFileSync(join(root, "docs/settings.md"), settingsPage(project));
}
