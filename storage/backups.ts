import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { lockNewVersions, writeOnceStatements } from "./backup-lock.ts";
import { privateBucket } from "./private-bucket.ts";

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

/** A private, versioned, encrypted bucket for backups, reached by TLS only. */
export class Backups extends pulumi.ComponentResource {
  readonly bucket: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;

  constructor(name: string, args: BackupsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:storage:Backups", name, {}, opts);
    const childOpts = { parent: this };

    const { protect, lockDays } = args;
    const bucket = privateBucket(name, {
      ...{ forceDestroy: !protect, protect, parent: this },
      ...(lockDays > 0 && { statements: writeOnceStatements }),
    });
    const versioning = new aws.s3.BucketVersioning(
      name,
      { bucket: bucket.id, versioningConfiguration: { status: "Enabled" } },
      childOpts,
    );
    new aws.s3.BucketLifecycleConfiguration(
      name,
      { bucket: bucket.id, rules: lifecycleRules(args) },
      childOpts,
    );

    if (lockDays > 0) {
      // S3 refuses it without versions.
      const lockOpts = { ...childOpts, dependsOn: versioning };
      lockNewVersions(name, { bucket, days: lockDays }, lockOpts);
    }

    this.bucket = bucket.id;
    this.arn = bucket.arn;
    this.registerOutputs({ bucket: this.bucket });
  }
}
