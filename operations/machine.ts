/** The app server and, through it, the test server: what the operations run there, by SSH. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { quote } from "../deployer/shell.ts";
import { allowOwnAddress, type OwnAccess } from "../network/ssh-access.ts";
import { Failure } from "./failure.ts";
import { hostKeys, ops, pulumi, typed } from "./names.ts";
import { operator } from "./operator.ts";
import { readStack, type StackInUse } from "./outputs.ts";
import { checkSignals, interrupted, Interrupted, run, type Ended } from "./processes.ts";
import { sshArguments, sshFailure } from "./ssh.ts";

interface Streams {
  /** "pipe" is an input without an end. */
  readonly stdin?: "inherit" | "pipe" | "ignore" | Readable;
  /** A file's descriptor, or where it goes. */
  readonly stdout?: "inherit" | "pipe" | number;
  /** With a terminal of its own there. */
  readonly terminal?: boolean;
}

interface Manner {
  /** The server that is meant. */
  readonly to?: "app" | "test";
  /** Says nothing after Ctrl-C. */
  readonly quiet?: boolean;
  /** Whether it connects to the server; without it, it does. */
  readonly connects?: (stack: StackInUse) => boolean;
}

/** What is said after Ctrl-C. */
function goesOn(machine: RemoteMachine | undefined): string {
  if (!machine?.changing) return "interrupted; nothing was changed";
  return `interrupted; the command may still run on the app server: ${machine.ops("status")} shows the deploy lock while it does`;
}

/** Whether a person sits at both ends of this process. */
export const onTerminal = () => Boolean(process.stdin.isTTY && process.stdout.isTTY);

export class RemoteMachine {
  /** Something was begun there that changes the stack, and that may go on without this process. */
  changing = false;
  /** What came of letting this computer in; undefined if it was not tried. */
  private own: OwnAccess | undefined;
  readonly stack: StackInUse;
  private readonly directory: string;

  private constructor(stack: StackInUse, directory: string) {
    this.stack = stack;
    this.directory = directory;
  }

  /** Reads a stack, says which it is, and works with its machine. */
  static async with<T>(
    named: string | undefined,
    work: (machine: RemoteMachine) => Promise<T>,
    { to = "app", quiet = false, connects = () => true }: Manner = {},
  ): Promise<T> {
    const directory = mkdtempSync(join(tmpdir(), "flask-on-aws-"));
    // Also where an error or a signal ends this process.
    process.once("exit", () => rmSync(directory, { recursive: true, force: true }));
    let machine: RemoteMachine | undefined;
    try {
      const stack = await readStack(named);
      const { region, appServerPublicIp: app, testServerPrivateIp: test } = stack.outputs;
      console.error(`${stack.name} · ${region} · ${to === "app" ? app : `${test} through ${app}`}`);
      machine = new RemoteMachine(stack, directory);
      writeFileSync(machine.keyFile, stack.outputs.sshPrivateKey, { mode: 0o600 });
      if (connects(stack)) await machine.letIn();
      return await work(machine);
    } catch (error) {
      if (error instanceof Interrupted && !quiet) console.error(goesOn(machine));
      throw error;
    }
  }

  private get keyFile(): string {
    return join(this.directory, "key");
  }

  /** Of commands that are shown, with a space before, or nothing. */
  private get flags(): string {
    return this.stack.flags.length > 0 ? ` ${typed(...this.stack.flags)}` : "";
  }

  /** Lets this computer in by SSH. What goes wrong is told if there is no connection then: another rule may do. */
  private async letIn(): Promise<void> {
    const { sshAccess } = this.stack.outputs;
    if (!sshAccess?.ownAddress) return;
    this.own = await allowOwnAddress(sshAccess, this.flags, interrupted);
    checkSignals();
  }

  /** A command of these operations on this stack, to be shown. */
  ops(...words: readonly string[]): string {
    return `${ops} ${typed(...words, ...this.stack.flags)}`;
  }

  /** A command of Pulumi's on this stack, to be shown. */
  pulumi(...words: readonly string[]): string {
    return `${pulumi} ${typed(...words, ...this.stack.flags)}`;
  }

  /**
   * Runs a program of bash's on the app server, with `words` as its `$@` and the variables and functions of
   * scripts/common.sh. Its status is passed on, whatever it is.
   */
  open(program: string, words: readonly string[], streams: Streams): Promise<Ended> {
    // The scripts print commands for this stack.
    const whole = `export RELEASE_OWNER=${quote(operator())} STACK_FLAGS=${quote(this.flags)}; . /opt/flask-on-aws/bin/common.sh || exit 127; ${program}`;
    const remote = ["bash", "-c", whole, "ops", ...words].map(quote).join(" ");
    return this.ssh([remote], streams);
  }

