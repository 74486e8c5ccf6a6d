/** The README's walk: its commands, with what it says that they print. Steps of first light. */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import type { Scene } from "./network-changes.ts";
import { run } from "./lab.ts";

interface Command {
  readonly line: string;
  /** Lines of its output, in their order; … stands for anything. */
  readonly prints: string[];
}

/** A paragraph of the walk. */
export interface Stage {
  /** The text before the commands, up to the first full stop or comma. */
  readonly title: string;
  readonly commands: Command[];
}

/** The walk's paragraphs with their commands; the last one takes all away again. */
export function stages(): Stage[] {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const walk = readme.split("\n### A walk\n")[1]!.split("\n### ")[0]!;
  const found: Stage[] = [];
  for (const paragraph of walk.trim().split("\n\n")) {
    if (!paragraph.startsWith("    ")) {
      found.push({ title: paragraph.replaceAll("\n", " ").split(/[.,:]/)[0]!, commands: [] });
      continue;
    }
    const { commands } = found.at(-1)!;
    for (const line of paragraph.split("\n").map((text) => text.trim())) {
      if (line.startsWith("# ")) commands.at(-1)!.prints.push(line.slice(2));
      else commands.push({ line, prints: [] });
    }
  }
  return found.filter(({ commands }) => commands.length > 0);
}

/** Runs a command of the walk in the lab. It must end well, unless it is to print an error. */
export async function follow({ line, prints }: Command, labName: string): Promise<void> {
  const env = { LAB_NAME: labName, PULUMI: "lab/pulumi" };
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

export function walk({ lab }: Scene): void {
  for (const { title, commands } of stages().slice(0, -1)) {
    it(`walks as the README says: ${title}`, async () => {
      for (const command of commands) await follow(command, lab.name);
    });
  }
}
