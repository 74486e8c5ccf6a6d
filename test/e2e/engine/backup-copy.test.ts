/** The copy of the backups in another region, under the real engine. */
import { S3 } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { type Engine, engineFor } from "../../support/engine.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

describe("The copy of the backups of a stack that exists", function () {
  // A run of the engine takes 5 s, or a minute while other tests run.
  this.timeout(300_000);
  stepsInOrder();

  const directory = mkdtempSync(join(tmpdir(), "backups-"));
  const outer = { ...process.env };
  let api: ApiServer;
  let engine: Engine;
  let s3: S3;
  let bucket: string;
  let copyBucket: string;
  before(async () => {
    api = await startApi();
    s3 = new S3(api.client);
    engine = engineFor(api, "test/e2e/programs/backup-copy", directory);
    // The program calls AWS itself, too.
    Object.assign(process.env, { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" });
    await engine.begin();
  });
  after(async () => {
    process.env = outer;
    await api?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const run = async (command: string, settings: object = {}) => {
    const config = Object.entries(settings).flatMap(([key, value]) => [
      "--config",
      `${key}=${value}`,
    ]);
    const { status, stdout, stderr } = await engine.pulumi(
      command,
      "--yes",
      "--skip-preview",
      ...config,
    );
    return { status, text: stdout + stderr };
  };
  const up = async (settings: object = {}) => {
    const { status, text } = await run("up", settings);
    expect(status, text).to.equal(0);
    const { stdout } = await engine.pulumi("stack", "output", "--json");
    ({ bucket, copyBucket } = JSON.parse(stdout) as { bucket: string; copyBucket: string });
    return text;
  };
  const noChanges = async () => {
    const { status, stdout, stderr } = await engine.pulumi(
      "preview",
      "--refresh",
      "--expect-no-changes",
    );
    expect(status, stdout + stderr).to.equal(0);
  };
  const put = (Key: string) => s3.putObject({ Bucket: bucket, Key, Body: Key });
  const keys = async (Bucket: string) =>
    ((await s3.listObjectsV2({ Bucket })).Contents ?? []).map(({ Key }) => Key);
  const regionOf = async (Bucket: string) =>
    (await s3.getBucketLocation({ Bucket })).LocationConstraint;
  const buckets = async () => (await s3.listBuckets()).Buckets!.map(({ Name }) => Name!);

  it("begins with the backups that are there, by one `up`, and is no drift", async () => {
    await up();
    expect(copyBucket).to.equal("");
    await put("backups/20260101T030405Z-nightly/dump.sql.gz");
    await put("backups/20260101T030405Z-nightly/manifest");
    await put("serving.json");
    expect(await up({ backupCopyRegion: "us-east-2" })).to.include("Copies 2 objects of backups, ");
    expect(copyBucket).to.match(/^dev-copy-[0-9a-f]{7}$/);
    expect(await regionOf(copyBucket)).to.equal("us-east-2");
    expect(await keys(copyBucket)).to.deep.equal([
      "backups/20260101T030405Z-nightly/dump.sql.gz",
      "backups/20260101T030405Z-nightly/manifest",
    ]);
    expect(await up()).to.not.include("Copies");
    await noChanges();
  });

  it("gets what is written from then on, by the program's rule and role", async () => {
    const Key = "backups/20260102T030405Z-nightly/manifest";
    await put(Key);
    for (const end = Date.now() + 20_000; Date.now() < end; await sleep(100))
      if ((await s3.headObject({ Bucket: bucket, Key })).ReplicationStatus !== "PENDING") break;
    expect(await keys(copyBucket)).to.include(Key);
  });

  it("is not deleted, nor moved to another region, while the data is protected", async () => {
    for (const backupCopyRegion of ["", "eu-west-1"]) {
      // The preview refuses it. --skip-preview would delete what is not protected: the rule, and the bucket's settings.
      const config = ["--config", `backupCopyRegion=${backupCopyRegion}`];
      const { status, stdout, stderr } = await engine.pulumi("up", "--yes", ...config);
      expect(status, stdout + stderr).to.not.equal(0);
      expect(stdout + stderr).to.match(/dev-copy[^]*because it is protected|marked for protection/);
      expect(await keys(copyBucket)).to.have.length(3);
      await s3.getBucketReplication({ Bucket: bucket });
    }
  });

  it("moves to another region when the protection is lifted, with all backups", async () => {
    const old = copyBucket;
    await up({ backupCopyRegion: "us-east-2", protect: false });
    expect(copyBucket).to.equal(old);
    expect(await up({ backupCopyRegion: "eu-west-1" })).to.include("Copies 3 objects of backups, ");
    expect(await regionOf(copyBucket)).to.equal("eu-west-1");
    expect(await keys(copyBucket)).to.have.length(3);
    expect(await buckets()).to.have.members([bucket, copyBucket]);
    await noChanges();
  });

  it("is refused in a region that does not exist, before anything is changed", async () => {
    const { status, text } = await run("up", { backupCopyRegion: "us-west-9" });
    expect(status, text).to.not.equal(0);
    expect(text).to.include('backup-copy:backupCopyRegion is "us-west-9"');
    expect(text).to.match(/is no region of AWS, .*\n *remedy: use one of: .*us-east-2/);
    expect(await keys(copyBucket)).to.have.length(3);
  });

  it("goes with its backups when the stack is destroyed", async () => {
    await up({ backupCopyRegion: "eu-west-1" });
    const { status, text } = await run("destroy");
    expect(status, text).to.equal(0);
    expect(await buckets()).to.deep.equal([]);
  });
});
