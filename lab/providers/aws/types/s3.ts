import {
  type BucketVersioningStatus,
  type LifecycleRule,
  type ObjectLockRetentionMode,
  type ReplicationRule,
  S3,
} from "@aws-sdk/client-s3";
import type { BucketState } from "@pulumi/aws/s3/bucket.js";
import type { BucketLifecycleConfigurationState } from "@pulumi/aws/s3/bucketLifecycleConfiguration.js";
import type { BucketObjectLockConfigurationState } from "@pulumi/aws/s3/bucketObjectLockConfiguration.js";
import type { BucketObjectv2State } from "@pulumi/aws/s3/bucketObjectv2.js";
import type { BucketPolicyState } from "@pulumi/aws/s3/bucketPolicy.js";
import type { BucketPublicAccessBlockState } from "@pulumi/aws/s3/bucketPublicAccessBlock.js";
import type { BucketReplicationConfigState } from "@pulumi/aws/s3/bucketReplicationConfig.js";
import type { BucketServerSideEncryptionConfigurationState } from "@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js";
import type { BucketVersioningState } from "@pulumi/aws/s3/bucketVersioning.js";
import type { BucketWebsiteConfigurationState } from "@pulumi/aws/s3/bucketWebsiteConfiguration.js";

import type { Context } from "../context.ts";
import { ifFound } from "../errors.ts";
import { type Aws, type Plain, replace, resource, type ResourceType } from "../resource.ts";
import { tagList, type Tags, update } from "../resource.ts";
import { sameFields, sameJson } from "../values.ts";

const s3 = (context: Context): S3 => context.client(S3);

/** Deletes every version of every object of a bucket, or `only` those of one key; locked ones, too, with `bypass`. */
async function deleteVersions(
  context: Context,
  Bucket = "",
  { only, bypass }: { only?: string | undefined; bypass?: boolean | undefined } = {},
): Promise<void> {
  for (;;) {
    const page = await s3(context).listObjectVersions({ Bucket, Prefix: only });
    const Objects = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])]
      .filter(({ Key }) => only === undefined || Key === only)
      .map(({ Key, VersionId }) => ({ Key, VersionId }));
    if (Objects.length === 0) return;
    const { Errors } = await s3(context).deleteObjects({
      ...{ Bucket, Delete: { Objects } },
      ...(bypass && { BypassGovernanceRetention: true }),
    });
    const failed = Errors?.[0];
    if (failed) throw new Error(`${failed.Code} on object ${failed.Key}: ${failed.Message}`);
  }
}

const tagBucket = (context: Context, Bucket: string, { all }: Pick<Tags, "all">) =>
  Object.keys(all).length > 0
    ? s3(context).putBucketTagging({ Bucket, Tagging: { TagSet: tagList(all) } })
    : s3(context).deleteBucketTagging({ Bucket });

const bucket = resource<Plain<BucketState>>({
  token: "aws:s3/bucket:Bucket",
  inputs: {
    bucket: replace({ computed: true }),
    forceDestroy: update({ default: false, local: true }),
  },
  outputs: ["arn", "bucketRegion", "objectLockEnabled"],
  autoname: { property: "bucket", maxLength: 63, separator: "-", lowerCase: true },
  retag: tagBucket,
  async create(context, { Bucket }) {
    const LocationConstraint = context.region as "us-west-2";
    // us-east-1 is S3's default, and refused when named.
    const named = context.region === "us-east-1" ? {} : { LocationConstraint };
    await s3(context).createBucket({ Bucket, CreateBucketConfiguration: named });
    return Bucket;
  },
  complete: (context, id, { tagsAll = {} }) => tagBucket(context, id, { all: tagsAll }),
  async find(context, Bucket) {
    await s3(context).headBucket({ Bucket });
    const Tags = (await ifFound(s3(context).getBucketTagging({ Bucket })))?.TagSet;
    const lock = await ifFound(s3(context).getObjectLockConfiguration({ Bucket }));
    return {
      ...{ Arn: `arn:aws:s3:::${Bucket}`, Bucket, BucketRegion: context.region, Tags },
      ObjectLockEnabled: lock !== undefined,
    };
  },
  /**
   * The real provider bypasses governance when the bucket's state says that it has Object Lock. Where another resource
   * has enabled that, the state says so after a refresh (hashicorp/terraform-provider-aws, bucket.go).
   */
  async delete(context, Bucket, { forceDestroy, objectLockEnabled: bypass }) {
    if (forceDestroy) await deleteVersions(context, Bucket, { bypass });
    await s3(context).deleteBucket({ Bucket });
  },
});

type BucketObject = Plain<BucketObjectv2State>;

