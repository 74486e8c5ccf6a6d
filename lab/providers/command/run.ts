import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import type { Connection, Dialing } from "./connection.ts";

/** The inputs of both Commands that a run depends on, secrets laid open. */
export interface CommandInputs {
  create?: string;
  update?: string;
  delete?: string;
  stdin?: string;
  logging?: "stdout" | "stderr" | "stdoutAndStderr" | "none";
  /** Of a local.Command, as what follows. */
  environment?: Record<string, string>;
  addPreviousOutputInEnv?: boolean;
  /** The default is /bin/sh -c. */
  interpreter?: string[];
  dir?: string;
  /** Of a remote.Command. */
  connection?: Connection;
}

/** What a run printed, each without its last line break. */
export interface Output {
  stdout: string;
  stderr: string;
}

export interface RunningCommand extends Dialing {
  /** Aborts when the engine has gone; `signal` also does on a timeout and on a cancellation. */
  gone: AbortSignal;
}

/** Throws with the exit status, the command and all it printed unless it ends with status 0. */
export type Run = (
  inputs: CommandInputs,
  command: string,
  previous: Output,
  running: RunningCommand,
) => Promise<Output>;

export const runLocal: Run = async (inputs, command, previous, running) => {
  const printed = new Printed(inputs.logging, running.status);
  const [program, ...args] = inputs.interpreter?.length ? inputs.interpreter : ["/bin/sh", "-c"];
  // Node would report a missing directory as a missing program.
  if (inputs.dir !== undefined && !existsSync(inputs.dir)) {
    return printed.end(`chdir ${inputs.dir}: no such file or directory`, command);
  }
  const failure = await new Promise<string | undefined>((resolve) => {
    const child = spawn(program!, [...args, command], {
      cwd: inputs.dir,
      env: { ...process.env, ...inputs.environment, ...previousOutput(inputs, previous) },
      stdio: [inputs.stdin ? "pipe" : "ignore", "pipe", "pipe"],
      // A group of its own: what the shell has started would keep the pipes open after it.
      detached: true,
    });
    const kill = () => {
      try {
        process.kill(-child.pid!, "SIGKILL");
      } catch {
        // It has not begun, or nothing is left of it.
      }
    };
    running.signal.addEventListener("abort", kill);
    if (running.signal.aborted) kill();
    child.stdout!.on("data", (chunk: Buffer) => printed.add("stdout", chunk));
    child.stderr!.on("data", (chunk: Buffer) => printed.add("stderr", chunk));
    // A command may end without reading what it was given.
    child.stdin?.on("error", () => undefined).end(inputs.stdin);
    child.once("error", (error) => child.pid ?? resolve(error.message));
    child.once("close", (code, signal) => {
      running.signal.removeEventListener("abort", kill);
      if (code === 0) resolve(undefined);
      else resolve(signal ? `signal: ${signal}` : `exit status ${code}`);
    });
  });
  return printed.end(failure, command);
};

/** The environment in which an update or a delete finds what the run before it printed. */
function previousOutput(
  { addPreviousOutputInEnv }: CommandInputs,
  { stdout, stderr }: Output,
): Record<string, string> {
  if (addPreviousOutputInEnv === false) return {};
  return {
    ...(stdout && { PULUMI_COMMAND_STDOUT: stdout }),
    ...(stderr && { PULUMI_COMMAND_STDERR: stderr }),
  };
}

/** Collects what a command prints and passes the wanted lines on as they come. */
export class Printed {
  private readonly texts: Output = { stdout: "", stderr: "" };
  private readonly begun: Output = { stdout: "", stderr: "" };
  private readonly decoders = { stdout: new StringDecoder(), stderr: new StringDecoder() };
  private mixed = "";
  private readonly wanted: string;
  private readonly log: (line: string) => void;

  constructor(logging: string | undefined, log: (line: string) => void) {
    this.wanted = (logging ?? "stdoutAndStderr").toLowerCase();
    this.log = log;
  }

  add(stream: keyof Output, chunk: Buffer): void {
    const text = this.decoders[stream].write(chunk);
    this.texts[stream] += text;
    this.mixed += text;
    if (!this.wanted.includes(stream)) return;
    const lines = (this.begun[stream] + text).split(/\r?\n/);
    this.begun[stream] = lines.pop()!;
    lines.forEach(this.log);
  }

  /** The output of a run that succeeded; throws with `failure` otherwise. */
  end(failure: string | undefined, command: string): Output {
    for (const line of [this.begun.stdout, this.begun.stderr]) if (line) this.log(line);
    if (failure) throw new Error(`${failure}: running ${JSON.stringify(command)}:\n${this.mixed}`);
    const { stdout, stderr } = this.texts;
    return { stdout: stdout.replace(/\n$/, ""), stderr: stderr.replace(/\n$/, "") };
  }
}
