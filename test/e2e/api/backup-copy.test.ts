/** Filling the copy of the backups, in the lab's AWS API. */
import { expect } from "chai";
import { compareCopy, fillCopy } from "../../../storage/fill-copy.ts";
import { useApi } from "../../support/api-environment.ts";
import { bucket, copyBucket, copyRegion, Replication } from "../../support/replication.ts";

describe("The copy of the backups", function () {
  this.timeout(60_000);
  const run = useApi();
  let replication: Replication;
  const places = { account: { region: "us-west-2" }, bucket, copyBucket, copyRegion };
  const never = new AbortController().signal;

  before(async () => {
    replication = new Replication(run.api);
    await replication.prepare();
  });

  it("gets the backups that were there before, each manifest last, and then nothing more", async () => {
    const names = Array.from({ length: 12 }, (_, index) => `backups/2026010${index}T-nightly`);
    for (const name of names) {
      await replication.put(`${name}/dump.sql.gz`, name.repeat(10));
      await replication.put(`${name}/manifest`, "created");
    }
    const Key = `${names[0]}/dump.sql.gz`;
    await replication.s3.putObject({
      ...{ Bucket: bucket, Key, Body: "cold", StorageClass: "GLACIER_IR" },
    });
    const large = "0123456789abcdef".repeat(11 * 65_536);
    await replication.put(`${names[1]}/files.tar.gz`, large);
    await replication.put("serving.json", "{}");
    const said: number[] = [];
    const announce = (objects: number) => said.push(objects);
    expect((await compareCopy(places, never)).missing).to.have.length(25);
    // Larger objects are copied in parts.
    expect(await fillCopy(places, announce, { limit: 5 * 1024 * 1024 })).to.equal(25);
    expect(await fillCopy(places, announce)).to.equal(0);
    expect(said).to.deep.equal([25]);
    const { copied, missing } = await compareCopy(places, never);
    expect(missing).to.deep.equal([]);
    expect(await replication.keys()).to.not.include("serving.json");
    const time = (end: string) =>
      copied.filter(({ key }) => key.endsWith(end)).map(({ modified }) => modified.getTime());
    expect(Math.min(...time("/manifest"))).to.be.at.least(Math.max(...time("/dump.sql.gz")));
    expect(copied.find(({ key }) => key === Key)!.storageClass).to.equal("GLACIER_IR");
    const body = async (key: string) => {
      const { Body } = await replication.s3.getObject({ Bucket: copyBucket, Key: key });
      return Body!.transformToString();
    };
    expect((await body(`${names[1]}/files.tar.gz`)) === large).to.equal(true);
    for (const name of names.slice(1))
      expect(await body(`${name}/dump.sql.gz`)).to.equal(name.repeat(10));
  });

  it("gets the rest after an error, without the parts of the object that failed", async () => {
    await replication.put("backups/later/dump.sql.gz", "x".repeat(50));
    await replication.put("backups/later/manifest", "created");
    const policy = (Effect: string) =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            ...{ Effect, Action: "s3:PutObject", Resource: `arn:aws:s3:::${copyBucket}/*` },
            Principal: { AWS: "arn:aws:iam::123456789012:root" },
          },
        ],
      });
    await replication.s3.putBucketPolicy({ Bucket: copyBucket, Policy: policy("Deny") });
    const failed = await fillCopy(places, () => undefined).then(
      () => "",
      (error: Error) => error.name,
    );
    expect(failed).to.equal("AccessDenied");
    await replication.s3.putBucketPolicy({ Bucket: copyBucket, Policy: policy("Allow") });
    expect(await fillCopy(places, () => undefined)).to.equal(2);
  });
});
