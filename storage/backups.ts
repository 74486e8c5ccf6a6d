import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { lockNewVersions, writeOnceStatements } from "./backup-lock.ts";
import { privateBucket, type PrivateBucketArgs } from "./private-bucket.ts";

/** Arguments of {@link Backups}. */
export interface BackupsArgs {
  /** Refuse to remove the bucket; else it goes with the backups in it. */
  readonly protect: boolean;
  /** Days after which a backup goes to Glacier Instant Retrieval, a sixth of the price of storage. */
  readonly coldAfterDays: number;
  /** Days after which it is gone. */
  readonly expireAfterDays: number;
  /** Days for which nobody can delete a new backup; 0 for no lock. */
  readonly lockDays: number;
}

function lifecycleRules({ coldAfterDays, expireAfterDays }: BackupsArgs) {
  return [
    {
      id: "backups",
      status: "Enabled",
      // The release history stays.
      filter: { prefix: "backups/" },
      transitions: [{ days: coldAfterDays, storageClass: "GLACIER_IR" }],
      expiration: { days: expireAfterDays },
    },
    {
      id: "leftovers",
      status: "Enabled",
      filter: { prefix: "" },
      noncurrentVersionExpiration: { noncurrentDays: 30 },
      abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
    },
  ];
}

/** The bucket of the backups or that of their copy: private, encrypted, with versions and their lifecycle, and with a lock. */
export function bucketOfBackups(
  name: string,
  args: BackupsArgs & Pick<PrivateBucketArgs, "statements">,
  opts: { readonly parent: pulumi.Resource },
): { bucket: aws.s3.Bucket; ready: pulumi.Resource[] } {
  const { protect, lockDays, statements } = args;
  const bucket = privateBucket(name, { forceDestroy: !protect, protect, statements, ...opts });
  const versioning = new aws.s3.BucketVersioning(
    name,
    { bucket: bucket.id, versioningConfiguration: { status: "Enabled" } },
    opts,
  );
  new aws.s3.BucketLifecycleConfiguration(
    name,
    { bucket: bucket.id, rules: lifecycleRules(args) },
    opts,
  );
  // S3 refuses a lock without versions.
  const lockOpts = { ...opts, dependsOn: versioning };
  const locks = lockDays > 0 ? [lockNewVersions(name, { bucket, days: lockDays }, lockOpts)] : [];
  return { bucket, ready: [versioning, ...locks] };
}

/** A private, versioned, encrypted bucket for backups, reached by TLS only. */
export class Backups extends pulumi.ComponentResource {
  readonly bucket: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;
  /** Comes before a rule of replication. */
  readonly ready: readonly pulumi.Resource[];

  constructor(name: string, args: BackupsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:storage:Backups", name, {}, opts);
    const childOpts = { parent: this };

    // The copy in another region is written by S3's replication, whose objects ask no such condition.
    const statements = args.lockDays > 0 ? writeOnceStatements : undefined;
    const { bucket, ready } = bucketOfBackups(name, { ...args, statements }, childOpts);
    this.ready = ready;
    this.bucket = bucket.id;
    this.arn = bucket.arn;
    this.registerOutputs({ bucket: this.bucket });
  }
}
