/** What the operations know of a stack: its name and its outputs, as data. */
import type { SshAccess } from "../network/ssh-access.ts";
import { Failure } from "./failure.ts";
import { pulumi, pulumiProgram, root, typed } from "./names.ts";
import { run } from "./processes.ts";

/** Those that every operation needs. */
const needed = [
  ...["region", "sshUser", "sshPrivateKey", "appServerPublicIp", "appServerHostKey"],
  ...["testServerPrivateIp", "testServerHostKey"],
] as const;
type Needed =
  | ("region" | "sshUser" | "sshPrivateKey" | "appServerPublicIp" | "appServerHostKey")
  | ("testServerPrivateIp" | "testServerHostKey");

/** Those that some operations use; a stack of an earlier version may lack some. */
interface Told {
  readonly sshAccess?: SshAccess;
  readonly configuredCommit?: string;
  readonly appUrl?: string;
  /** The app server's page; empty unless tasks serve the app. */
  readonly canaryUrl?: string;
  /** Empty unless the site is public. */
  readonly siteUrl?: string;
  /** Empty if there is no site. */
  readonly siteBucket?: string;
  readonly backupBucket?: string;
  /** In another region; empty without the setting backupCopyRegion. */
  readonly backupCopyBucket?: string;
  /** In CloudWatch: that of the app server, a blank and that of tasks. Empty if the logs stay on the machine. */
  readonly logGroups?: string;
}

export interface StackInUse {
  readonly name: string;
  /** `--stack NAME` where the user has named the stack, for commands that are shown. */
  readonly flags: readonly string[];
  readonly outputs: Readonly<Record<Needed, string>> & Told;
}

/** @throws unless the Pulumi CLI knows the stack, which is the selected one if it is not named, and it is up */
export async function readStack(named: string | undefined): Promise<StackInUse> {
  const flags = named === undefined ? [] : ["--stack", named];
  const ask = ["stack", "output", "--json", "--show-secrets", ...flags];
  const [printed, selected] = await Promise.all([
    askPulumi(ask, named),
    named ?? askPulumi(["stack", "--show-name"], named),
  ]);
  const name = selected.trim();
  const outputs = JSON.parse(printed) as StackInUse["outputs"];
  const up = `run: ${pulumi} ${typed("up", ...flags)}`;
  if (Object.keys(outputs).length === 0)
    throw new Failure(`stack ${name} has no outputs: it is not up`, up);
  const lacking = needed.find((output) => !outputs[output]);
  if (lacking)
    throw new Failure(
      `stack ${name} has no output ${lacking}: its last up was of another version`,
      up,
    );
  return { name, flags, outputs };
}

async function askPulumi(args: readonly string[], stack: string | undefined): Promise<string> {
  const options = { cwd: root, stdio: ["ignore", "pipe", "pipe"] as ["ignore", "pipe", "pipe"] };
  const { status, stdout, stderr } = await run(pulumiProgram, args, options).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
      throw new Failure(
        "pulumi is not on PATH",
        "install the Pulumi CLI: https://www.pulumi.com/docs/install/",
      );
    },
  );
  if (status === 0) return stdout;
  throw explanation(stderr, stack) ?? unexplained(args, stderr);
}

/** What the CLI's known refusals mean. */
function explanation(stderr: string, stack: string | undefined): Failure | undefined {
  if (/no stack named .* found/.test(stderr))
    return new Failure(
      `there is no stack ${stack ?? "of the name that is selected"}`,
      `name one of those that ${pulumi} stack ls lists: --stack NAME`,
    );
  if (/no stack selected/.test(stderr))
    return new Failure(
      "no stack is selected",
      `add --stack NAME, or select one: ${pulumi} stack select NAME`,
    );
  if (/passphrase/.test(stderr))
    return new Failure(
      "the stack's secrets cannot be read without its passphrase",
      "set PULUMI_CONFIG_PASSPHRASE, or PULUMI_CONFIG_PASSPHRASE_FILE to a file that holds it",
    );
  if (/PULUMI_ACCESS_TOKEN must be set/.test(stderr))
    return new Failure(
      "Pulumi is not logged in",
      "log in where the stack's state is: pulumi login --local, or pulumi login URL",
    );
  return undefined;
}

function unexplained(args: readonly string[], stderr: string): Failure {
  const last = stderr.trim().split("\n").at(-1)!;
  return new Failure(
    `${pulumi} cannot tell the stack's outputs: ${last.replace(/^error: /, "")}`,
    `see what it says: ${pulumi} ${typed(...args.filter((word) => word !== "--show-secrets"))}`,
  );
}
