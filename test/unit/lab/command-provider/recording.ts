import type { RunningCommand } from "../../../../lab/providers/command/run.ts";

/** What the engine would be told by an operation; `gone` is `signal` unless it is given. */
export function recording(signal = new AbortController().signal, gone = signal) {
  const lines: string[] = [];
  const running: RunningCommand = {
    status: (line) => lines.push(line),
    signal,
    gone,
  };
  return { lines, running };
}

/** The message of the error that the work is expected to end with. */
export async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("succeeded, and should not have");
}
