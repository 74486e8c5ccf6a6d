/**
 * Waits until a machine lets this computer log in by SSH, and tells a machine that boots from a closed door.
 * usage: node deployer/reach.ts ADDRESS STACK ACCESS    ACCESS: JSON of an SshAccess
 */
import { realpathSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { findAddress } from "../network/checkip.ts";
import type { Failure } from "../operations/failure.ts";
import {
  allowCommand,
  allowOwnAddress,
  readSshRules,
  type SshAccess,
} from "../network/ssh-access.ts";
import { answerOf, type PortAnswer } from "./ports.ts";
import { bootLimit, explain, silenceLimit, type Cause } from "./unreachable.ts";

/** Seconds. A packet that is lost is sent again after 1 and 3 s. */
const patience = 5;
/** After how many silent tries in a row of a machine that answers elsewhere the door is closed. */
const tries = 3;

export interface ReachSurroundings {
  readonly probe: (port: number) => Promise<PortAnswer>;
  /** Seconds. */
  readonly now: () => number;
  readonly pause: () => Promise<void>;
}

/** Resolves to undefined when port 22 is open, else to why it is not. */
export async function reach({ probe, now, pause }: ReachSurroundings): Promise<Cause | undefined> {
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

/**
 * As {@link reach}; where the door is closed, it tries once more if `open` has added a rule. `up` adds it at its
 * beginning, but an address service that did not answer then, or somebody who removes rules, comes in between.
 */
export async function reachOrOpen(
  surroundings: ReachSurroundings,
  open: () => Promise<boolean>,
): Promise<Cause | undefined> {
  const why = await reach(surroundings);
  return why === "closed" && (await open()) ? reach(surroundings) : why;
}

/**
 * Waits for SSH by packets from this computer. Resolves to undefined when it answers, else to the error, its evidence and the
 * remedy, for a person.
 */
export async function reachBySsh(
  address: string,
  stack: string,
  access: SshAccess,
): Promise<string | undefined> {
  const flags = ` --stack ${stack}`;
  const surroundings = {
    probe: (port: number) => answerOf(address, port, AbortSignal.timeout(patience * 1000)),
    now: () => performance.now() / 1000,
    // Refusals come at once, and each try is two packets.
    pause: () => sleep(1000),
  };
  const open = async () => access.ownAddress && (await allowOwnAddress(access, flags)).added;
  const why = await reachOrOpen(surroundings, open);
  if (!why) return undefined;
  const asFailure = (failure: Failure) => failure;
  const rules = await readSshRules(access, flags).catch(asFailure);
  const caller = await findAddress(allowCommand(access, flags)).catch(asFailure);
  return explain(why, { address, flags, access, caller, rules });
}

async function main([address = "", stack = "", access = ""]: readonly string[]): Promise<void> {
  const error = await reachBySsh(address, stack, JSON.parse(access) as SshAccess);
  if (!error) return;
  console.error(error);
  process.exitCode = 1;
}

// Without `await`: a module that waits cannot be loaded by require, as mocha does.
if (import.meta.filename === realpathSync(process.argv[1]!)) void main(process.argv.slice(2));
