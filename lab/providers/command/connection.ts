import { setTimeout as sleep } from "node:timers/promises";
import ssh2, { type Client, type ClientChannel } from "ssh2";
import { loginConfig, type Endpoint } from "./login.ts";

export interface Connection extends Endpoint {
  proxy?: Endpoint;
}

/** What a dial needs of the operation that it belongs to: who hears of failures, when to give up. */
export interface Dialing {
  status: (line: string) => void;
  signal: AbortSignal;
}

/**
 * An authenticated connection, through the proxy when there is one; ending it ends both.
 *
 * Throws at once when a key cannot be read, after the dial limit with the last failure, or with
 * the signal's reason.
 */
export async function dial(connection: Connection, dialing: Dialing): Promise<Client> {
  const { proxy, dialErrorLimit: limit, host, port } = connection;
  // Unreadable keys first: another attempt would not help.
  loginConfig(connection, "connection");
  if (!proxy) return retry("Dial", limit, dialing, () => logIn(connection, "connection", dialing));

  let bastion: Client | undefined;
  try {
    const name = "connection.proxy";
    loginConfig(proxy, name);
    bastion = await retry("Dial proxy", proxy.dialErrorLimit, dialing, () =>
      logIn(proxy, name, dialing),
    );
    const via = bastion;
    const channel = await retry("Dial from proxy", limit, dialing, () => forward(via, host, port));
    // Not repeated: 1.2.1 repeats it on the same channel, which its first failure has closed.
    const client = await logIn(connection, "connection", dialing, channel);
    return client.once("close", () => via.end());
  } catch (error) {
    bastion?.end();
    throw new Error(`proxy: ${(error as Error).message}`, { cause: error });
  }
}

/** Waits of 0.1 s growing by half up to 5 s, as 1.2.1 does: 11 s for its default limit of 10. */
async function retry<Result>(
  what: string,
  limit: number,
  { status, signal }: Dialing,
  attempt: () => Promise<Result>,
): Promise<Result> {
  let delay = 100;
  for (let failed = 1; ; failed++) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (limit >= 0 && failed > limit) {
        const message = `after ${failed - 1} failed attempts: ${(error as Error).message}`;
        throw new Error(message, { cause: error });
      }
      status(`${what} ${failed}/${limit < 0 ? "inf" : limit} failed: retrying`);
    }
    await sleep(delay, undefined, { signal }).catch(() => undefined);
    delay = Math.min(delay * 1.5, 5000);
  }
}

function logIn(endpoint: Endpoint, name: string, { signal }: Dialing, through?: ClientChannel) {
  return new Promise<Client>((resolve, reject) => {
    const { config, refusal } = loginConfig(endpoint, name);
    const client = new ssh2.Client();
    const giveUp = () => client.destroy();
    signal.addEventListener("abort", giveUp);
    client.once("ready", () => {
      signal.removeEventListener("abort", giveUp);
      resolve(client);
    });
    // Stays after the log-in: an error without a listener would end the provider.
    client.on("error", (error: Error & { level?: string }) => {
      let stage = "ssh: handshake failed: ssh";
      if (error.level === "client-socket") stage = `dial tcp ${endpoint.host}:${endpoint.port}`;
      if (error.level === "client-authentication")
        stage += `: unable to authenticate ${endpoint.user}`;
      reject(new Error(`${stage}: ${refusal() ?? messageOf(error)}`, { cause: error }));
    });
    client.once("close", () => {
      signal.removeEventListener("abort", giveUp);
      reject(new Error("ssh: handshake failed: EOF"));
    });
    client.connect(through ? { ...config, sock: through } : config);
    // Small packets to and fro: without this each step of a log-in may wait 40 ms for the last one's ACK.
    client.setNoDelay(true);
  });
}

/** A name with several addresses fails with one error an address and no message of its own. */
function messageOf(error: Error): string {
  return error instanceof AggregateError ? error.errors.map(String).join("; ") : error.message;
}

function forward(bastion: Client, host: string, port: number): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    bastion.forwardOut("127.0.0.1", 0, host, port, (error, channel) =>
      error ? reject(new Error(`dial ${host}:${port}: ${error.message}`)) : resolve(channel),
    );
  });
}