const put = (context: Context, { key: Key, content, contentType, tagsAll, bucket }: BucketObject) =>
  s3(context).putObject({
    Bucket: bucket as string,
    Key,
    Body: content ?? "",
    ContentType: contentType,
    Tagging: new URLSearchParams(tagsAll).toString(), // without it, new content would lose them
  });

const bucketObject = resource<BucketObject>({
  token: "aws:s3/bucketObjectv2:BucketObjectv2",
  inputs: {
    bucket: replace(),
    key: replace({ computed: true }),
    content: update({ writeOnly: true }),
    contentType: update({ computed: true }),
  },
  outputs: ["etag", "versionId"],
  autoname: { property: "key", maxLength: 1024 },
  retag: (context, _, { all }, { bucket, key }) =>
    s3(context).putObjectTagging({
      Bucket: bucket as string,
      Key: key,
      Tagging: { TagSet: tagList(all) },
    }),
  async create(context, _, inputs) {
    await put(context, inputs);
    return `${inputs.bucket as string}/${inputs.key}`;
  },
  async find(context, id) {
    const slash = id.indexOf("/");
    const object = { Bucket: id.slice(0, slash), Key: id.slice(slash + 1) };
    const found = await s3(context).headObject(object);
    const { TagSet } = await s3(context).getObjectTagging(object);
    return { ...found, ...object, Etag: found.ETag?.replaceAll('"', ""), Tags: TagSet };
  },
  update: (context, { news }) => put(context, news),
  delete: (context, _, { bucket, key }) => deleteVersions(context, bucket as string, { only: key }),
});

/** A setting of a bucket: its id is the bucket's name, and one call makes and changes it. */
const setting = <S extends object>({
  put,
  ...type
}: Pick<ResourceType<S>, "token" | "inputs" | "outputs" | "find" | "delete"> & {
  put: (context: Context, bucket: string, request: Aws<S>) => Promise<unknown>;
}): ResourceType =>
  resource<S>({
    ...type,
    inputs: { ...type.inputs, bucket: replace() },
    async create(context, request, inputs) {
      const { bucket } = inputs as { bucket: string };
      await put(context, bucket, request);
      return bucket;
    },
    async find(context, id, known) {
      const found = await type.find(context, id, known);
      return found && { ...found, Bucket: id };
    },
    update: (context, { id, request }) => put(context, id, request),
  });

const publicAccessBlock = setting<Plain<BucketPublicAccessBlockState>>({
  token: "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
  inputs: {
    blockPublicAcls: update({ default: false }),
    blockPublicPolicy: update({ default: false }),
    ignorePublicAcls: update({ default: false }),
    restrictPublicBuckets: update({ default: false }),
  },
  put: (context, Bucket, request) =>
    s3(context).putPublicAccessBlock({ Bucket, PublicAccessBlockConfiguration: request }),
  find: async (context, Bucket) =>
    (await s3(context).getPublicAccessBlock({ Bucket })).PublicAccessBlockConfiguration,
  delete: (context, Bucket) => s3(context).deletePublicAccessBlock({ Bucket }),
});

const policy = setting<Plain<BucketPolicyState>>({
  token: "aws:s3/bucketPolicy:BucketPolicy",
  inputs: { policy: update({ same: sameJson }) },
  put: (context, Bucket, { Policy }) =>
    s3(context).putBucketPolicy({ Bucket, Policy: Policy as string }),
  find: (context, Bucket) => s3(context).getBucketPolicy({ Bucket }),
  delete: (context, Bucket) => s3(context).deleteBucketPolicy({ Bucket }),
});

const website = setting<Plain<BucketWebsiteConfigurationState>>({
  token: "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration",
  inputs: { indexDocument: update(), errorDocument: update() },
  outputs: ["websiteDomain", "websiteEndpoint"],
  put: (context, Bucket, { IndexDocument, ErrorDocument }) =>
    s3(context).putBucketWebsite({
      Bucket,
      WebsiteConfiguration: { IndexDocument, ErrorDocument },
    }),
  async find(context, Bucket) {
    const WebsiteDomain = `s3-website-${context.region}.amazonaws.com`;
    const found = await s3(context).getBucketWebsite({ Bucket });
    return { ...found, WebsiteDomain, WebsiteEndpoint: `${Bucket}.${WebsiteDomain}` };
  },
  delete: (context, Bucket) => s3(context).deleteBucketWebsite({ Bucket }),
});

const setVersioning = (context: Context, Bucket: string, Status: BucketVersioningStatus) =>
  s3(context).putBucketVersioning({ Bucket, VersioningConfiguration: { Status } });

