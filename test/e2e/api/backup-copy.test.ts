/** Filling the copy of the backups, in the lab's AWS API. */
import { expect } from "chai";
import { copyCheck } from "../../../operations/backup-copy.ts";
import { storeOf } from "../../../operations/backup-places.ts";
import type { RemoteMachine } from "../../../operations/machine.ts";
import { compareCopy, fillCopy } from "../../../storage/fill-copy.ts";
import { useApi } from "../../support/api-environment.ts";
import { bucket, copyBucket, copyRegion, Replication } from "../../support/replication.ts";

describe("The copy of the backups", function () {
  this.timeout(60_000);
  const run = useApi();
  let replication: Replication;
  const places = { account: { region: "us-west-2" }, bucket, copyBucket, copyRegion };
  const never = new AbortController().signal;

  /** The stack, for ./ops. */
  const machineOf = (outputs: object) =>
    ({
      stack: { name: "dev", outputs: { region: "us-west-2", ...outputs } },
      pulumi: (...words: string[]) => ["pulumi", ...words].join(" "),
    }) as unknown as RemoteMachine;
  const machine = machineOf({ backupBucket: bucket, backupCopyBucket: copyBucket });
  const later = () => Date.now() + 4 * 3_600_000;

  before(async () => {
    replication = new Replication(run.api);
    await replication.prepare();
  });

  it("gets the backups that were there before, and then nothing more", async () => {
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
    expect(copied.find(({ key }) => key === Key)!.storageClass).to.equal("GLACIER_IR");
    const body = async (key: string) => {
      const { Body } = await replication.s3.getObject({ Bucket: copyBucket, Key: key });
      return Body!.transformToString();
    };
    const files = `${names[1]}/files.tar.gz`;
    expect((await body(files)) === large).to.equal(true);
    const { ETag } = await replication.s3.headObject({ Bucket: copyBucket, Key: files });
    expect(ETag).to.match(/-3"$/);
    for (const name of names.slice(1))
      expect(await body(`${name}/dump.sql.gz`)).to.equal(name.repeat(10));
  });

  it("gets the rest after an error, and no manifest before the files of its backup", async () => {
    await replication.put("backups/later/dump.sql.gz", "x".repeat(50));
    await replication.put("backups/later/manifest", "created");
    const policy = (Effect: string) =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            ...{ Effect, Action: "s3:PutObject", Resource: `arn:aws:s3:::${copyBucket}/*.gz` },
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
    // What has a manifest is complete.
    expect(await replication.keys()).to.not.include("backups/later/manifest");
    await replication.s3.putBucketPolicy({ Bucket: copyBucket, Policy: policy("Allow") });
    expect(await fillCopy(places, () => undefined)).to.equal(2);
  });

  it("is compared with the backups by ./ops verify, which allows S3 some hours", async () => {
    expect(
      await copyCheck(machineOf({ backupBucket: bucket, backupCopyBucket: "" })),
    ).to.deep.equal([]);
    const check = async (now?: number) => (await copyCheck(machine, now))[0]!;
    const made = "backups/20260105T030405Z-nightly/manifest";
    await replication.put(made, "reason nightly");
    expect(await check()).to.deep.include({ name: "backup-copy", result: "ok" });
    expect(await check(later())).to.deep.include({
      result: "FAILED",
      found: `s3://${copyBucket} lacks 1 object(s) of backups, the newest of them ${made}`,
    });
    // The remedy is `up`, which does this.
    await fillCopy(places, () => undefined);
    const now = Date.parse("2026-01-05T05:04:05Z");
    for (const { key } of (await compareCopy(places, never)).copied)
      if (key !== made) await replication.s3.deleteObject({ Bucket: copyBucket, Key: key });
    expect(await check(now)).to.deep.include({
      result: "ok",
      found: `s3://${copyBucket} has 1 backups, the newest made 2 h ago`,
    });
    const gone = machineOf({ backupBucket: bucket, backupCopyBucket: "nosuch-bucket" });
    const [failed] = await copyCheck(gone);
    expect(failed!.found).to.match(/^s3:\/\/nosuch-bucket cannot be compared .* NoSuchBucket: /);
    expect(failed!.remedy).to.match(/; if it is gone, make it again: pulumi up --refresh$/);
  });

  it("is the place `copy` of ./ops restore, restore-test and backups", async () => {
    const { store } = await storeOf(machine, "copy");
    expect(store.about.place).to.equal(`s3://${copyBucket}`);
    expect(await store.names()).to.deep.equal(["20260105T030405Z-nightly"]);
  });
});
