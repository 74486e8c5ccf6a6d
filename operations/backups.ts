/** Which backups there are, and trying one out or putting it back: backups, restore, restore-test. */
import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { Failure } from "./failure.ts";
import { age, table, tabSeparated, time } from "./format.ts";
import { RemoteMachine } from "./machine.ts";
import { checkLateSignals, interrupted } from "./processes.ts";

interface Backup {
  readonly key: string;
  readonly created: string;
  readonly reason: string;
  /** Of the schema. */
  readonly revision: string;
  /** That served. */
  readonly commit: string;
  /** Of all tables together. */
  readonly rows: string;
  /** Number of the app's files; a dash if it has none. */
  readonly files: string;
}

function parseBackups(text: string): Backup[] {
  return tabSeparated(text).map(([key, created, reason, revision, commit, rows, files]) => ({
    ...{ key: key ?? "", created: created ?? "", reason: reason ?? "-" },
    ...{ revision: revision ?? "-", commit: commit ?? "-", rows: rows ?? "?", files: files ?? "-" },
  }));
}

/** Lines of at most 100 columns, if keys have no more than 44. */
export function backupTable(text: string, now = Date.now()): string[] {
  const rows = parseBackups(text).map(({ key, created, revision, commit, rows, files }) => [
    ...[key, age(created, now), rows, files, revision.slice(0, 12), commit.slice(0, 12)],
  ]);
  return table([["backup", "age", "rows", "files", "schema", "commit"], ...rows]);
}

export function backups(stack: string | undefined): Promise<number> {
  return RemoteMachine.with(stack, async (machine) => {
    const lines = backupTable(await machine.read('"$bin/backups.sh"'));
    if (lines.length === 1)
      console.error(`There is no backup yet. One is made by: ${machine.ops("backup")}`);
    else console.log(lines.join("\n"));
    return 0;
  });
}

export function restoreTest(
  stack: string | undefined,
  _: object,
  words: readonly string[],
): Promise<number> {
  return RemoteMachine.with(stack, async (machine) => {
    const program = '"$bin/deploy-lock.sh" restore-test.sh "$@" && "$bin/publish-status.sh"';
    return (await machine.change(program, words)).status;
  });
}

export function restore(
  stack: string | undefined,
  { yes }: { readonly yes?: true },
  words: readonly string[],
): Promise<number> {
  return RemoteMachine.with(stack, async (machine) => {
    const chosen = await machine.read('"$bin/backups.sh" choose "$@"', words);
    const [backup] = parseBackups(chosen);
    if (!backup) throw new Failure("there is no backup", `make one: ${machine.ops("backup")}`);
    const { name, outputs } = machine.stack;
    const { created, reason, revision, rows, files } = backup;
    console.error(`restores  ${backup.key}
          made ${time(created)}, ${age(created)} ago; reason ${reason}; rows ${rows}; files ${files}; schema ${revision}
into      the database of stack ${name}, app server ${outputs.appServerPublicIp}
loses     everything written since then; a backup of the present state is made first`);
    if (!yes) await confirm(name, machine.ops("restore", backup.key, "--yes"));
    return (await machine.change('exec "$bin/deploy-lock.sh" restore.sh "$@"', [backup.key]))
      .status;
  });
}

/** @throws unless the user types the stack's name; `command` is the one that does not ask */
async function confirm(name: string, command: string): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw new Failure(
      "restore asks before it goes on, and this is not a terminal",
      `run: ${command}`,
    );
  // Without a mode of its own, so that Ctrl-C is the signal that it is elsewhere.
  const input = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    const question = "Type the stack's name to restore: ";
    const closed = once(input, "close").then(() => "");
    const answer = await Promise.race([input.question(question, { signal: interrupted }), closed]);
    if (answer.trim() !== name)
      throw new Failure(
        `nothing was restored: the stack's name is ${name}, not '${answer.trim()}'`,
        `run the same command again and type ${name}`,
      );
  } catch (error) {
    await checkLateSignals();
    throw error;
  } finally {
    input.close();
  }
}
