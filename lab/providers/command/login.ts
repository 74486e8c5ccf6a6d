import { createHash } from "node:crypto";
import ssh2, { type AnyAuthMethod, type ConnectConfig, type ServerHostKeyAlgorithm } from "ssh2";

/** Where and how to log in. Times in seconds; `perDialTimeout` 0 waits for ever. */
export interface Endpoint {
  host: string;
  port: number;
  user: string;
  password?: string;
  privateKey?: string;
  privateKeyPassword?: string;
  agentSocketPath?: string;
  /** How many failed dials are repeated before the next failure is final; -1 repeats for ever. */
  dialErrorLimit: number;
  perDialTimeout: number;
  /** A line of an authorized_keys file; unset, any host is believed. */
  hostKey?: string;
}

/**
 * What ssh2 needs for one log-in, and afterwards why the host's key was refused, if it was.
 *
 * Throws when `privateKey` or `hostKey` cannot be read, naming the setting under `name`.
 */
export function loginConfig(endpoint: Endpoint, name: string) {
  let refused: string | undefined;
  const config: ConnectConfig = {
    host: endpoint.host,
    port: endpoint.port,
    username: endpoint.user,
    authHandler: authentication(endpoint, name),
    readyTimeout: endpoint.perDialTimeout * 1000,
    // 1.2.1 sends none and waits for ever for a machine that has gone.
    keepaliveInterval: 15_000,
  };
  if (endpoint.hostKey !== undefined) {
    const expected = hostKey(endpoint.hostKey, name);
    config.algorithms = { serverHostKey: [typeOf(expected) as ServerHostKeyAlgorithm] };
    config.hostVerifier = (key: Buffer) => {
      if (key.equals(expected)) return true;
      const at = `${endpoint.host}:${endpoint.port}`;
      refused = `host key mismatch: ${at} shows ${fingerprint(key)}, ${name}.hostKey is ${fingerprint(expected)}`;
      return false;
    };
  }
  return { config, refusal: () => refused };
}

function authentication(endpoint: Endpoint, name: string): AnyAuthMethod[] {
  const { user: username, password, privateKey, privateKeyPassword } = endpoint;
  const methods: AnyAuthMethod[] = [{ type: "none", username }];
  if (privateKey !== undefined) {
    const key = ssh2.utils.parseKey(privateKey, privateKeyPassword);
    if (key instanceof Error) {
      throw new Error(`${name}.privateKey, an OpenSSH or PEM private key: ${key.message}`);
    }
    methods.push({ type: "publickey", username, key });
  }
  if (password !== undefined) methods.push({ type: "password", username, password });
  const agent = endpoint.agentSocketPath ?? process.env["SSH_AUTH_SOCK"];
  if (agent) methods.push({ type: "agent", username, agent });
  return methods;
}

/** The first key in text like an authorized_keys file's, where options may come before the type. */
function hostKey(text: string, name: string): Buffer {
  for (const line of text.split("\n")) {
    const [, type, base64] =
      /^(?!\s*#).*?((?:ssh|ecdsa|sk)-\S+)\s+([A-Za-z0-9+/]+=*)/.exec(line) ?? [];
    const key = Buffer.from(base64 ?? "", "base64");
    if (type && key.length > 4 && typeOf(key) === type) return key;
  }
  throw new Error(`failed to parse host key: ${name}.hostKey has no line like "ssh-ed25519 AAAA…"`);
}

/** A key in SSH's wire format starts with its type, preceded by the type's length. */
function typeOf(key: Buffer): string {
  return key.subarray(4, 4 + key.readUInt32BE(0)).toString();
}

function fingerprint(key: Buffer): string {
  return `${typeOf(key)} SHA256:${createHash("sha256").update(key).digest("base64").slice(0, 43)}`;
}
