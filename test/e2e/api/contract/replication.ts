import { ref, type Subject, subject } from "./subject.ts";

const copying = (prefix: string, status = "Enabled") => ({
  id: "backups",
  ...{ status, priority: 1 },
  filter: { prefix },
  deleteMarkerReplication: { status: "Disabled" },
  destination: { bucket: "arn:aws:s3:::contract-mirror" },
});

/** S3 replicates between buckets with versions only. */
export const replication: readonly Subject[] = [
  ...["mirrored", "mirror"].flatMap((name) => [
    subject("s3/bucket", "aws_s3_bucket", name, { bucket: `contract-${name}` }),
    subject("s3/bucketVersioning", "aws_s3_bucket_versioning", `${name}-versions`, {
      ...{ bucket: ref(name), versioningConfiguration: { status: "Enabled" } },
    }),
  ]),
  subject(
    "s3/bucketReplicationConfig",
    "aws_s3_bucket_replication_configuration",
    "leaf",
    {
      ...{ bucket: ref("mirrored-versions"), rules: [copying("backups/")] },
      role: "arn:aws:iam::123456789012:role/first",
    },
    [
      { rules: [copying("history/", "Disabled")] },
      { role: "arn:aws:iam::123456789012:role/second" },
      { bucket: ref("mirror-versions") },
    ],
    { after: "mirror-versions" },
  ),
];
