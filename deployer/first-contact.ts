/**
 * The first contact with a machine. Everybody who may read its user data knows the host key there, so the program accepts
 * that key once. Then the machine makes a key of its own, and the program accepts only this one.
 * usage: node deployer/first-contact.ts prepare|activate    standard input: a {@link Contact} as JSON
 *   prepare   accepts the first-contact key, and prints the public half of the key that the machine has made
 *   activate  has the machine use that key, proves it by a new connection, and prints it
 */
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { SshAccess } from "../network/ssh-access.ts";
import { hostKeys, pulumi } from "../operations/names.ts";
import { run, type Ended } from "../operations/processes.ts";
import { sshArguments, sshFailure, type SshFailure, type SshHost } from "../operations/ssh.ts";
import { reachBySsh } from "./reach.ts";
import { quote } from "./shell.ts";
import { bootLimit } from "./unreachable.ts";

/** What the program knows of a machine that it has not met. */
export interface Contact {
  readonly stack: string;
  readonly server: "app" | "test";
  readonly instanceId: string;
  readonly address: string;
  readonly user: string;
  /** Of the user, in OpenSSH's format. A secret. */
  readonly privateKey: string;
  /** The public half of the host key in the machine's user data: `ssh-ed25519 AAAA…`, as the next one. */
  readonly firstContactKey: string;
  /** What `prepare` has printed, for `activate`. */
  readonly ownKey?: string;
  /** The machine to go through; undefined if this one is reached directly. */
  readonly jump?: SshHost;
  /** Who may reach a machine without a jump, for the message when this computer cannot. */
  readonly access: SshAccess;
}

/**
 * What became of one connection. `silent`: the machine boots, or is not there. `failed`: the script ran, and failed.
 * Each kind but `failed` and `done` may pass: a machine boots, and an Elastic IP takes a moment to move to a new one.
 */
export interface ContactResult {
  readonly kind: SshFailure["kind"] | "other-machine" | "failed" | "done";
  /** What was printed: the result where it is done, else the last words of ssh or of the script. */
  readonly said: string;
}

export interface Surroundings {
  /** Connects once to a machine that must show `hostKey`, and runs host-key.sh there, or nothing. */
  readonly connect: (
    hostKey: string,
    verb: "prepare" | "activate" | "nothing",
  ) => Promise<ContactResult>;
  /** Seconds. */
  readonly now: () => number;
  readonly pause: () => Promise<void>;
}

/** Of a program of ssh's: 255 is its own status, 75 the script's for another machine. */
export function answerOf({ status, stdout, stderr }: Ended): ContactResult {
  if (status === 0) return { kind: "done", said: stdout.trim() };
  if (status === 255) return sshFailure(stderr);
  return { kind: status === 75 ? "other-machine" : "failed", said: stderr.trim() };
}

/** Repeats what may succeed later, for as long as a machine may boot. */
async function persist({ now, pause }: Surroundings, attempt: () => Promise<ContactResult>) {
  for (const start = now(); ; await pause()) {
    const answer = await attempt();
    if (answer.kind === "done" || answer.kind === "failed" || now() - start > bootLimit)
      return answer;
  }
}

/** Resolves to the machine's own key as what was said, if all is well. */
export function prepare({ firstContactKey }: Contact, on: Surroundings): Promise<ContactResult> {
  return persist(on, async () => {
    const answer = await on.connect(firstContactKey, "prepare");
    if (answer.kind !== "done" || /^ssh-ed25519 [\w+/=]+$/.test(answer.said)) return answer;
    return { kind: "failed", said: `no ed25519 key: ${answer.said}` };
  });
}

/** As {@link prepare}. A run that was killed may have activated the key: the first-contact key is refused then. */
export function activate(
  { firstContactKey, ownKey = "" }: Contact,
  on: Surroundings,
): Promise<ContactResult> {
  return persist(on, async () => {
    const activated = await on.connect(firstContactKey, "activate");
    if (activated.kind !== "done" && activated.kind !== "other-key") return activated;
    const proof = await on.connect(ownKey, "nothing");
    return proof.kind === "done" ? { kind: "done", said: ownKey } : proof;
  });
}

/** The error, its evidence and the remedy, for a person. */
export function explain({ kind, said }: ContactResult, contact: Contact): string {
  const { server, address, jump, stack } = contact;
  const command = (words: string) => `${pulumi} ${words} --stack ${stack}`;
  const where = `${address} port 22${jump ? ` through ${jump.address}` : ""}`;
  const orReplace = (when: string) =>
    `        ${when}, replace the machine and its host key:\n        ${command(`up --replace '${hostKeys[server]}'`)}`;
  if (kind === "other-key")
    return (
      `error: ${where} shows another host key than the ${server} server's:\n       ${said}\n` +
      `remedy: find out which machine has this address: ${command("refresh")};\n${orReplace("if it is the stack's")}`
    );
  const what = {
    "other-machine": `${where} is not the stack's ${server} server`,
    refused: `the ${server} server at ${where} refuses the stack's key`,
    silent: `the ${server} server at ${where} cannot be reached by SSH for ${bootLimit} s`,
    failed: `the ${server} server at ${where} cannot change its host key`,
    done: "",
  }[kind];
  return (
    `error: ${what}:\n       ${said}\n` +
    `remedy: run ${command("up --refresh")} again;\n${orReplace("if it fails again")}`
  );
}

const script = new URL("../scripts/host-key.sh", import.meta.url);

/** Connections by OpenSSH's client, with `keyFile` for the user's private key. */
function overSsh(
  { address, user, jump, instanceId }: Contact,
  keyFile: string,
): Surroundings["connect"] {
  const program = readFileSync(script, "utf8");
  // Nothing of the user's own files: a connection that is shared by them proves nothing.
  const options = ["-T", "-F", "none", "-o", "GlobalKnownHostsFile=/dev/null"];
  return async (hostKey, verb) => {
    const way = sshArguments(keyFile, { address, user, hostKey }, jump, options);
    const words = ["sudo", "bash", "-c", program, "host-key.sh", verb, instanceId];
    const remote = verb === "nothing" ? "true" : words.map(quote).join(" ");
    return answerOf(await run("ssh", [...way, remote], { stdio: ["ignore", "pipe", "pipe"] }));
  };
}

async function main(verb: string | undefined): Promise<void> {
  const contact = JSON.parse(await text(process.stdin)) as Contact;
  const fail = (message: string) => {
    console.error(message);
    process.exitCode = 1;
  };
  if (verb === "prepare" && !contact.jump) {
    const error = await reachBySsh(contact.address, contact.stack, contact.access);
    if (error) return fail(error);
  }
  const directory = mkdtempSync(join(tmpdir(), "flask-on-aws-"));
  process.once("exit", () => rmSync(directory, { recursive: true }));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));
  const keyFile = join(directory, "key");
  writeFileSync(keyFile, contact.privateKey, { mode: 0o600 });
  const answer = await (verb === "prepare" ? prepare : activate)(contact, {
    connect: overSsh(contact, keyFile),
    now: () => performance.now() / 1000,
    // A machine whose sshd does not run refuses at once.
    pause: () => sleep(1000),
  });
  if (answer.kind === "done") console.log(answer.said);
  else fail(explain(answer, contact));
}

// Without `await`: a module that waits cannot be loaded by require, as mocha does.
if (import.meta.filename === realpathSync(process.argv[1]!)) void main(process.argv[2]);
