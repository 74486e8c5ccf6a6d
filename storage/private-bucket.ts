import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** A statement of a policy of the bucket. */
export type Statement = Readonly<Record<string, unknown>>;

/** What {@link privateBucket} is told of the bucket. */
export interface PrivateBucketArgs {
  /** Remove the bucket with all that is in it. */
  readonly forceDestroy: boolean;
  /** Have Pulumi refuse to remove it. */
  readonly protect?: boolean;
  /** What the bucket's policy says beside TLS. */
  readonly statements?: ((bucketArn: pulumi.Output<string>) => readonly Statement[]) | undefined;
  readonly parent: pulumi.Resource;
}

/** An encrypted bucket that only this account's roles can read, by TLS only. */
export function privateBucket(
  name: string,
  { forceDestroy, protect = false, statements = () => [], parent }: PrivateBucketArgs,
): aws.s3.Bucket {
  const bucket = new aws.s3.Bucket(
    name,
    { forceDestroy, tags: { Name: name } },
    { parent, protect },
  );
  const access = new aws.s3.BucketPublicAccessBlock(
    name,
    {
      bucket: bucket.id,
      blockPublicAcls: true,
      ignorePublicAcls: true,
      blockPublicPolicy: true,
      restrictPublicBuckets: true,
    },
    { parent },
  );
  new aws.s3.BucketServerSideEncryptionConfiguration(
    name,
    {
      bucket: bucket.id,
      rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
    },
    { parent },
  );
  new aws.s3.BucketPolicy(
    name,
    { bucket: bucket.id, policy: policyOf(bucket.arn, statements(bucket.arn)) },
    // S3 refuses two changes of a bucket's access at the same time.
    { parent, dependsOn: access },
  );
  return bucket;
}

function policyOf(
  bucketArn: pulumi.Output<string>,
  statements: readonly Statement[],
): pulumi.Output<string> {
  return pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "TlsOnly",
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: [bucketArn, pulumi.interpolate`${bucketArn}/*`],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
      ...statements,
    ],
  });
}
