import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { privateBucket } from "./private-bucket.ts";

/** Arguments of {@link Backups}. */
export interface BackupsArgs {
  /** Refuse to remove the bucket; else it goes with the backups in it. */
  readonly protect: boolean;
  /** Days after which a backup goes to Glacier Instant Retrieval, a sixth of the price of storage. */
  readonly coldAfterDays: number;
  /** Days after which it is gone. */
  readonly expireAfterDays: number;
}

/** Those of the bucket and of its copy in another region. */
export function lifecycleRules({ coldAfterDays, expireAfterDays }: BackupsArgs) {
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
  readonly versioning: pulumi.Resource;

  constructor(name: string, args: BackupsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:storage:Backups", name, {}, opts);
    const childOpts = { parent: this };

    const { protect } = args;
    const bucket = privateBucket(name, { forceDestroy: !protect, protect, parent: this });
    this.versioning = new aws.s3.BucketVersioning(
      name,
      { bucket: bucket.id, versioningConfiguration: { status: "Enabled" } },
      childOpts,
    );
    new aws.s3.BucketLifecycleConfiguration(
      name,
      { bucket: bucket.id, rules: lifecycleRules(args) },
      childOpts,
    );

    this.bucket = bucket.id;
    this.arn = bucket.arn;
    this.registerOutputs({ bucket: this.bucket });
  }
}
