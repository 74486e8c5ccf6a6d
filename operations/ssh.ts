/** How OpenSSH's client is called, and what it means when it fails. */
import { quote } from "../deployer/shell.ts";

/** One end of an SSH connection. */
export interface SshHost {
  readonly address: string;
  readonly user: string;
  /** The host key as in known_hosts: `ssh-ed25519 AAAA…`. */
  readonly hostKey: string;
}

/**
 * Arguments of `ssh` that lead to `host`, by way of `jump` if that is given; a command may follow.
 *
 * The host key is among them, by KnownHostsCommand (OpenSSH 8.5 of 2021), so no file but the private key's is needed,
 * and a machine that was replaced leaves no stale entry behind. A jump is a ProxyCommand because `ssh -J` does not
 * offer the key of `-i` to the jump host.
 *
 * @param options for both hosts
 */
export function sshArguments(
  keyFile: string,
  host: SshHost,
  jump?: SshHost,
  options: readonly string[] = [],
): string[] {
  const common = (to: SshHost) => [
    ...["-i", keyFile, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"],
    ...["-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=/dev/null"],
    ...["-o", `KnownHostsCommand=/bin/echo ${to.address} ${to.hostKey}`],
    ...["-o", "ConnectTimeout=15", "-o", "ServerAliveInterval=30"],
    ...options,
  ];
  const login = (to: SshHost) => `${to.user}@${to.address}`;
  // ssh replaces %h and %p; another % is written twice.
  const literally = (word: string) => quote(word).replaceAll("%", "%%");
  const proxy = jump && ["ssh", ...common(jump)].map(literally).join(" ");
  return [
    ...common(host),
    ...(jump ? ["-o", `ProxyCommand=${proxy} -W %h:%p ${literally(login(jump))}`] : []),
    login(host),
  ];
}

/** Why there is no connection: another host key, a refused user, or no answer, and ssh's last words in one line. */
export interface SshFailure {
  readonly kind: "other-key" | "refused" | "silent";
  readonly said: string;
}

/** Understands what ssh has written to its log or to its standard error. */
export function sshFailure(log: string): SshFailure {
  const said = log
    .split("\n")
    .map((line) => line.trim().replace(/^ssh: connect to host \S+ port \d+: /, ""))
    // The frame of the warning about another host key.
    .filter((line) => line && !line.startsWith("@"))
    .slice(-2)
    .join("; ");
  if (log.includes("Host key verification failed")) return { kind: "other-key", said };
  return { kind: log.includes("Permission denied") ? "refused" : "silent", said };
}
