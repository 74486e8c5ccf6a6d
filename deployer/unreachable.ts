/** Why a machine cannot be reached by SSH, for a person. */
import { within, type SshRule } from "../network/own-address.ts";
import { allowCommand, type SshAccess } from "../network/ssh-access.ts";
import { Failure } from "../operations/failure.ts";
import { pulumi } from "../operations/names.ts";

/** Seconds until a machine must answer at all: EC2 instances have their network up within half a minute. */
export const silenceLimit = 80;
/** Seconds until sshd must run on a machine that answers. */
export const bootLimit = 300;

/** `closed`: the machine runs and SSH is dropped on the way; `absent`: nothing answers; `booting`: it refuses SSH. */
export type Cause = "closed" | "absent" | "booting";

/** What is known at the time of the failure. */
export interface Evidence {
  /** Of the machine. */
  readonly address: string;
  /** Of the commands in remedies, with a space before: ` --stack dev`. */
  readonly flags: string;
  readonly access: SshAccess;
  /** Address of this computer, or why it is unknown. */
  readonly caller: string | Failure;
  /** The group's rules for SSH, or why they are unknown. */
  readonly rules: readonly SshRule[] | Failure;
}

/** The error, its evidence and the remedy. */
export function explain(cause: Cause, evidence: Evidence): string {
  const { address, flags } = evidence;
  switch (cause) {
    case "closed":
      return (
        `error: ${address} runs, but its port 22 (SSH) does not answer this computer: a firewall is between them\n` +
        `${facts(evidence)}\nremedy: ${remedyOf(evidence)}`
      );
    case "absent":
      return (
        `error: ${address} answers this computer on no port for ${silenceLimit} s: the machine has not booted, or lost its network\n` +
        `${facts(evidence)}\n` +
        `remedy: run ${pulumi} up --refresh${flags} again; if it fails again, see the machine's console: aws ec2 get-console-output`
      );
    case "booting":
      return (
        `error: ${address} refuses SSH for ${bootLimit} s: the machine runs, and sshd does not\n` +
        `remedy: replace the machine and its host key: ${pulumi} up --replace '**-app-machine-host-key'${flags}`
      );
  }
}

function facts({ access: { group }, caller, rules }: Evidence): string {
  const own =
    caller instanceof Failure ? caller.message : `the address of this computer is ${caller}`;
  const list = (all: readonly SshRule[]) =>
    all.map(({ cidr, description }) => `${cidr} (${description})`).join(", ") || "nobody";
  const lets =
    rules instanceof Failure ? rules.message : `the rules of ${group} let in: ${list(rules)}`;
  return `       ${own}\n       ${lets}`;
}

function remedyOf({ flags, access, caller, rules }: Evidence): string {
  if (caller instanceof Failure) return caller.remedy;
  if (rules instanceof Failure) return rules.remedy;
  const covered = within(
    caller,
    rules.map(({ cidr }) => cidr),
  );
  if (covered)
    return (
      "this computer's network forbids SSH, or sends it from another address: use another network,\n" +
      `        or let the other address in: ${allowCommand(access, flags)}`
    );
  if (within(caller, access.networks))
    return `restore the rule, which was removed by hand: ${pulumi} up --refresh${flags}`;
  if (access.ownAddress)
    return (
      `add a rule for this computer: ${pulumi} up${flags};\n` +
      `        if that warns that it cannot, let the address in by hand: ${allowCommand(access, flags, caller)}`
    );
  return `let this computer in: ${allowCommand(access, flags, caller)}`;
}
