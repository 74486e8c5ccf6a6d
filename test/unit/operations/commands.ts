/**
 * The exit status and the first line of every command for each way to call it. commands.test.ts runs the commands and
 * compares.
 *
 * usage: node test/unit/operations/commands.ts    prints the table of docs/operations.md
 */
import { realpathSync } from "node:fs";

/** Ways to call a command, with the arguments that are added to it. */
export const ways = {
  nothing: [],
  "--help": ["--help"],
  "unknown option": ["--nosuch"],
  "unknown word": ["nosuch"],
  "unknown stack": ["--stack", "nosuch"],
  "no outputs": ["--stack", "empty"],
  unreachable: [],
  "Ctrl-C": [],
} as const;
export type Way = keyof typeof ways;

/** Exit status, and the first line after the one that names the stack; "" if there is none. */
export type Outcome = readonly [status: number, line: string];

/** The same for all commands. */
const always = {
  "unknown stack": [1, "error: there is no stack nosuch"],
  "no outputs": [1, "error: stack empty has no outputs: it is not up"],
  unreachable: [
    1,
    "error: the app server cannot be reached at 198.51.100.7 port 22: Connection timed out",
  ],
  "unknown option": [2, "error: unknown option '--nosuch'"],
} satisfies Partial<Record<Way, Outcome>>;

const surplus = (command: string) => `error: ${command} takes no argument: nosuch`;
const unchanged = "interrupted; nothing was changed";
const mayGoOn =
  "interrupted; the command may still run on the app server: ./ops status shows the deploy lock while it does";

/** A command that takes no word. `line` is what the fixture's script prints first. */
const plain = (command: string, line: string, interrupted: string): Record<Way, Outcome> => ({
  ...always,
  nothing: [0, line],
  "--help": [0, `Usage: ./ops ${command} [options]`],
  "unknown word": [2, surplus(command)],
  "Ctrl-C": [130, interrupted],
});

const missing: Outcome = [2, "error: missing required argument 'repository'"];
/** It needs no stack, and connects to none. */
const withoutRepository = { nothing: missing, unreachable: missing, "Ctrl-C": missing };

export const commands: Readonly<Record<string, Record<Way, Outcome>>> = {
  status: plain("status", "serves        NOTHING", unchanged),
  verify: {
    ...plain("verify", "(the table)", mayGoOn),
    // The checks from this computer still print their results.
    unreachable: [1, "(the table)"],
  },
  releases: plain("releases", "release  time (UTC)        commit  schema  what      by", unchanged),
  rollback: plain("rollback", "(what the script prints)", mayGoOn),
  patch: plain("patch", "(what the script prints)", mayGoOn),
  logs: plain("logs", "(what the script prints)", ""),
  backup: plain("backup", "(what the script prints)", mayGoOn),
  backups: plain("backups", "backup               age  rows  files  schema  commit", unchanged),
  restore: {
    ...plain("restore", "", unchanged),
    nothing: [1, "restores  backups/now-nightly"],
    "--help": [0, "Usage: ./ops restore [options] [backup]"],
    "unknown word": [1, "error: there is no backup nosuch"],
  },
  "restore-test": {
    ...plain("restore-test", "(what the script prints)", mayGoOn),
    "--help": [0, "Usage: ./ops restore-test [options] [backup]"],
    "unknown word": [1, "error: there is no backup nosuch"],
  },
  ssh: {
    ...plain("ssh", "(the login shell)", ""),
    "--help": [0, "Usage: ./ops ssh [options] [command...]"],
    "unknown word": [127, "(runs it there)"],
  },
  app: {
    ...plain("app", "(flask shell)", ""),
    "--help": [0, "Usage: ./ops app [options] [command...]"],
    "unknown word": [127, "(runs it there)"],
  },
  mysql: {
    ...plain("mysql", "(the mysql client)", ""),
    "--help": [0, "Usage: ./ops mysql [options] [arguments...]"],
    "unknown word": [127, "(runs it there)"],
  },
  init: {
    ...withoutRepository,
    "--help": [0, "Usage: ./ops init [options] <repository> [commit]"],
    "unknown option": always["unknown option"],
    "unknown word": [1, "error: the repository nosuch cannot be read: …"],
    "unknown stack": [2, "error: unknown option '--stack'"],
    "no outputs": [2, "error: unknown option '--stack'"],
  },
};

/** A Markdown table of exit statuses, each with the letter of a first line, and the list of these lines. */
export function asMarkdown(): string {
  const lines: string[] = [];
  const letter = (command: string, line: string) => {
    const general = line
      .replace(`/ops ${command} `, "/ops COMMAND ")
      .replace(`: ${command} `, ": COMMAND ");
    if (!lines.includes(general)) lines.push(general);
    return String.fromCharCode("a".charCodeAt(0) + lines.indexOf(general));
  };
  const rows = Object.entries(commands).map(([command, outcomes]) => {
    const cells = (Object.keys(ways) as Way[]).map((way) => {
      const [status, line] = outcomes[way];
      return line ? `${status} ${letter(command, line)}` : `${status}`;
    });
    return `| ${[command, ...cells].join(" | ")} |`;
  });
  const head = ["", ...Object.keys(ways)];
  return [
    `| ${head.join(" | ")} |`,
    `| ${head.map(() => "-").join(" | ")} |`,
    ...rows,
    "",
    ...lines.map((line) => `- ${letter("", line)}: ${line.startsWith("(") ? line : `\`${line}\``}`),
    "",
  ].join("\n");
}

if (import.meta.filename === realpathSync(process.argv[1]!)) console.log(asMarkdown());
