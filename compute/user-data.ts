/** What the first boot of a machine is told. */
export interface UserDataArgs {
  readonly loginUser: string;
  /** The host key for the first contact. Everybody who may read user data knows it. */
  readonly hostKey: { readonly privateKey: string; readonly publicKey: string };
  /** Public keys that may log in beside the instance's key pair. */
  readonly authorizedKeys: readonly string[];
}

const packages = [
  "apparmor", // Docker confines containers by it, and runs them without if it is missing
  "awscli",
  "ca-certificates",
  "cron",
  "curl",
  "default-mysql-client",
  "docker-cli",
  "docker-compose",
  "docker.io",
  "git",
  "zip",
];

/**
 * The cloud-config of both machines, as JSON, which is YAML that needs no quoting rules.
 *
 * It holds nothing that differs between releases: a change would replace the machine.
 */
export function userData({ loginUser, hostKey, authorizedKeys }: UserDataArgs): string {
  const config = {
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey },
    // cloud-init warns of an empty list.
    ...(authorizedKeys.length > 0 ? { ssh_authorized_keys: authorizedKeys } : {}),
    apt: {
      conf: [
        // The Elastic IP arrives while the machine boots, so the first downloads may find no way out.
        'Acquire::Retries "10";',
        // Recommended packages (a mail server, image libraries …) are half of what would be installed.
        'APT::Install-Recommends "false";',
      ].join("\n"),
    },
    package_update: true,
    package_upgrade: true,
    packages,
    runcmd: [["usermod", "--append", "--groups", "docker", loginUser]],
  };
  return `#cloud-config\n${JSON.stringify(config, null, 2)}\n`;
}
