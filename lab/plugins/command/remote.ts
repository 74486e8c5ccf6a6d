import { constants } from "node:os";
import type { Client, ClientChannel } from "ssh2";
import { dial } from "./connection.ts";
import { previousOutput, Printed, type Run } from "./run.ts";

const noStatus = "wait: remote command exited without exit status or exit signal";

/** Runs in a session of its own connection. A cancellation ends the dialing, not the command. */
export const runRemote: Run = async (inputs, command, previous, running) => {
  const printed = new Printed(inputs.logging, running.status);
  const client = await dial(inputs.connection!, running);
  const over = new AbortController();
  const stop = () => {
    terminate(client);
    client.end();
  };
  running.gone.addEventListener("abort", stop, { signal: over.signal });
  try {
    const failure = await new Promise<string | undefined>((resolve, reject) => {
      let lost = "";
      client.on("error", (error) => (lost = `: ${error.message}`));
      client.once("close", () => resolve(noStatus + lost));
      beforeExec(client, async (set) => {
        for (const [name, value] of Object.entries(inputs.environment ?? {})) {
          if (await set(name, value)) continue;
          throw new Error(`could not set environment variable ${JSON.stringify(name)}: ${advice}`);
        }
        for (const [name, value] of Object.entries(previousOutput(inputs, previous))) {
          if (!(await set(name, value))) running.warn(`Unable to set '${name}': ${advice}`);
        }
      }).catch(reject);
      client.exec(command, (error, channel) => {
        if (error) return reject(error);
        // Here and not after an await: a quick command's exit may come in the same packet.
        follow(channel, printed, resolve);
        channel.on("error", () => undefined).end(inputs.stdin);
      });
    });
    return printed.end(failure, command);
  } finally {
    over.abort();
    client.end();
  }
};

function follow(
  channel: ClientChannel,
  printed: Printed,
  ended: (failure: string | undefined) => void,
): void {
  let failure: string | undefined = noStatus;
  channel.on("data", (chunk: Buffer) => printed.add("stdout", chunk));
  channel.stderr.on("data", (chunk: Buffer) => printed.add("stderr", chunk));
  channel.once("exit", (code: number | null, signal?: NodeJS.Signals) => {
    const status = signal ? 128 + (constants.signals[signal] ?? 0) : code;
    failure = status === 0 ? undefined : `Process exited with status ${status}`;
    if (signal) failure += ` from signal ${signal.slice("SIG".length)}`;
  });
  channel.once("close", () => ended(failure));
}

const advice =
  "the SSH server accepts only the variables of its AcceptEnv; with a Bash-like shell, 'VAR=value command' needs none";

/**
 * Parts of ssh2 1.17 for two things that its public interface does not do: it asks for environment
 * variables without waiting for the answer, so that a command would start although sshd refused
 * one, and it sends no signal once the standard input has ended.
 */
interface Internals {
  _protocol: {
    env(channel: number, name: string, value: string, wantReply: boolean): void;
    exec(channel: number, command: string, wantReply: boolean): void;
    signal(channel: number, name: string): void;
  };
  _chanMgr: { _channels: Record<number, Channel> };
}

interface Channel {
  _callbacks: ((failed: Error | boolean) => void)[];
  /** Absent until the server has opened it. */
  outgoing?: { id: number };
}

/** With the one channel that a client of this plugin has open once it has a session. */
function internalsOf(client: Client): {
  protocol: Internals["_protocol"];
  channel: () => Channel | undefined;
} {
  const { _protocol: protocol, _chanMgr: manager } = client as unknown as Internals;
  return { protocol, channel: () => Object.values(manager._channels)[0] };
}

/** sshd passes it on to the command and its children. */
function terminate(client: Client): void {
  const { protocol, channel } = internalsOf(client);
  const open = channel()?.outgoing;
  if (open) protocol.signal(open.id, "TERM");
}

/**
 * Has `prepare` set environment variables in the client's one session before its command starts;
 * `set` tells whether sshd took the variable. If `prepare` throws, nothing is started.
 */
function beforeExec(
  client: Client,
  prepare: (set: (name: string, value: string) => Promise<boolean>) => Promise<void>,
): Promise<void> {
  const { protocol, channel } = internalsOf(client);
  const exec = protocol.exec.bind(protocol);
  return new Promise((resolve, reject) => {
    protocol.exec = (id, command, wantReply) => {
      const callbacks = channel()!._callbacks;
      const started = callbacks.splice(0);
      const set = (name: string, value: string) =>
        new Promise<boolean>((answer) => {
          callbacks.push((failed) => answer(!failed));
          protocol.env(id, name, value, true);
        });
      const start = () => {
        callbacks.push(...started);
        exec(id, command, wantReply);
      };
      prepare(set).then(start).then(resolve, reject);
    };
  });
}
