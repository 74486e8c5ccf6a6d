/** One end of an SSH connection. */
export interface SshHost {
  readonly address: string;
  readonly user: string;
  /** The host key as in known_hosts: `ssh-ed25519 AAAA…`. */
  readonly hostKey: string;
}

/**
 * A command line that opens a shell on `host`, by way of `jump` if that is given.
 *
 * The host key is part of it, by KnownHostsCommand (OpenSSH 8.5 of 2021), so it needs no file but
 * the private key's, and a machine that was replaced leaves no stale entry behind. A jump is a
 * ProxyCommand because `ssh -J` does not offer the key of `-i` to the jump host.
 *
 * @param keyFile path of the private key, read by the user's shell (`~` is expanded)
 */
export function sshCommand(keyFile: string, host: SshHost, jump?: SshHost): string {
  const command = (to: SshHost, quote: string) => [
    `ssh -i ${keyFile} -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes`,
    "-o UserKnownHostsFile=/dev/null",
    `-o KnownHostsCommand=${quote}/bin/echo ${to.address} ${to.hostKey}${quote}`,
  ];
  const login = (to: SshHost) => `${to.user}@${to.address}`;
  const proxy = jump && [...command(jump, '"'), "-W %h:%p", login(jump)].join(" ");
  return [
    ...command(host, "'"),
    ...(proxy ? [`-o ProxyCommand='${proxy}'`] : []),
    login(host),
  ].join(" ");
}
