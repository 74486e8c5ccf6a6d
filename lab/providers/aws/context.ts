import { isIP } from "node:net";
import type { Identity } from "./identity.ts";

export interface ContextOptions {
  readonly region: string;
  /** URL of the AWS API. */
  readonly endpoint: string;
  /** The provider's. */
  readonly defaultTags: Record<string, string>;
  /** Of an assumed role; absent: those of the environment. */
  readonly credentials?: Identity | undefined;
  /** Aborted when the engine cancels the update. */
  readonly signal: AbortSignal;
}

const clientOptions = {
  // Ten attempts let one in five calls be throttled without failing a stack of a few hundred calls.
  maxAttempts: 10,
  // The lab's buckets have no host names of their own. Other services ignore it.
  forcePathStyle: true,
  // The real provider stores checksums only on request.
  requestChecksumCalculation: "WHEN_REQUIRED",
} as const;

type ClientOptions = typeof clientOptions & {
  endpoint: string;
  region: string;
  credentials?: Identity;
};

/** What the descriptions of types may use. */
export class Context {
  readonly region: string;
  readonly defaultTags: Record<string, string>;
  private readonly clients = new Map<string, unknown>();
  private readonly options: ContextOptions;

  constructor(options: ContextOptions) {
    this.options = options;

    this.region = options.region;
    this.defaultTags = options.defaultTags;
  }

  /** A client of an AWS service, e.g. `client(EC2)`; one for all calls. */
  client<T>(Service: new (options: ClientOptions) => T): T {
    const { endpoint, region, credentials } = this.options;
    const identity = credentials ? { credentials } : {};
    const client =
      this.clients.get(Service.name) ??
      new Service({ ...clientOptions, endpoint, region, ...identity });
    this.clients.set(Service.name, client);
    return client as T;
  }

  /**
   * Waits for `thing` to come through states that match `via` to the state `to`, by asking `probe`
   * every second. `limit` is in seconds, as the real provider has it.
   */
  async waitFor(
    { thing, via, to, limit }: { thing: string; via: RegExp; to: string; limit: number },
    probe: () => Promise<string | undefined>,
  ): Promise<void> {
    for (const end = Date.now() + limit * 1000; ;) {
      const state = (await probe()) ?? "unknown";
      if (state === to) return;
      if (!via.test(state)) throw new Error(`${thing} is ${state} instead of ${to}`);
      if (this.options.signal.aborted) throw new Error(`cancelled while ${thing} was ${state}`);
      if (Date.now() > end)
        throw new Error(`${thing} is still ${state} and not ${to} after ${limit} s`);
      await new Promise((resolve) => setTimeout(resolve, 1000)); // a state is seen only by asking
    }
  }
}

/** The endpoint, if it is one on this machine: the lab's provider must never reach AWS. Throws otherwise. */
export function localEndpoint(endpoint = ""): string {
  const host = URL.canParse(endpoint) ? new URL(endpoint).hostname : "";
  if (/^(localhost|\[::1\])$/.test(host) || (host.startsWith("127.") && isIP(host)))
    return endpoint;
  throw new Error(
    `AWS_ENDPOINT_URL is ${endpoint ? `'${endpoint}'` : "not set"}, and the lab's aws provider ` +
      "works with an AWS API on loopback only: use lab/pulumi, or for AWS a PATH without lab/providers/bin",
  );
}
