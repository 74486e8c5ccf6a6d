/** Backups in another stack's bucket, in the lab's AWS API. */
import { S3 } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { text } from "node:stream/consumers";
import { startApi, type ApiServer } from "../../../lab/support/api-server.ts";
import { bucketStore } from "../../../operations/backup-bucket.ts";
import { chooseBackup } from "../../../operations/backup-store.ts";

const Bucket = "old-backups";
const sum = "0".repeat(64);

describe("The bucket of another stack", function () {
  this.timeout(30_000);
  let api: ApiServer;
  let s3: S3;
  const names = ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] as const;
  const outer = names.map((name) => [name, process.env[name]] as const);

  before(async () => {
    api = await startApi();
    const { accessKeyId, secretAccessKey } = api.client.credentials;
    for (const [index, value] of [api.endpoint, accessKeyId, secretAccessKey].entries())
      process.env[names[index]!] = value;
    s3 = new S3({ ...api.client, region: "eu-central-1" });
    for (const bucket of [Bucket, "empty-backups"])
      await s3.createBucket({
        ...{ Bucket: bucket, CreateBucketConfiguration: { LocationConstraint: "eu-central-1" } },
      });
    await put("20260101T030405Z-nightly", "nightly");
    await put("20260102T030405Z-nightly", "nightly", { "app.zip": "app", "files.tar.gz": "f" });
    await put("20260103T030405Z-before-restore", "before-restore");
    await put("20260104T030405Z-imported", "imported");
    const cutOff = "backups/20260105T030405Z-nightly/dump.sql.gz";
    await s3.putObject({ Bucket, Key: cutOff, Body: "dump" });
  });
  after(async () => {
    for (const [name, value] of outer)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    await api?.stop();
  });

  const put = async (name: string, reason: string, more: Record<string, string> = {}) => {
    const manifest = `created x\nreason ${reason}\nsha256 dump.sql.gz ${sum}\n`;
    const files = { "dump.sql.gz": "dump", ...more, manifest };
    for (const [file, Body] of Object.entries(files))
      await s3.putObject({ Bucket, Key: `backups/${name}/${file}`, Body });
  };
  const choose = async (named?: string, bucket = Bucket) => {
    const account = { region: "us-west-2" };
    return chooseBackup(await bucketStore(bucket, account, new AbortController().signal), named);
  };
  const failure = (call: Promise<unknown>) =>
    call.then(
      () => "none",
      (error: Error) => error.message,
    );

  it("gives its newest complete backup of live data, with its files, the dump first", async () => {
    const backup = await choose();
    expect(backup.place).to.equal("s3://old-backups/backups/20260102T030405Z-nightly");
    expect(backup.files).to.deep.equal([
      { name: "dump.sql.gz", size: 4 },
      { name: "files.tar.gz", size: 1 },
      { name: "app.zip", size: 3 },
    ]);
    expect(await text(await backup.open("app.zip"))).to.equal("app");
  });

  it("gives the backup that is named, whatever its reason", async () => {
    const { manifest } = await choose("20260103T030405Z-before-restore");
    expect(manifest).to.include("reason before-restore\n");
  });

  it("has no backup of a name without a manifest, or none at all", async () => {
    expect(await failure(choose("20260105T030405Z-nightly"))).to.equal(
      "--from: s3://old-backups/backups/20260105T030405Z-nightly is no complete backup: it has no manifest",
    );
    expect(await failure(choose(undefined, "empty-backups"))).to.equal(
      "--from: s3://empty-backups holds no complete backup: none has a manifest",
    );
  });

  it("is named when it does not exist", async () => {
    for (const named of [undefined, "20260101T030405Z-nightly"])
      expect(await failure(choose(named, "nosuch-backups"))).to.equal(
        "--from: there is no bucket nosuch-backups",
      );
  });
});
