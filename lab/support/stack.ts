/** The stack of a running lab, as those see it who use it, change it and break it. */
import { EC2 } from "@aws-sdk/client-ec2";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Browser } from "./browser.ts";
import { outputOf, Lab, succeed, type Result } from "./lab.ts";
import { resolveAsInLab } from "./names.ts";
import { runOn, succeedOn } from "./ssh-to-machines.ts";

/** Flags of every `up`. */
const up = ["up", "--yes", "--skip-preview", "--non-interactive"];

/** Of the stack, by key. */
export type SettingValues = Record<string, string | number>;

/** A run of `up` that is under way. */
export interface RunningUp {
  /** What it has printed so far. */
  output(): string;
  over(): boolean;
  /** Ends its process, the engine, as a crash would. */
  kill(): void;
  readonly ended: Promise<Result>;
}

/** A commit of the app, and the text by which its login page is known. */
export interface Version {
  readonly commit: string;
  readonly text: string;
}

/** Changes the app's files in the directory that it is given. */
export type AppChange = (directory: string) => Promise<void>;

export class LabStack {
  readonly lab: Lab;
  /** Home directory of the one who logs in; holds the key and a clone of the app's repository. */
  private readonly user: string;
  /** `http://127.0.0.1:PORT` of the lab's AWS API. */
  readonly api: string;
  /** As of the last {@link look}. */
  public outputs: Record<string, string>;
  /** The commit that was served last and is known to be good; changes start from it. */
  private good: string;

  private constructor(
    lab: Lab,
    user: string,
    api: string,
    outputs: Record<string, string>,
    good: string,
  ) {
    this.lab = lab;
    this.user = user;
    this.api = api;
    this.outputs = outputs;
    this.good = good;
  }

  /** @throws with a remedy, if the lab is down or the app is not deployed there */
  static async open(lab: Lab): Promise<LabStack> {
    const remedy = `remedy: LAB_NAME=${lab.name} npm run lab`;
    const subnet = await readFile(join(lab.home, "subnet"), "utf8").catch(() => {
      throw new Error(`the lab '${lab.name}' is down\n${remedy}`);
    });
    const outputs = await lab.outputs();
    if (!outputs.configuredCommit) {
      throw new Error(`no app is deployed in the lab '${lab.name}'\n${remedy}`);
    }
    await lab.trust();
    const user = await mkdtemp(join(tmpdir(), "stack-"));
    const port = subnet.trim().split(" ")[1];
    const api = `http://127.0.0.1:${port}`;
    const stack = new LabStack(lab, user, api, outputs, "");
    await stack.look();
    stack.good = await stack.serving();
    await succeed("git", ["clone", "--quiet", stack.repository, join(user, "app")]);
    return stack;
  }

  close(): Promise<void> {
    return rm(this.user, { recursive: true, force: true });
  }

  /** Where the lab serves the app's repository from. */
  get repository(): string {
    return join(this.lab.home, "share/git/app.git");
  }

  get page(): string {
    return `${this.outputs.appUrl}/login`;
  }

  /** Reads the outputs again, and keeps the key for SSH. */
  async look(): Promise<void> {
    this.outputs = await this.lab.outputs();
    await writeFile(this.key, this.outputs.sshPrivateKey!, { mode: 0o600 });
    await resolveAsInLab(this.outputs.appUrl!, this.api);
  }

  /** File that holds the output `sshPrivateKey`. */
  get key(): string {
    return join(this.user, "key");
  }

  /** Runs a command line on the app server by SSH, whether it succeeds or not. */
  tryOnMachine(command: string, input = ""): Promise<Result> {
    return runOn("app", this.outputs, this.key, command, input);
  }

  onMachine(command: string, input = ""): Promise<string> {
    return succeedOn("app", this.outputs, this.key, command, input);
  }

  onTestServer(command: string): Promise<string> {
    return succeedOn("test", this.outputs, this.key, command);
  }

  /** The commit that serves, as the machine's record says. */
  async serving(): Promise<string> {
    return (await this.onMachine("/opt/flask-on-aws/bin/serving.sh get commit")).trim();
  }

  /** Asks the database from the app server, as the app's user; rows with tabs between columns. */
  async query(sql: string): Promise<string[]> {
    const rows = await this.onMachine(`. /opt/flask-on-aws/bin/common.sh; query "$(cat)"`, sql);
    return rows.split("\n").filter(Boolean);
  }

  /** Name of the container that is the app server. */
  async machine(): Promise<string> {
    return `${this.lab.name}-${await this.machineId()}`;
  }

  async machineId(): Promise<string> {
    const { Reservations = [] } = await this.ec2().describeInstances({
      Filters: [
        { Name: "ip-address", Values: [this.outputs.appServerPublicIp!] },
        { Name: "instance-state-name", Values: ["pending", "running"] },
      ],
    });
    const id = Reservations[0]?.Instances?.[0]?.InstanceId;
    if (!id) throw new Error("the app server is not running");
    return id;
  }

  /** The database's identifier; its container is named after it. */
  get databaseId(): string {
    return this.outputs.databaseEndpoint!.split(".")[0]!;
  }

  /** A client of the lab's AWS API, e.g. `client(RDS)`. */
  client<T>(Service: new (options: object) => T): T {
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    return new Service({ region: "us-west-2", endpoint: this.api, credentials });
  }

