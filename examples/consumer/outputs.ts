import * as pulumi from "@pulumi/pulumi";

/** What the main stack gives to teammates. */
export interface Outputs {
  readonly region: string;
  readonly vpcId: string;
  /** `https://ADDRESS`; the address stays when the machine is replaced. */
  readonly appUrl: string;
  /** The app server's own page if tasks on ECS serve the app; else empty. */
  readonly canaryUrl: string;
  readonly appServerPublicIp: string;
  /** `NAME. TTL IN A ADDRESS`, to be created by hand where the domain's DNS is; empty if there is nothing to do. */
  readonly dnsRecord: string;
  /** As in known_hosts: `ssh-ed25519 AAAA…`. */
  readonly appServerHostKey: string;
  /** To be reached from the app server only. */
  readonly testServerPrivateIp: string;
  readonly testServerHostKey: string;
  /** Logs in to both machines. */
  readonly sshUser: string;
  /** Secret. PEM. */
  readonly sshPrivateKey: string;
  /** Who may log in to the app server, and how `./ops` lets the computer in on which it runs. */
  readonly sshAccess: {
    /** Id of the app server's security group. */
    readonly group: string;
    /** Whether `up` and `./ops` let the computer in on which they run. */
    readonly ownAddress: boolean;
    /** The setting adminCidrs. */
    readonly networks: readonly string[];
    /** Where the rules are changed: region, and profile and roles if the stack names some. */
    readonly account: { readonly region: string };
  };
  /** `HOST:PORT`, to be reached from the app server only. */
  readonly databaseEndpoint: string;
  /** The schema. */
  readonly databaseName: string;
  /** With rights on that schema only; another after each rotation of its password. */
  readonly databaseUser: string;
  /** Secret. */
  readonly databasePassword: string;
  /** `http://HOST`: release, last backup and last restore test. Empty unless the site is public. */
  readonly siteUrl: string;
  /** Empty if there is no site. */
  readonly siteBucket: string;
  readonly backupBucket: string;
  /** In another region; empty without the setting backupCopyRegion. */
  readonly backupCopyBucket: string;
  /** What `./ops logs --since` reads in CloudWatch, with a blank between two; empty if the logs stay on the machine. */
  readonly logGroups: string;
  /** The app's commit that the last `up` was told to serve, 40 hexadecimal digits. */
  readonly configuredCommit: string;
  /** The role of GitHub Actions for `up`; empty without the setting ciRepository. */
  readonly ciDeployRoleArn: string;
  /** The one for previews; empty without the setting ciRepository. */
  readonly ciPreviewRoleArn: string;
}

/**
 * Reads a stack's outputs, each when it is asked for; secret ones stay secret.
 *
 * @param stack ORGANIZATION/PROJECT/STACK, e.g. `organization/flask-on-aws/dev`
 * @returns a function that takes the output's name; an output that the stack lacks fails, and the error names the remedy
 */
export function outputsOf(
  stack: string,
): <Name extends keyof Outputs>(name: Name) => pulumi.Output<Outputs[Name]> {
  const reference = new pulumi.StackReference(stack);
  return (name) =>
    reference.getOutput(name).apply((value: Outputs[typeof name] | undefined) => {
      if (value !== undefined) return value;
      const remedy = "pulumi up there, or pulumi config set stack ORGANIZATION/PROJECT/STACK here";
      throw new pulumi.RunError(`The stack ${stack} has no output ${name}. Remedy: ${remedy}.`);
    });
}
