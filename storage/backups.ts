import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** A private, versioned, encrypted bucket for backups. */
export class Backups extends pulumi.ComponentResource {
  readonly bucket: pulumi.Output<string>;
  readonly arn: pulumi.Output<string>;

  constructor(
    name: string,
    args: {
      /** Whether the bucket may be removed with the backups in it. */
      readonly removeWithContent: boolean;
    },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("flask-on-aws:storage:Backups", name, {}, opts);
    const mine = { parent: this };

    const bucket = new aws.s3.Bucket(
      name,
      { forceDestroy: args.removeWithContent, tags: { Name: name } },
      mine,
    );
    new aws.s3.BucketPublicAccessBlock(
      name,
      {
        bucket: bucket.id,
        blockPublicAcls: true,
        ignorePublicAcls: true,
        blockPublicPolicy: true,
        restrictPublicBuckets: true,
      },
      mine,
    );
    new aws.s3.BucketVersioning(
      name,
      { bucket: bucket.id, versioningConfiguration: { status: "Enabled" } },
      mine,
    );
    new aws.s3.BucketServerSideEncryptionConfiguration(
      name,
      {
        bucket: bucket.id,
        rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
      },
      mine,
    );

    this.bucket = bucket.id;
    this.arn = bucket.arn;
    this.registerOutputs({ bucket: this.bucket });
  }
}
