import { S3 } from "@aws-sdk/client-s3";
import { expect } from "chai";

import { type ApiServer, startApi } from "../../../../lab/support/api-server.ts";
import { AccountClient } from "../../../../lab/providers/aws/account-client.ts";
import { ProviderProcess, type Properties } from "../../../support/aws-provider.ts";

describe("The S3 lookup of the lab's AWS provider", function () {
  this.timeout(60_000);

  let api: ApiServer;
  let provider: ProviderProcess;
  let s3: S3;
  const Bucket = "backup";
  before(async () => {
    api = await startApi();
    s3 = new S3(api.client);
    provider = await ProviderProcess.start(api.endpoint);
    await provider.configure({ region: "us-west-2" });
    const LocationConstraint = "us-west-2";
    await s3.createBucket({ Bucket, CreateBucketConfiguration: { LocationConstraint } });
    const VersioningConfiguration = { Status: "Enabled" } as const;
    await s3.putBucketVersioning({ Bucket, VersioningConfiguration });
  });
  after(async () => {
    await provider?.stop();
    await api?.stop();
  });

  const put = (Key: string, Body: string, ContentType?: string) =>
    s3.putObject({ Bucket, Key, Body: Buffer.from(Body), ContentType, Metadata: { by: "ada" } });
  const getObject = (args: Properties) => provider.invoke("aws:s3/getObject:getObject", args);
  const getObjects = (args: Properties) => provider.invoke("aws:s3/getObjects:getObjects", args);
  const error = (call: Promise<unknown>): Promise<string> =>
    call.then(
      () => expect.fail("no error"),
      ({ message }: Error) => message,
    );

  it("returns the newest version of an object, with the body of a JSON object", async () => {
    await put("serving.json", '{"commit":"a"}', "application/json");
    const { VersionId } = await put("serving.json", '{"commit":"b"}', "application/json");
    const { lastModified, etag, ...found } = await getObject({
      bucket: Bucket,
      key: "serving.json",
    });
    expect(found).to.deep.equal({
      arn: "arn:aws:s3:::backup/serving.json",
      body: '{"commit":"b"}',
      bucket: Bucket,
      contentLength: 14,
      contentType: "application/json",
      id: "backup/serving.json",
      key: "serving.json",
      metadata: { by: "ada" },
      region: "us-west-2",
      versionId: VersionId,
    });
    expect(lastModified).to.match(/^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d UTC$/);
    expect(etag).to.match(/^[0-9a-f]{32}$/);
  });

  it("returns the body of text types, and no body for other types", async () => {
    const bodies: Record<string, unknown> = {};
    for (const type of ["text/plain", "application/yaml", "binary/octet-stream"]) {
      await put("typed", "text", type);
      bodies[type] = (await getObject({ bucket: Bucket, key: "typed" }))["body"];
    }
    expect(bodies).to.deep.equal({
      "text/plain": "text",
      "application/yaml": "text",
      "binary/octet-stream": undefined,
    });
  });

  it("fails for an object or a bucket that does not exist, and for a deleted object", async () => {
    await put("deleted", "text");
    await s3.deleteObject({ Bucket, Key: "deleted" });
    for (const [bucket, key] of [
      [Bucket, "nothing"],
      [Bucket, "deleted"],
      ["nowhere", "serving.json"],
    ])
      expect(await error(getObject({ bucket, key }))).to.contain(
        `reading S3 Bucket (${bucket}) Object (${key}): couldn't find resource`,
      );
    expect(await error(getObjects({ bucket: "nowhere" }))).to.contain(
      "listing S3 Bucket (nowhere) Objects: NoSuchBucket: ",
    );
  });

  it("lists the keys under a prefix in order, up to maxKeys", async () => {
    for (const key of ["backups/2", "backups/1", "backups/3", "other"]) await put(key, "");
    const listed = async (args: Properties) =>
      (await getObjects({ bucket: Bucket, ...args }))["keys"];
    const keys = ["backups/1", "backups/2", "backups/3"];
    expect(await listed({ prefix: "backups/" })).to.deep.equal(keys);
    expect(await listed({ prefix: "backups/", maxKeys: 2 })).to.deep.equal(keys.slice(0, 2));
    expect(await listed({ prefix: "none/" })).to.deep.equal([]);
    expect(await listed({})).to.include.members([...keys, "other"]);
  });

  it("returns the public access block of its account, and fails when there is none", async () => {
    const token = "aws:s3/getAccountPublicAccessBlock:getAccountPublicAccessBlock";
    expect(await error(provider.invoke(token, {}))).to.contain(
      "reading S3 Account Public Access Block (123456789012): couldn't find resource",
    );
    await new AccountClient(api.client).putPublicAccessBlock({
      AccountId: "123456789012",
      PublicAccessBlockConfiguration: { BlockPublicPolicy: true },
    });
    expect(await provider.invoke(token, {})).to.deep.equal({
      id: "123456789012",
      blockPublicAcls: false,
      blockPublicPolicy: true,
      ignorePublicAcls: false,
      restrictPublicBuckets: false,
    });
    expect(await error(provider.invoke(token, { accountId: "210987654321" }))).to.contain(
      "reading S3 Account Public Access Block (210987654321): AccessDenied",
    );
  });

  it("refuses an argument that it does not support", async () => {
    expect(await error(getObject({ bucket: Bucket, key: "typed", range: "0-1" }))).to.contain(
      "does not know the argument 'range'",
    );
  });
});
