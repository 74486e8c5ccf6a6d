/** The lock of backups under the real engine: on, longer, off, and what `pulumi destroy` does with locked versions. */
import { S3 } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { type Engine, engineFor } from "../../support/engine.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

describe("The lock of a bucket of backups", function () {
  this.timeout(120_000);
  stepsInOrder();

  const directory = mkdtempSync(join(tmpdir(), "backups-"));
  let api: ApiServer;
  let s3: S3;
  let engine: Engine;
  let Bucket = "";

  before(async () => {
    api = await startApi();
    s3 = new S3(api.client);
    engine = engineFor(api, "test/e2e/programs/backups", directory);
    await engine.begin();
  });
  after(async () => {
    await api?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const run = async (...args: string[]) => {
    const { status, stdout, stderr } = await engine.pulumi(...args);
    expect(status, stdout + stderr).to.equal(0);
    return stdout;
  };
  const up = async (lockDays: number) => {
    const printed = await run("up", "--yes", "--skip-preview", "--config", `lockDays=${lockDays}`);
    const outputs = JSON.parse(await run("stack", "output", "--json")) as { bucket: string };
    Bucket = outputs.bucket;
    return printed;
  };
  /** Writes a backup's object as the machine does; resolves to the days for which it is locked, rounded. */
  const write = async (name: string) => {
    const object = { Bucket, Key: `backups/${name}/manifest` };
    await s3.putObject({ ...object, Body: name, IfNoneMatch: "*" });
    const { ObjectLockRetainUntilDate: until } = await s3.headObject(object);
    return until && Math.round((until.getTime() - Date.now()) / (24 * 60 * 60 * 1000));
  };
  const destroy = (...more: string[]) =>
    engine.pulumi("destroy", "--yes", "--skip-preview", "--continue-on-error", ...more);

  it("is off at first", async () => {
    await up(0);
    expect(await write("1")).to.equal(undefined);
  });

  it("begins with one update, in the same bucket, for what is written from then on", async () => {
    const bucket = Bucket;
    expect(await up(30)).to.match(/\+ 1 created\n.*~ 1 updated\n/);
    expect(Bucket).to.equal(bucket);
    expect(await write("2")).to.equal(30);
    const first = await s3.headObject({ Bucket, Key: "backups/1/manifest" });
    expect(first.ObjectLockRetainUntilDate).to.equal(undefined);
    expect(await up(30)).to.match(/ unchanged\n/);
  });

  it("can be longer for new objects, and off for new objects", async () => {
    await up(60);
    expect(await write("3")).to.equal(60);
    await up(0);
    expect(await write("4")).to.equal(undefined);
    const third = await s3.headObject({ Bucket, Key: "backups/3/manifest" });
    expect(third.ObjectLockMode).to.equal("GOVERNANCE");
  });

  it("keeps the bucket, and only that, when the stack is destroyed, and says why", async () => {
    await up(30);
    const { status, stdout, stderr } = await destroy();
    expect(status).to.not.equal(0);
    expect(stdout + stderr).to.match(/AccessDenied.*object protected by object lock/);
    const { Versions = [] } = await s3.listObjectVersions({ Bucket });
    const keys = Versions.map(({ Key }) => Key);
    expect(keys).to.include.members(["backups/2/manifest", "backups/3/manifest"]);
    const state = JSON.parse(await run("stack", "export")) as {
      deployment: { resources: { type: string }[] };
    };
    const types = state.deployment.resources.map(({ type }) => type);
    expect(types.filter((type) => type.startsWith("aws:"))).to.deep.equal(["aws:s3/bucket:Bucket"]);
  });

  it("does not keep it from who may bypass governance and has refreshed", async () => {
    const { status, stdout, stderr } = await destroy("--refresh");
    expect(status, stdout + stderr).to.equal(0);
    expect((await s3.listBuckets({})).Buckets ?? []).to.deep.equal([]);
  });
});
