import type { RunningCommand } from "../../../../lab/providers/command/run.ts";

/** Records the lines that an operation sends to the engine. `gone` defaults to `signal`. */
export function recording(signal = new AbortController().signal, gone = signal) {
  const lines: string[] = [];
  const running: RunningCommand = {
    status: (line) => lines.push(line),
    signal,
    gone,
  };
  return { lines, running };
}

/** The error message of work that must fail. */
export async function failureOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("succeeded, and should not have");
}