  ec2(): EC2 {
    return this.client(EC2);
  }

  /** Runs `up` whether it succeeds or not. `settings` are written to the stack's file. */
  up(settings: SettingValues = {}, ...args: string[]): Promise<Result> {
    return this.lab.tryPulumi(...upArguments(settings, args));
  }

  startUp(settings: SettingValues = {}, ...args: string[]): RunningUp {
    const child = this.lab.startPulumi(...upArguments(settings, args));
    const output = outputOf(child);
    let over = false;
    const ended = once(child, "close").then(([status]) => {
      over = true;
      return { status: (status as number | null) ?? 255, stdout: output(), stderr: "" };
    });
    return {
      output,
      over: () => over,
      kill: () => void child.kill("SIGKILL"),
      ended,
    };
  }

  /** What databasePasswordRotation is to be next. */
  async nextRotation(): Promise<{ databasePasswordRotation: number }> {
    const key = "databasePasswordRotation";
    const { status, stdout } = await this.lab.tryPulumi("config", "get", key);
    return { [key]: status === 0 ? Number(stdout) + 1 : 1 };
  }

  /** Commits a change of the good version's files, pushes it and resolves to its hash. */
  async commit(message: string, change: AppChange): Promise<string> {
    const directory = join(this.user, "app");
    const author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
    const git = (...args: string[]) => succeed("git", ["-C", directory, ...author, ...args]);
    await git("checkout", "--quiet", "--force", "--detach", this.good);
    await git("clean", "--quiet", "--force", "-d", "-x");
    await change(directory);
    await git("add", "--all", "--force");
    await git("commit", "--quiet", "--allow-empty", `--message=${message}`);
    const hash = (await git("rev-parse", "HEAD")).trim();
    await git("push", "--quiet", "origin", `HEAD:refs/heads/version-${hash.slice(0, 12)}`);
    return hash;
  }

  /** A new version, which works. */
  async newVersion(change: AppChange = () => Promise.resolve()): Promise<Version> {
    const text = `good version ${Date.now()}`;
    const marked = async (directory: string) => {
      await mark(directory, text);
      await change(directory);
    };
    return { text, commit: await this.commit(text, marked) };
  }

  /** Runs `up` for a version that works, and checks that it is what is served afterwards. */
  async deliver(
    version: Version,
    settings: SettingValues = {},
    ...args: string[]
  ): Promise<Result> {
    return this.delivered(
      version,
      await this.up({ ...settings, appCommit: version.commit }, ...args),
    );
  }

  /** @throws unless the run has succeeded and the version is what is served */
  async delivered({ commit, text }: Version, result: Result): Promise<Result> {
    if (result.status !== 0) {
      throw new Error(`up of a good version ended with ${result.status}:\n${tail(result)}`);
    }
    await this.look();
    const serving = await this.serving();
    if (serving !== commit) throw new Error(`${serving} serves after the release of ${commit}`);
    const page = await (await new Browser(this.outputs.appUrl!).request("/login")).text();
    if (!page.includes(text)) throw new Error(`the page does not say "${text}":\n${page}`);
    this.good = commit;
    return result;
  }

  /** A release of a new version that works. */
  async release(settings: SettingValues = {}, ...args: string[]): Promise<Result> {
    return this.deliver(await this.newVersion(), settings, ...args);
  }
}

function upArguments(settings: SettingValues, args: string[]): string[] {
  const config = Object.entries(settings).map(([key, value]) => `--config=${key}=${value}`);
  return [...up, ...config, ...args];
}

/**
 * A program over the stack of the user's lab. `work` resolves to whether all was well, which becomes the exit status;
 * Ctrl-C ends it with what is left and how to go on.
 */
export async function withStack(work: (stack: LabStack) => Promise<boolean>): Promise<void> {
  const lab = new Lab(process.env.LAB_NAME!);
  process.once("SIGINT", () => {
    console.error(
      "\ninterrupted: the stack may be in the middle of a change\n" +
        `remedy: lab/pulumi cancel, then lab/pulumi up; its settings are in ${lab.home}\n` +
        "        or lab/down, which removes all of the lab",
    );
    process.exit(130);
  });
  try {
    const stack = await LabStack.open(lab);
    process.exitCode = (await work(stack).finally(() => stack.close())) ? 0 : 1;
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}

/** Writes a text above the form of the login page. */
export async function mark(directory: string, text: string): Promise<void> {
  await edit(join(directory, "apps/templates/login.html"), (page) =>
    page.replace(/(<p data-version>.*<\/p>\s*)?<form/, `<p data-version>${text}</p>\n  <form`),
  );
}

/** @throws if the edit changes nothing */
export async function edit(file: string, change: (text: string) => string): Promise<void> {
  const text = await readFile(file, "utf8");
  const changed = change(text);
  if (changed === text) throw new Error(`the edit of ${file} found nothing to change`);
  await writeFile(file, changed);
}

/** The last lines of what a run printed, without the outputs of the stack, which come after its errors. */
export function tail({ stdout, stderr }: Result): string {
  const said = `${stdout}\n${stderr}`.replace(/^Outputs:\n(?: .*\n)*\n?/m, "");
  return said.trim().split("\n").slice(-40).join("\n");
}
