/**
 * Waits until a machine lets this computer log in by SSH, and tells a machine that boots from a closed door.
 * usage: node --import tsx deployer/reach.ts ADDRESS STACK NETWORK…    NETWORK: one that adminCidrs names
 */
import { realpathSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { pulumi } from "../operations/names.ts";
import { answerOf, type Answer } from "./ports.ts";

/** Seconds. A packet that is lost is sent again after 1 and 3 s. */
const patience = 5;
/** After how many silent tries in a row of a machine that answers elsewhere the door is closed. */
const tries = 3;
/** Seconds until a machine must answer at all: EC2 instances have their network up within half a minute. */
const silenceLimit = 80;
/** Seconds until sshd must run on a machine that answers. */
export const bootLimit = 300;

export interface Surroundings {
  readonly probe: (port: number) => Promise<Answer>;
  /** Seconds. */
  readonly now: () => number;
  readonly pause: () => Promise<void>;
}

/**
 * Resolves to undefined when port 22 is open, else to why it is not: `closed` when the machine runs and SSH is dropped
 * on the way, `absent` when nothing answers, `booting` when the machine refuses SSH for too long.
 */
export async function reach({
  probe,
  now,
  pause,
}: Surroundings): Promise<"closed" | "absent" | "booting" | undefined> {
  const start = now();
  for (let silent = 0; ; await pause()) {
    // Everybody may reach port 80. Without a server there a machine that runs refuses, at once.
    const [ssh, web] = await Promise.all([probe(22), probe(80)]);
    if (ssh === "open") return undefined;
    silent = ssh === "silent" && web !== "silent" ? silent + 1 : 0;
    if (silent === tries) return "closed";
    const waited = now() - start;
    if (ssh === "silent" && web === "silent" && waited > silenceLimit) return "absent";
    if (waited > bootLimit) return "booting";
  }
}

/** As {@link reach}, by packets from this computer. */
export const reachBySsh = (address: string) =>
  reach({
    probe: (port) => answerOf(address, port, AbortSignal.timeout(patience * 1000)),
    now: () => performance.now() / 1000,
    // Refusals come at once, and each try is two packets.
    pause: () => sleep(1000),
  });

/** The error, its evidence and the remedy, for a person. */
export function explain(
  why: "closed" | "absent" | "booting",
  address: string,
  stack: string,
  networks: readonly string[],
): string {
  const command = (words: string) => `${pulumi} ${words} --stack ${stack}`;
  const rules = `       The stack's rules let in: ${networks.join(", ")} (setting adminCidrs)`;
  const set = command(`config set --path 'adminCidrs[${networks.length}]' ADDRESS/32`);
  const add = `find the address of this computer, curl https://checkip.amazonaws.com; if it is in none of those, run: ${set} && ${command("up")}`;
  return {
    closed:
      `error: ${address} runs, but its port 22 (SSH) does not answer this computer: a firewall is between them\n${rules}\n` +
      `remedy: ${add};\n        if it is in one, a rule was changed by hand: ${command("up --refresh")};\n` +
      "        or this computer's own network forbids SSH: use another one",
    absent:
      `error: ${address} answers this computer on no port for ${silenceLimit} s: the machine has not booted, or lost its network\n${rules}\n` +
      `remedy: run ${command("up --refresh")} again; if it fails again, see the machine's console: aws ec2 get-console-output`,
    booting:
      `error: ${address} refuses SSH for ${bootLimit} s: the machine runs, and sshd does not\n` +
      `remedy: replace the machine and its host key: ${command("up --replace '**-app-machine-host-key'")}`,
  }[why];
}

async function main([address = "", stack = "", ...networks]: readonly string[]): Promise<void> {
  const why = await reachBySsh(address);
  if (!why) return;
  console.error(explain(why, address, stack, networks));
  process.exitCode = 1;
}

// Without `await`: a module that waits cannot be loaded by require, as mocha does.
if (import.meta.filename === realpathSync(process.argv[1]!)) void main(process.argv.slice(2));