  /** As {@link open}, for the scripts of this project. @throws if they are not there, or the connection is lost */
  async run(program: string, words: readonly string[] = [], streams: Streams = {}): Promise<Ended> {
    const ended = await this.open(program, words, { stdin: "ignore", ...streams });
    if (ended.status === 127)
      throw new Failure(
        "the app server lacks the scripts of this version of the project",
        `install them: ${this.pulumi("up")}`,
      );
    if (ended.status === 255)
      throw new Failure(
        `the connection to ${this.stack.outputs.appServerPublicIp} was lost`,
        `see what goes on there, then try again: ${this.ops("status")}`,
      );
    return ended;
  }

  /** As {@link run}, for what changes the stack. */
  change(program: string, words: readonly string[] = [], streams: Streams = {}): Promise<Ended> {
    this.changing = true;
    return this.run(program, words, streams);
  }

  /** As {@link run}; resolves to its output. @throws unless it succeeds, where it has said why */
  async read(program: string, words: readonly string[] = []): Promise<string> {
    const { status, stdout } = await this.run(program, words, { stdout: "pipe" });
    if (status !== 0) throw new RemoteFailure(status);
    return stdout;
  }

  /**
   * Runs a command line on a server, or without one the login shell.
   *
   * @throws if there is no connection
   */
  async ssh(
    line: readonly [string] | readonly [],
    { stdin = "inherit", stdout = "inherit", terminal = false }: Streams = {},
    to: "app" | "test" = "app",
  ): Promise<Ended> {
    const { outputs } = this.stack;
    const app = {
      ...{ address: outputs.appServerPublicIp, user: outputs.sshUser },
      hostKey: outputs.appServerHostKey,
    };
    const test = {
      ...app,
      address: outputs.testServerPrivateIp,
      hostKey: outputs.testServerHostKey,
    };
    const [log, connected] = [join(this.directory, "log"), join(this.directory, "connected")];
    rmSync(log, { force: true });
    rmSync(connected, { force: true });
    const here = `LocalCommand=touch ${quote(connected).replaceAll("%", "%%")}`;
    const args = [
      ...[terminal ? "-t" : "-T", "-o", "PermitLocalCommand=yes", "-o", here],
      // ssh's own words go to a file, so that this program can say what they mean.
      ...sshArguments(this.keyFile, to === "app" ? app : test, to === "app" ? undefined : app, [
        "-E",
        log,
      ]),
      ...line,
    ];
    const [input, mode] = typeof stdin === "string" ? [undefined, stdin] : [stdin, "pipe" as const];
    const ended = await run("ssh", args, { stdio: [mode, stdout, "inherit"], input }).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT" || error.syscall !== "spawn ssh") throw error;
        throw new Failure("ssh is not on PATH", "install OpenSSH's client, 8.5 or later");
      },
    );
    // 255 may also be the status of what ran there.
    if (ended.status === 255 && !existsSync(connected))
      throw this.unreachable(to, existsSync(log) ? readFileSync(log, "utf8") : "");
    return ended;
  }

  /** What it means that there is no connection, by ssh's own words. */
  private unreachable(to: "app" | "test", log: string): Failure {
    const { appServerPublicIp, testServerPrivateIp } = this.stack.outputs;
    const address = to === "app" ? appServerPublicIp : testServerPrivateIp;
    const where = `${address} port 22`;
    const { kind, said } = sshFailure(log);
    const evidence = said && `: ${said}`;
    if (kind === "other-key")
      return new Failure(
        `${where} has another host key than the stack's ${to} server${evidence}`,
        `if an up was interrupted, run it again: ${this.pulumi("up")};
        else do not go on before you know which machine has this address: ${this.pulumi("refresh")};
        if it is the stack's, replace the machine and its host key:
        ${this.pulumi("up", "--replace", hostKeys[to])}`,
      );
    if (kind === "refused")
      return new Failure(
        `the ${to} server at ${where} refuses the stack's key${evidence}`,
        `replace the machine and its host key: ${this.pulumi("up", "--replace", hostKeys[to])}`,
      );
    const problems = this.own?.problems ?? [];
    const found = problems.map(({ message }) => `\n       ${message}`).join("");
    const ways = problems.length > 0 ? problems.map(({ remedy }) => remedy) : [this.checkAddress()];
    return new Failure(
      `the ${to} server cannot be reached at ${where}${evidence}${found}`,
      `check that the machine runs: ${this.pulumi("refresh")};\n        ${ways.join(";\n        ")}`,
    );
  }

  /** What to look at where letting this computer in has met no problem. */
  private checkAddress(): string {
    const { sshAccess } = this.stack.outputs;
    if (!sshAccess)
      return `and have the stack let this computer in, which its last up did not: ${this.pulumi("up")}`;
    if (!this.own)
      return `and that your address is in adminCidrs: ${this.pulumi("config", "get", "adminCidrs")}`;
    return `and try another network: the stack lets ${this.own.address} in, and this one may forbid SSH`;
  }
}

/** What ran on the machine has failed, and has said why. */
export class RemoteFailure extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`ended with ${status}`);
    this.status = status;
  }
}
