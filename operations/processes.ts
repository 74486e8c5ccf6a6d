/** Child processes, which get the signals that this process gets. */
import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";

type Signal = "SIGINT" | "SIGTERM" | "SIGHUP";

/** Thrown where this process has got a signal. */
export class Interrupted extends Error {
  /** Exit status, as a shell says it. */
  readonly status: number;

  constructor(signal: Signal) {
    super(signal);
    this.status = 128 + constants.signals[signal];
  }
}

export interface Ended {
  /** Exit status; 128 + n after signal n. */
  readonly status: number;
  /** Empty if it is not a pipe. */
  readonly stdout: string;
  readonly stderr: string;
}

const running = new Set<ChildProcess>();
const interruption = new AbortController();
let received: Signal | undefined;

/** Aborted by a signal. */
export const interrupted = interruption.signal;

/** From now on a signal ends the children, and this process by {@link Interrupted}. */
export function passSignalsOn(): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      received ??= signal;
      for (const child of running) child.kill(signal);
      interruption.abort();
    });
  }
}

/** @throws {Interrupted} if this process has got a signal */
export function checkSignals(): void {
  if (received) throw new Interrupted(received);
}

/**
 * As {@link checkSignals}, after something has ended that Ctrl-C ends as well: a child, or a terminal's input. This process
 * may hear of the signal later: the kernel can give it to another thread, which waits for a busy processor.
 */
export async function checkLateSignals(milliseconds = 100): Promise<void> {
  await setTimeout(milliseconds);
  checkSignals();
}

/**
 * Runs a program to its end. A pipe to its standard input has what `input` has, or stays open as long as this process lives.
 *
 * @throws what `input` ends with, if it breaks off; the program is ended then
 */
export async function run(
  program: string,
  args: readonly string[],
  { cwd, stdio, input }: { cwd?: string; stdio: StdioOptions; input?: Readable | undefined },
): Promise<Ended> {
  checkSignals();
  const child = spawn(program, args, { cwd, stdio });
  running.add(child);
  try {
    const [[code, signal], stdout, stderr] = await Promise.all([
      once(child, "close") as Promise<[number | null, NodeJS.Signals]>,
      child.stdout ? text(child.stdout) : "",
      child.stderr ? text(child.stderr) : "",
      input && feed(child, input),
    ]);
    // A child that succeeded was not ended by a signal, so a short wait is enough.
    await checkLateSignals(code === 0 ? 1 : undefined);
    return { status: code ?? 128 + constants.signals[signal], stdout, stderr };
  } finally {
    running.delete(child);
  }
}

async function feed(child: ChildProcess, input: Readable): Promise<void> {
  let broken: Error | undefined;
  input.once("error", (error) => {
    broken = error;
    // Before its input ends, which it could take for the whole.
    child.kill();
  });
  // A child that reads no more has ended, and its status says why.
  await pipeline(input, child.stdin!).catch(() => undefined);
  await checkLateSignals(1);
  if (broken) throw broken;
}
