/**
 * A copy of the backups in another region, which S3 makes by replication. A second write by the app server was the other way:
 * the app server would need rights on the copy, so whoever takes it over could overwrite the copy, too. With replication no
 * role but that of S3 writes there, and a backup is copied although the app server is lost a second after it wrote it.
 */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { awsProvider } from "../aws-provider.ts";
import type { AwsAccount } from "../network/aws-account.ts";
import { ops, pulumi as pulumiCommand } from "../operations/names.ts";
import { errorOf, refused } from "../settings/problem.ts";
import type { Settings } from "../settings/settings.ts";
import { trustPolicy } from "../trust-policy.ts";
import { bucketOfBackups, type Backups, type BackupsArgs } from "./backups.ts";

/** Arguments of {@link BackupCopy}. */
export interface BackupCopyArgs extends BackupsArgs {
  readonly source: Backups;
  readonly region: string;
  /** Of the stack's own region. */
  readonly sourceProvider: aws.Provider;
  /** Whose credentials copy what is there already. */
  readonly account: AwsAccount;
}

/**
 * Stops before anything is created if the account has no such region.
 *
 * @throws pulumi.RunError with the remedy
 */
export async function requireRegion(
  { backupCopyRegion: name, region }: Pick<Settings, "backupCopyRegion" | "region">,
  provider: aws.Provider,
): Promise<void> {
  if (!name) return;
  // Without allRegions, EC2 lists the regions that the account has enabled.
  const { names } = await aws.getRegions({}, { provider }).catch((error: Error) => {
    throw new pulumi.RunError(
      `The regions of the account cannot be read: ${error.message}\n` +
        "remedy: log in to AWS with credentials that may ec2:DescribeRegions, which backupCopyRegion needs",
    );
  });
  if (names.includes(name)) return;
  const limit = "is no region of AWS, or one that the account has not enabled";
  const others = names.filter((other) => other !== region).toSorted();
  const remedy = `use one of: ${others.join(", ")}\nor enable it: aws account enable-region --region-name ${name}`;
  throw errorOf([refused("backupCopyRegion", name, limit, remedy)]);
}

/** The copy of a stack; undefined without the setting backupCopyRegion. */
export function createBackupCopy(
  name: string,
  { backupCopyRegion: region }: Pick<Settings, "backupCopyRegion">,
  args: Omit<BackupCopyArgs, "region">,
  tags: Readonly<Record<"project" | "stack", string>>,
): BackupCopy | undefined {
  if (!region) return undefined;
  // Named after the region, so that another region replaces the bucket.
  const provider = awsProvider(`${name}-${region}`, region, tags);
  return new BackupCopy(name, { ...args, region }, { providers: [provider] });
}

/** A bucket as {@link Backups}, and the rule by which S3 copies the backups into it. */
export class BackupCopy extends pulumi.ComponentResource {
  /** Known when the backups that were there before the rule are copied, or the program has said why not. */
  readonly bucket: pulumi.Output<string>;

  constructor(name: string, args: BackupCopyArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:storage:BackupCopy", name, {}, opts);
    const { source, sourceProvider } = args;
    const childOpts = { parent: this };
    const { bucket, ready } = bucketOfBackups(name, args, childOpts);
    const home = { parent: this, provider: sourceProvider };
    const role = new aws.iam.Role(
      name,
      { assumeRolePolicy: trustPolicy("s3.amazonaws.com"), tags: { Name: name } },
      home,
    );
    const permissions = new aws.iam.RolePolicy(
      name,
      { role: role.id, policy: replicationPolicy(source.arn, bucket.arn) },
      home,
    );
    const rule = new aws.s3.BucketReplicationConfig(
      name,
      { bucket: source.bucket, role: role.arn, rules: [replicationRule(bucket.arn)] },
      // S3 refuses the rule unless both buckets have versions, and both a lock or none.
      { ...home, dependsOn: [...source.ready, ...ready, permissions] },
    );
    this.bucket = pulumi
      .all([bucket.id, source.bucket, rule.id])
      .apply(async ([copyBucket, sourceBucket]) => {
        if (!pulumi.runtime.isDryRun()) await fill(args, sourceBucket, copyBucket);
        return copyBucket;
      });
    this.registerOutputs({ bucket: this.bucket });
  }
}

/** The release history and the probes of releases stay where they are. */
function replicationRule(destination: pulumi.Input<string>) {
  return {
    id: "backups",
    status: "Enabled",
    priority: 1,
    filter: { prefix: "backups/" },
    // What is deleted in the one bucket stays in the other. S3 never replicates the deletion of a version.
    deleteMarkerReplication: { status: "Disabled" },
    destination: { bucket: destination },
  };
}

/**
 * What S3 needs to copy objects (S3 user guide, "Setting up permissions for live replication"), without
 * s3:ReplicateDelete: delete markers are not replicated.
 */
function replicationPolicy(
  source: pulumi.Output<string>,
  copy: pulumi.Output<string>,
): pulumi.Output<string> {
  return pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: ["s3:GetReplicationConfiguration", "s3:ListBucket"],
        Resource: source,
      },
      {
        Effect: "Allow",
        Action: [
          "s3:GetObjectVersionForReplication",
          "s3:GetObjectVersionAcl",
          "s3:GetObjectVersionTagging",
          // With the setting backupLockDays, a copy has the lock of its object.
          "s3:GetObjectRetention",
          "s3:GetObjectLegalHold",
        ],
        Resource: pulumi.interpolate`${source}/backups/*`,
      },
      {
        Effect: "Allow",
        Action: ["s3:ReplicateObject", "s3:ReplicateTags"],
        Resource: pulumi.interpolate`${copy}/backups/*`,
      },
    ],
  });
}

/** Copies what was there before the rule. New backups need none of it, so a problem does not end the update. */
async function fill(
  { account, region: copyRegion }: BackupCopyArgs,
  bucket: string,
  copyBucket: string,
): Promise<void> {
  const { fillCopy } = await import("./fill-copy.ts");
  const announce = (objects: number, bytes: number) =>
    void pulumi.log.info(
      `Copies ${objects} objects of backups, ${(bytes / 1e6).toFixed(1)} MB, to s3://${copyBucket} in ${copyRegion}.`,
    );
  await fillCopy({ account, bucket, copyBucket, copyRegion }, announce).catch((error: Error) => {
    const flags = ` --stack ${pulumi.getStack()}`;
    const [said] = error.message.split("\n");
    void pulumi.log.warn(
      `The backups that were made before are not all in s3://${copyBucket}: ${error.name}: ${said}\n` +
        "remedy: log in to AWS with credentials that may s3:ListBucket, s3:GetObject and s3:GetObjectTagging on\n" +
        `        ${bucket}, and s3:ListBucket and s3:PutObject on ${copyBucket}; then copy the rest by\n` +
        `        ${pulumiCommand} up${flags}, and see what is missing: ${ops} verify${flags}`,
    );
  });
}
