import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

/** An SSH key of type ed25519. */
export interface SshKey {
  /** One line, `ssh-ed25519 AAAA…`: as in authorized_keys and known_hosts. */
  readonly publicKey: pulumi.Output<string>;
  /** OpenSSH format with its final newline; a secret. */
  readonly privateKey: pulumi.Output<string>;
}

/**
 * A random secret of `bytes` bytes in hexadecimal, made once and kept in the state.
 *
 * Hexadecimal is accepted by RDS, by .env files, in URLs and in SQL as it stands.
 *
 * @param version another one means another secret
 */
export function randomSecret(
  name: string,
  bytes: number,
  opts?: pulumi.CustomResourceOptions,
  version?: number,
): pulumi.Output<string> {
  return generateOnce(name, `openssl rand -hex ${bytes}`, opts, version);
}

/**
 * An SSH key, made once and kept in the state.
 *
 * @param version another one means another key
 */
export function sshKey(
  name: string,
  opts?: pulumi.CustomResourceOptions,
  version?: string,
): SshKey {
  const pair = generateOnce(
    name,
    `umask 077; dir=$(mktemp -d) && trap 'rm -rf "$dir"' EXIT &&
ssh-keygen -q -t ed25519 -N '' -C '' -f "$dir/key" && cat "$dir/key.pub" "$dir/key"`,
    opts,
    version,
  ).apply((stdout) => {
    const [publicKey = "", ...privateKey] = stdout.trimEnd().split("\n");
    return { publicKey: publicKey.trim(), privateKey: `${privateKey.join("\n")}\n` };
  });
  return { publicKey: pulumi.unsecret(pair.publicKey), privateKey: pair.privateKey };
}

/** What a command printed when it first ran, as a secret. */
function generateOnce(
  name: string,
  create: string,
  opts: pulumi.CustomResourceOptions | undefined,
  version: number | string | undefined,
): pulumi.Output<string> {
  const made = new command.local.Command(
    name,
    {
      create,
      logging: command.local.Logging.None,
      ...(version ? { triggers: [version] } : {}),
    },
    {
      ...opts,
      additionalSecretOutputs: ["stdout"],
      // A changed command would run again, and the secret in use would be gone.
      ignoreChanges: ["create"],
    },
  );
  return pulumi.secret(made.stdout);
}
