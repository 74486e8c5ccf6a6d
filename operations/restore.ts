/** Puts a backup in the place of the live schema, or tries one out: restore, restore-test. */
import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { Readable } from "node:stream";
import { backupLine, chooseBackup, stated, type StoredBackup } from "./backup-store.ts";
import { storeOf } from "./backup-places.ts";
import { parseBackups, type Backup } from "./backups.ts";
import { Failure } from "./failure.ts";
import { age, time } from "./format.ts";
import { RemoteFailure, RemoteMachine } from "./machine.ts";
import { checkLateSignals, Interrupted, interrupted } from "./processes.ts";

interface RestoreOptions {
  readonly yes?: true;
  readonly from?: string;
}

export function restore(
  stack: string | undefined,
  { yes, from }: RestoreOptions,
  words: readonly string[],
): Promise<number> {
  return RemoteMachine.with(stack, async (machine) => {
    if (from !== undefined) return restoreFrom(machine, from, yes, words);
    const chosen = await machine.read('"$bin/backups.sh" choose "$@"', words);
    const [backup] = parseBackups(chosen);
    if (!backup) throw new Failure("there is no backup", `make one: ${machine.ops("backup")}`);
    show(machine, backup, "everything written since then");
    if (!yes) await confirm(machine.stack.name, machine.ops("restore", backup.key, "--yes"));
    return exchange(machine, backup.key);
  });
}

/** Copies a backup from elsewhere into the stack's bucket, and restores it as one of its own. */
async function restoreFrom(
  machine: RemoteMachine,
  from: string,
  yes: true | undefined,
  words: readonly string[],
): Promise<number> {
  const { backup, place } = await chooseFrom(machine, from, "restore", words);
  const [line] = parseBackups(backupLine(backup.place, backup.manifest));
  show(machine, line!, "everything that the database has now");
  const command = machine.ops("restore", "--from", backup.place, "--yes");
  if (!yes) await confirm(machine.stack.name, command);
  return exchange(machine, await copyIn(machine, backup, place, command));
}

/** The backup that --from names, and the place that has others. @throws {Failure} if the words name one, too */
async function chooseFrom(
  machine: RemoteMachine,
  from: string,
  command: "restore" | "restore-test",
  words: readonly string[],
) {
  if (words.length > 0)
    throw new Failure(
      `${command} has a backup, ${words[0]}, and --from ${from}: it takes one of them`,
      "name a backup of another stack as --from s3://BUCKET/backups/NAME",
    );
  const { store, named } = await storeOf(machine, from);
  return { backup: await chooseBackup(store, named), place: store.about.place };
}

export function restoreTest(
  stack: string | undefined,
  { from }: { readonly from?: string },
  words: readonly string[],
): Promise<number> {
  return RemoteMachine.with(stack, async (machine) => {
    const program = '"$bin/deploy-lock.sh" restore-test.sh "$@" && "$bin/publish-status.sh"';
    const test = async (key: readonly string[]) => (await machine.change(program, key)).status;
    if (from === undefined) return test(words);
    const { backup, place } = await chooseFrom(machine, from, "restore-test", words);
    const command = machine.ops("restore-test", "--from", backup.place);
    return test([await copyIn(machine, backup, place, command)]);
  });
}

/** Copies into the stack's bucket, the manifest last; resolves to the key there. Nothing live is touched. */
async function copyIn(
  machine: RemoteMachine,
  { place, manifest, files, open }: StoredBackup,
  from: string,
  command: string,
): Promise<string> {
  /** Runs scripts/import.sh with an input. */
  const send = async (words: readonly string[], stdin: Readable) => {
    const program = 'exec "$bin/import.sh" "$@"';
    const { status, stdout } = await machine.run(program, words, { stdin, stdout: "pipe" });
    if (status !== 0) throw new RemoteFailure(status);
    return stdout.trim();
  };
  let reading = "manifest";
  try {
    const key = await send(["begin", place, from], Readable.from([manifest]));
    for (const { name, size } of files) {
      console.error(`copies    ${name}, ${(size / 1e6).toFixed(1)} MB`);
      reading = name;
      const sum = stated(manifest, `sha256 ${name}`) ?? "-";
      await send(["put", key, name, `${size}`, sum], await open(name));
    }
    await send(["end", key, place], Readable.from([manifest]));
    return key;
  } catch (error) {
    await checkLateSignals();
    if (error instanceof RemoteFailure || error instanceof Interrupted) throw error;
    const unchanged = ";\n       the live schema is unchanged";
    const { message } = error as Error;
    if (error instanceof Failure) throw new Failure(message + unchanged, error.remedy);
    const problem = `${place}/${reading} was not read to its end: ${message}${unchanged}`;
    throw new Failure(problem, `try again: ${command}`);
  }
}

async function exchange(machine: RemoteMachine, key: string): Promise<number> {
  return (await machine.change('exec "$bin/deploy-lock.sh" restore.sh "$@"', [key])).status;
}

/** Says what a restore would do. */
function show(machine: RemoteMachine, backup: Backup, loss: string): void {
  const { name, outputs } = machine.stack;
  const { created, reason, revision, rows, files } = backup;
  console.error(`restores  ${backup.key}
          made ${time(created)}, ${age(created)} ago; reason ${reason}; rows ${rows}; files ${files}; schema ${revision}
into      the database of stack ${name}, app server ${outputs.appServerPublicIp}
loses     ${loss}; a backup of the present state is made first`);
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
