import { constants } from "node:os";
import type { Client, ClientChannel } from "ssh2";
import { dial } from "./connection.ts";
import { Printed, type Run } from "./run.ts";

const noStatus = "wait: remote command exited without exit status or exit signal";

/** Runs in a session of its own connection. A cancellation ends the dialing, not the command. */
export const runRemote: Run = async (inputs, command, _previous, running) => {
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

/**
 * Part of ssh2 1.17 for what its public interface does not do: it sends no signal once the standard input has ended.
 */
interface Internals {
  _protocol: { signal(channel: number, name: string): void };
  /** One channel, in this provider's clients; `outgoing` is absent until the server has opened it. */
  _chanMgr: { _channels: Record<number, { outgoing?: { id: number } }> };
}

/** sshd passes it on to the command and its children. */
function terminate(client: Client): void {
  const { _protocol: protocol, _chanMgr: manager } = client as unknown as Internals;
  const open = Object.values(manager._channels)[0]?.outgoing;
  if (open) protocol.signal(open.id, "TERM");
}
