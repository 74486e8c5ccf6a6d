/** What keeps a backup as it was written: S3 Object Lock, and a bucket policy that refuses overwrites and deletions. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Statement } from "./private-bucket.ts";

/**
 * Where each object is written once: the backups and the release history. The record of what serves and the preflight's
 * probe are replaced, and have other keys; the lock keeps their old versions, too.
 */
export const writtenOnce = ["backups/", "ledger/"] as const;

/**
 * Refuses to replace an object or to hide it behind a delete marker. A new version of a locked object does no harm to
 * the old one, but whoever reads the object without a version gets the new one.
 *
 * `If-None-Match: *` has S3 refuse to write an object that is there. A multipart upload has this header in the call
 * that completes it, so the calls before that are excepted (S3 user guide, "Enforce conditional writes on Amazon S3
 * buckets").
 */
export function writeOnceStatements(bucketArn: pulumi.Output<string>): Statement[] {
  const Resource = writtenOnce.map((prefix) => pulumi.interpolate`${bucketArn}/${prefix}*`);
  const denied = { Effect: "Deny", Principal: "*", Resource } as const;
  return [
    {
      ...{ Sid: "NoOverwrite", ...denied, Action: "s3:PutObject" },
      Condition: {
        Null: { "s3:if-none-match": "true" },
        Bool: { "s3:ObjectCreationOperation": "true" },
      },
    },
    // Not versions: the lock is for these, and `pulumi destroy` deletes them.
    { Sid: "NoDeleteMarker", ...denied, Action: "s3:DeleteObject" },
  ];
}

/**
 * Locks each new version in a bucket for some days, whoever writes it and whatever the request says: the machine's role
 * may not set a retention of its own. In governance mode the permission s3:BypassGovernanceRetention lifts it.
 *
 * S3 enables Object Lock on a bucket that has versions without replacing it (S3 user guide, "Configuring S3 Object
 * Lock"). It cannot be disabled there; without this resource, new versions have no lock.
 */
export function lockNewVersions(
  name: string,
  { bucket, days }: { readonly bucket: aws.s3.Bucket; readonly days: number },
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource {
  return new aws.s3.BucketObjectLockConfiguration(
    name,
    { bucket: bucket.id, rule: { defaultRetention: { mode: "GOVERNANCE", days } } },
    opts,
  );
}
