/** Two buckets with versions in the lab's API, the second in another region, and S3's role between them. */
import { IAM } from "@aws-sdk/client-iam";
import { S3 } from "@aws-sdk/client-s3";
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiServer } from "../../lab/support/api-server.ts";
import { allow } from "./instance-role.ts";

export const bucket = "own-backups";
export const copyBucket = "copied-backups";
export const copyRegion = "eu-central-1";

/** As storage/backup-copy.ts has them. */
export const permissions = [
  allow(["s3:GetReplicationConfiguration", "s3:ListBucket"], `arn:aws:s3:::${bucket}`),
  allow(
    ["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"],
    `arn:aws:s3:::${bucket}/backups/*`,
  ),
  allow(["s3:ReplicateObject", "s3:ReplicateTags"], `arn:aws:s3:::${copyBucket}/backups/*`),
];

const trust = (Service: string) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service }, Action: "sts:AssumeRole" }],
  });

export class Replication {
  readonly s3: S3;
  private readonly iam: IAM;
  private readonly elsewhere: S3;

  constructor(api: ApiServer) {
    this.elsewhere = new S3({ ...api.client, region: copyRegion });
    this.s3 = new S3({ ...api.client, requestChecksumCalculation: "WHEN_REQUIRED" });
    this.iam = new IAM(api.client);
  }

  /** Makes the buckets and the role, but no rule. */
  async prepare(): Promise<void> {
    const there = { LocationConstraint: copyRegion } as const;
    const here = { LocationConstraint: "us-west-2" } as const;
    const [own, copy] = [{ Bucket: bucket }, { Bucket: copyBucket }];
    await this.s3.createBucket({ ...own, CreateBucketConfiguration: here });
    await this.elsewhere.createBucket({ ...copy, CreateBucketConfiguration: there });
    for (const { Bucket } of [own, copy])
      await this.s3.putBucketVersioning({
        ...{ Bucket, VersioningConfiguration: { Status: "Enabled" } },
      });
    await this.iam.createRole({
      ...{ RoleName: "copy", AssumeRolePolicyDocument: trust("s3.amazonaws.com") },
    });
    await this.permit(permissions);
  }

  async permit(Statement: readonly object[]): Promise<void> {
    await this.iam.putRolePolicy({
      ...{ RoleName: "copy", PolicyName: "copy" },
      PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement }),
    });
  }

  async trust(service: string): Promise<void> {
    await this.iam.updateAssumeRolePolicy({ RoleName: "copy", PolicyDocument: trust(service) });
  }

  async setRule(destination = copyBucket): Promise<void> {
    const { Role } = await this.iam.getRole({ RoleName: "copy" });
    const rule = {
      ID: "backups",
      Status: "Enabled",
      Priority: 1,
      Filter: { Prefix: "backups/" },
      DeleteMarkerReplication: { Status: "Disabled" },
      Destination: { Bucket: `arn:aws:s3:::${destination}` },
    } as const;
    const ReplicationConfiguration = { Role: Role!.Arn, Rules: [rule] };
    await this.s3.putBucketReplication({ Bucket: bucket, ReplicationConfiguration });
  }

  async put(Key: string, Body: string): Promise<void> {
    await this.s3.putObject({ Bucket: bucket, Key, Body });
  }

  async keys(Bucket = copyBucket): Promise<string[]> {
    const { Contents = [] } = await this.s3.listObjectsV2({ Bucket });
    return Contents.map(({ Key }) => Key!);
  }

  async status(Key: string, Bucket = bucket): Promise<string | undefined> {
    return (await this.s3.headObject({ Bucket, Key })).ReplicationStatus;
  }

  /** The status of an object of the first bucket after S3 has tried, within 20 s. */
  async settled(Key: string): Promise<string | undefined> {
    for (const end = Date.now() + 20_000; ; await sleep(100)) {
      const status = await this.status(Key);
      if (status !== "PENDING" || Date.now() > end) return status;
    }
  }
}
