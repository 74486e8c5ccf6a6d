/** S3 replication in the lab's AWS API. */
import { expect } from "chai";
import { useApi } from "../../support/api-environment.ts";
import {
  bucket as Bucket,
  copyBucket,
  permissions,
  Replication,
} from "../../support/replication.ts";

describe("S3 replication in the lab", function () {
  this.timeout(60_000);
  const run = useApi();
  let replication: Replication;

  before(async () => {
    replication = new Replication(run.api);
    await replication.prepare();
    await replication.put("backups/before", "1");
    await replication.setRule();
  });

  it("copies what is put under the rule's prefix, after the call, with its version and metadata", async () => {
    const { s3 } = replication;
    const Key = "backups/new";
    await s3.putObject({ Bucket, Key, Body: "2", Metadata: { by: "me" } });
    expect(await replication.status(Key)).to.equal("PENDING");
    expect(await replication.keys()).to.not.include(Key);
    await replication.put("serving.json", "{}");
    expect(await replication.settled(Key)).to.equal("COMPLETED");
    const own = await s3.headObject({ Bucket, Key });
    const { Body, ...copy } = await s3.getObject({ Bucket: copyBucket, Key });
    expect(await Body!.transformToString()).to.equal("2");
    expect(copy).to.deep.include({ ReplicationStatus: "REPLICA", Metadata: { by: "me" } });
    expect(copy.VersionId).to.equal(own.VersionId);
    expect(copy.ETag).to.equal(own.ETag);
    // What was put before the rule, or is outside of its prefix, has no status.
    expect(await replication.keys()).to.deep.equal([Key]);
    for (const other of ["backups/before", "serving.json"])
      expect(await replication.status(other), other).to.equal(undefined);
  });

  it("copies an upload in parts, and an object that is copied", async () => {
    const { s3 } = replication;
    const Key = "backups/parts";
    const upload = { Bucket, Key };
    const { UploadId } = await s3.createMultipartUpload(upload);
    const part = { ...upload, UploadId, PartNumber: 1 };
    const { ETag } = await s3.uploadPart({ ...part, Body: "part" });
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    await s3.completeMultipartUpload({ ...upload, UploadId, MultipartUpload });
    await s3.copyObject({ Bucket, Key: "backups/second", CopySource: `${Bucket}/backups/before` });
    for (const key of [Key, "backups/second"])
      expect(await replication.settled(key), key).to.equal("COMPLETED");
    expect(await replication.keys()).to.include.members([Key, "backups/second"]);
  });

  it("keeps in the copy what is deleted, and the version that is overwritten", async () => {
    const { s3 } = replication;
    const Key = "backups/victim";
    await replication.put(Key, "good");
    await replication.settled(Key);
    await replication.put(Key, "bad");
    await replication.settled(Key);
    await s3.deleteObject({ Bucket, Key });
    await replication.put("backups/later", "x");
    await replication.settled("backups/later");
    const { Versions, DeleteMarkers } = await s3.listObjectVersions({
      ...{ Bucket: copyBucket, Prefix: Key },
    });
    expect(Versions).to.have.length(2);
    expect(DeleteMarkers ?? []).to.deep.equal([]);
  });

  it("fails without one of the role's permissions, or if S3 may not use the role", async () => {
    const [list, read, write] = permissions;
    for (const [index, some] of [
      [read, write],
      [list, write],
      [list, read],
    ].entries()) {
      await replication.permit(some as object[]);
      const key = `backups/without-${index}`;
      await replication.put(key, "x");
      expect(await replication.settled(key), key).to.equal("FAILED");
      expect(await replication.keys()).to.not.include(key);
    }
    await replication.permit(permissions);
    await replication.trust("ec2.amazonaws.com");
    await replication.put("backups/untrusted", "x");
    expect(await replication.settled("backups/untrusted")).to.equal("FAILED");
    await replication.trust("s3.amazonaws.com");
  });

  it("needs versions in both buckets, as long as there is a rule", async () => {
    const { s3 } = replication;
    const refusal = (call: Promise<unknown>) =>
      call.then(
        () => "none",
        (error: Error) => `${error.name}: ${error.message}`,
      );
    expect(await refusal(replication.setRule("nosuch"))).to.equal(
      "InvalidRequest: Destination bucket must exist.",
    );
    expect(
      (await s3.getBucketReplication({ Bucket })).ReplicationConfiguration!.Rules,
    ).to.deep.include({
      ...{ ID: "backups", Status: "Enabled", Priority: 1 },
      Filter: { Prefix: "backups/" },
      DeleteMarkerReplication: { Status: "Disabled" },
      Destination: { Bucket: `arn:aws:s3:::${copyBucket}` },
    });
    const VersioningConfiguration = { Status: "Suspended" } as const;
    expect(await refusal(s3.putBucketVersioning({ Bucket, VersioningConfiguration }))).to.match(
      /^InvalidBucketState: A replication configuration is present/,
    );
    await s3.putBucketVersioning({ Bucket: copyBucket, VersioningConfiguration });
    expect(await refusal(replication.setRule())).to.equal(
      "InvalidRequest: Destination bucket must have versioning enabled.",
    );
  });
});
