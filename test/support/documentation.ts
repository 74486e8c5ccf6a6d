/** The commands of README.md and docs/, for tests to run them as they are printed. */
import { expect } from "chai";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../lab/support/lab.ts";

const root = join(import.meta.dirname, "../..");

/** README.md, CONTRIBUTING.md and all of docs/, as paths in the repository. */
export const pages: readonly string[] = [
  "README.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(root, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`),
];

export const textOf = (page: string) => readFileSync(join(root, page), "utf8");

export interface Command {
  readonly line: string;
  /** Lines of its output, in their order; … stands for anything. */
  readonly prints: string[];
}

/** Commands below each other. */
export interface Block {
  /** The heading that it is under. */
  readonly section: string;
  /** The text before it, up to the first full stop, comma or colon. */
  readonly title: string;
  readonly commands: Command[];
}

/** All of a page's, or those under a heading. */
export function blocks(page: string, heading?: string): Block[] {
  return textOf(page)
    .split(/^#+ /m)
    .flatMap((text) => {
      const [section = "", ...rest] = text.split("\n");
      return heading === undefined || section === heading ? blocksOf(section, rest) : [];
    });
}

function blocksOf(section: string, lines: readonly string[]): Block[] {
  const found: Block[] = [];
  let title = "";
  for (const paragraph of lines.join("\n").replace(/^\n+/, "").trimEnd().split("\n\n")) {
    if (!paragraph.startsWith("    ")) {
      title = paragraph.replaceAll("\n", " ").split(/[.,:]/)[0]!;
      continue;
    }
    const commands: Command[] = [];
    for (const line of paragraph.split("\n").map((text) => text.trim())) {
      if (line.startsWith("# ")) commands.at(-1)!.prints.push(line.slice(2));
      else commands.push({ line: line.replace(/\s+# .*/, ""), prints: [] });
    }
    found.push({ section, title, commands });
  }
  return found;
}

/** Lines of the block under the heading that has a line which begins so. @throws if there is none */
export function linesOf(page: string, heading: string, begin: string): string[] {
  const all = blocks(page, heading).map(({ commands }) => commands.map(({ line }) => line));
  const found = all.find((lines) => lines.some((line) => line.startsWith(begin)));
  if (!found) throw new Error(`${page} has no "${begin}" under "${heading}"`);
  return found;
}

/** Runs a command in the lab. It must end well, unless it is to print an error. */
export async function follow({ line, prints }: Command, labName: string): Promise<void> {
  const env = { LAB_NAME: labName };
  const { status, stdout, stderr } = await run("bash", ["-c", line], { env });
  const printed = `${stdout}\n${stderr}`;
  const fails = prints.some((text) => text.includes("error: "));
  expect(status === 0, `${line} ended with ${status}:\n${printed}`).to.equal(!fails);
  const lines = printed.split("\n").map((text) => text.trim());
  let from = 0;
  for (const expected of prints) {
    const pattern = expected
      .split("…")
      .map((text) => text.trim().replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const whole = new RegExp(`^${pattern.join(".*")}$`);
    const at = lines.slice(from).findIndex((text) => whole.test(text));
    expect(at, `${line} does not print "${expected}" but:\n${printed}`).to.be.at.least(0);
    from += at + 1;
  }
}