const versioning = setting<Plain<BucketVersioningState>>({
  token: "aws:s3/bucketVersioning:BucketVersioning",
  inputs: { versioningConfiguration: update({ same: sameFields, fields: ["status"] }) },
  put: (context, bucket, { VersioningConfiguration: wanted }) =>
    setVersioning(context, bucket, wanted?.Status as BucketVersioningStatus),
  async find(context, Bucket) {
    const { Status } = await s3(context).getBucketVersioning({ Bucket });
    return Status && { VersioningConfiguration: { Status } };
  },
  /** What was versioned once can be suspended, but never be unversioned; with Object Lock it stays versioned. */
  delete: (context, bucket) =>
    setVersioning(context, bucket, "Suspended").catch((error: Error) => {
      if (error.name !== "InvalidBucketState") throw error;
    }),
});

type ObjectLock = Plain<BucketObjectLockConfigurationState>;

/** Locks new versions for some days, or, without a mode, not. */
const setLock = (
  context: Context,
  Bucket: string,
  { Mode, Days }: { Mode?: string | undefined; Days?: number | undefined } = {},
) =>
  s3(context).putObjectLockConfiguration({
    Bucket,
    ObjectLockConfiguration: {
      ObjectLockEnabled: "Enabled",
      ...(Mode && { Rule: { DefaultRetention: { Mode: Mode as ObjectLockRetentionMode, Days } } }),
    },
  });

const objectLock = setting<ObjectLock>({
  token: "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
  inputs: { rule: update() },
  put: (context, bucket, { Rule }) => setLock(context, bucket, Rule?.DefaultRetention),
  async find(context, Bucket) {
    const found = await s3(context).getObjectLockConfiguration({ Bucket });
    const { Mode, Days } = found.ObjectLockConfiguration?.Rule?.DefaultRetention ?? {};
    return { Rule: Mode && { DefaultRetention: { Mode, Days } } };
  },
  /** Object Lock stays enabled: new versions are not locked any more. */
  delete: (context, bucket) => setLock(context, bucket),
});

type Encryption = Plain<BucketServerSideEncryptionConfigurationState>;

const encryption = setting<Encryption>({
  token: "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
  inputs: { rules: update() },
  put: (context, Bucket, { Rules = [] }) =>
    s3(context).putBucketEncryption({
      Bucket,
      ServerSideEncryptionConfiguration: {
        Rules: Rules.map(({ ApplyServerSideEncryptionByDefault: wanted }) => ({
          ApplyServerSideEncryptionByDefault: { SSEAlgorithm: wanted?.SseAlgorithm as "AES256" },
        })),
      },
    }),
  async find(context, Bucket) {
    const found = await s3(context).getBucketEncryption({ Bucket });
    const Rules = found.ServerSideEncryptionConfiguration?.Rules?.map((rule) => ({
      ApplyServerSideEncryptionByDefault: {
        SseAlgorithm: rule.ApplyServerSideEncryptionByDefault?.SSEAlgorithm,
      },
    }));
    return { Rules };
  },
  delete: (context, Bucket) => s3(context).deleteBucketEncryption({ Bucket }),
});

const lifecycle = setting<Plain<BucketLifecycleConfigurationState>>({
  token: "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
  inputs: { rules: update() },
  put: (context, Bucket, { Rules = [] }) =>
    s3(context).putBucketLifecycleConfiguration({
      Bucket,
      LifecycleConfiguration: {
        Rules: Rules.map(({ Id, ...rule }) => ({ ...(rule as LifecycleRule), ID: Id })),
      },
    }),
  async find(context, Bucket) {
    const { Rules } = await s3(context).getBucketLifecycleConfiguration({ Bucket });
    return { Rules: Rules?.map(({ ID, ...rule }) => ({ ...rule, Id: ID })) as never };
  },
  delete: (context, Bucket) => s3(context).deleteBucketLifecycle({ Bucket }),
});

const replication = setting<Plain<BucketReplicationConfigState>>({
  token: "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
  inputs: { role: update(), rules: update() },
  put: (context, Bucket, { Role, Rules = [] }) =>
    s3(context).putBucketReplication({
      Bucket,
      ReplicationConfiguration: {
        Role: Role as string,
        Rules: Rules.map(({ Id, ...rule }) => ({ ...(rule as ReplicationRule), ID: Id })),
      },
    }),
  async find(context, Bucket) {
    const { Role, Rules = [] } = (await s3(context).getBucketReplication({ Bucket }))
      .ReplicationConfiguration!;
    return { Role, Rules: Rules.map(({ ID, ...rule }) => ({ ...rule, Id: ID })) as never };
  },
  delete: (context, Bucket) => s3(context).deleteBucketReplication({ Bucket }),
});

export const types = [
  bucket,
  bucketObject,
  publicAccessBlock,
  policy,
  website,
  versioning,
  objectLock,
  encryption,
  lifecycle,
  replication,
];
