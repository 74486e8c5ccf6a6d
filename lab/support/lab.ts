/** A lab of a test's own: lab/up, lab/pulumi and lab/down under another name. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { rootCertificates, setDefaultCACertificates } from "node:tls";
import type { Deployment } from "./orphans.ts";

const root = join(import.meta.dirname, "../..");

/** What a command printed and how it ended. */
export interface Result {
  /** Exit status; 128 + n after signal n, as a shell says it. */
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end, whatever that is. `env` is laid over this process's own. */
export function run(
  command: string,
  args: string[],
  { env = {}, input = "" }: { env?: Record<string, string>; input?: string } = {},
): Promise<Result> {
  return new Promise((resolve) => {
    const options = { cwd: root, env: { ...process.env, ...env }, maxBuffer: 64 << 20 };
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      const status = error ? (typeof error.code === "number" ? error.code : 255) : 0;
      resolve({ status, stdout, stderr });
    });
    // A program may end without having read its input.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}

/** As {@link run}, and throws with all that was printed unless it succeeds. Resolves to standard output. */
export async function succeed(
  ...[command, args, options]: Parameters<typeof run>
): Promise<string> {
  const { status, stdout, stderr } = await run(command, args, options);
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(" ")} ended with ${status}:\n${stdout}\n${stderr}`);
}

/** What a process with pipes prints, both streams together, as it comes: call the result at any time. */
export function outputOf({ stdout, stderr }: ChildProcess): () => string {
  let output = "";
  for (const stream of [stdout, stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  return () => output;
}

export class Lab {
  readonly home: string;
  private readonly env: Record<string, string>;
  readonly name: string;

  /** @param name begins with `test-`, so that lab/test removes the lab if the test cannot */
  constructor(name: string) {
    this.name = name;

    this.home = join(root, ".lab", name);
    this.env = { LAB_NAME: name, LAB_OF_TESTS: "1" };
  }

  up(): Promise<string> {
    return succeed("lab/up", [], { env: this.env });
  }

  /** Runs lab/up whether it succeeds or not. */
  tryUp(env: Record<string, string> = {}): Promise<Result> {
    return run("lab/up", [], { env: { ...this.env, ...env } });
  }

  down(): Promise<string> {
    return succeed("lab/down", [], { env: this.env });
  }

  /** Has this process trust the certificates of the lab's Let's Encrypt, whose root is new with each lab. */
  async trust(): Promise<void> {
    const root = await readFile(join(this.home, "ca.pem"), "utf8");
    setDefaultCACertificates([...rootCertificates, root]);
  }

  /** Runs the CLI and throws unless it succeeds; resolves to its standard output. */
  pulumi(...args: string[]): Promise<string> {
    return succeed("lab/pulumi", args, { env: this.env });
  }

  /** Sets a secret of a stack by standard input. */
  setSecret(key: string, value: string, ...args: string[]): Promise<string> {
    const set = [...args, "config", "set", "--secret", key];
    return succeed("lab/pulumi", set, { env: this.env, input: value });
  }

  /** Runs the CLI whether it succeeds or not. */
  tryPulumi(...args: string[]): Promise<Result> {
    return run("lab/pulumi", args, { env: this.env });
  }

  /** Starts the CLI; its process is the engine itself. */
  startPulumi(...args: string[]): ChildProcess {
    return spawn("lab/pulumi", args, {
      cwd: root,
      env: { ...process.env, ...this.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  /** Runs an operation and throws unless it succeeds; resolves to its standard output. */
  ops(...args: string[]): Promise<string> {
    return succeed("lab/ops", args, { env: this.env });
  }

  /** Runs an operation whether it succeeds or not. */
  tryOps(...args: string[]): Promise<Result> {
    return run("lab/ops", args, { env: this.env });
  }

  /** Runs a program in the environment of the lab, which is up; resolves to its standard output. */
  in(...command: string[]): Promise<string> {
    return succeed("lab/in", command, { env: this.env });
  }

  /** Configuration of the AWS SDK's clients. */
  async client() {
    const [, port] = (await readFile(join(this.home, "subnet"), "utf8")).trim().split(" ");
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    return { region: "us-west-2", endpoint: `http://127.0.0.1:${port}`, credentials };
  }

  /** The outputs of stack dev, or of another by `--stack NAME`; secrets in clear. */
  async outputs(...args: string[]): Promise<Record<string, string>> {
    const printed = await this.pulumi("stack", "output", "--json", "--show-secrets", ...args);
    return JSON.parse(printed) as Record<string, string>;
  }

  /** What the CLI exports of the state of stack dev, or of another by `--stack NAME`. */
  async state(...args: string[]): Promise<Deployment> {
    const exported = await this.pulumi(...args, "stack", "export");
    return (JSON.parse(exported) as { deployment: Deployment }).deployment;
  }

  /** The token that opens the private repository which the lab lets stacks publish to. */
  async publishToken(): Promise<string> {
    return (await readFile(join(this.home, "share/git-token"), "utf8")).trim();
  }
}
