/** Locked backups on the machines: the AWS CLI of Debian against Object Lock and the bucket's policy. */
import { S3 } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

const bin = "/opt/flask-on-aws/bin";

describe("Locked backups", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
  stepsInOrder();

  let s3: S3;
  let Bucket: string;
  let policy: string;
  let key: string;

  const set = async (days: number) => {
    await lab.pulumi("config", "set", "backupLockDays", `${days}`);
    await lab.pulumi("up", "--yes", "--skip-preview");
  };
  /** Runs a program on the app server; resolves to what it prints, errors too. */
  const onMachine = async (program: string) => {
    const { stdout, stderr } = await shared.stack.tryOnMachine(
      `bash -c '. ${bin}/common.sh; ${program}'`,
    );
    return stdout + stderr;
  };
  const restoreTest = async (...args: string[]) => {
    const { stdout, stderr } = await lab.tryOps("restore-test", ...args);
    return stdout + stderr;
  };

  before(() => {
    s3 = shared.stack.client(S3);
    Bucket = shared.outputs.backupBucket!;
  });
  after("the next suite finds a bucket that it can empty", async () => {
    await lab.pulumi("config", "rm", "backupLockDays");
    await lab.pulumi("up", "--yes", "--skip-preview");
    const { Versions = [] } = await s3.listObjectVersions({ Bucket, Prefix: "backups/" });
    for (const { Key, VersionId } of Versions)
      await s3.deleteObject({ Bucket, Key, VersionId, BypassGovernanceRetention: true });
  });

  it("are made after one up, in the same bucket, and can be restored", async () => {
    await set(1);
    await shared.stack.look();
    expect(shared.outputs.backupBucket).to.equal(Bucket);
    policy = (await s3.getBucketPolicy({ Bucket })).Policy!;
    key = (await lab.ops("backup")).trim().split("\n").at(-1)!;
    for (const file of ["dump.sql.gz", "app.zip", "manifest"]) {
      const found = await s3.headObject({ Bucket, Key: `${key}/${file}` });
      expect(found.ObjectLockMode, file).to.equal("GOVERNANCE");
    }
    expect(await restoreTest()).to.match(new RegExp(`^${key} can be restored`, "m"));
  });

  it("arrive as they were sent when they are large", async () => {
    const sums = await onMachine(
      `head --bytes=70M /dev/urandom >/var/tmp/large; "$bin/bucket.sh" put backups/large/x </var/tmp/large &&
       "$bin/bucket.sh" get backups/large/x | sha256sum; sha256sum </var/tmp/large; rm /var/tmp/large`,
    );
    const [stored, sent] = sums.trim().split("\n");
    expect(stored)
      .to.match(/^[0-9a-f]{64} /)
      .and.equal(sent);
    expect((await s3.headObject({ Bucket, Key: "backups/large/x" })).ETag).to.match(/-3"$/);
  });

  it("cannot be overwritten, hidden or deleted by the app server", async () => {
    const object = `s3://$BUCKET/${key}/manifest`;
    for (const attempt of [
      `echo bad | aws s3 cp - ${object}`,
      `aws s3 rm ${object}`,
      `aws s3api put-object --if-none-match "*" --body /etc/hostname --bucket $BUCKET --key ${key}/manifest`,
    ])
      expect(await onMachine(attempt), attempt).to.match(/AccessDenied|PreconditionFailed/);
    expect(await restoreTest()).to.match(new RegExp(`^${key} can be restored`, "m"));
  });

  it("are chosen although somebody else writes a newer one with the app server's rights", async () => {
    const planted = "backups/20990102T030405Z-nightly";
    await onMachine(
      `aws s3 cp s3://$BUCKET/${key}/manifest - | "$bin/bucket.sh" put ${planted}/manifest`,
    );
    const printed = await restoreTest();
    expect(printed).to.include(
      `note: not chosen, because this machine has not made it: ${planted}`,
    );
    expect(printed).to.match(new RegExp(`^${key} can be restored`, "m"));
  });

  it("are read as they were written when an administrator removes the policy and replaces them", async () => {
    await s3.deleteBucketPolicy({ Bucket });
    for (const file of ["manifest", "dump.sql.gz"])
      await s3.putObject({
        Bucket,
        Key: `${key}/${file}`,
        Body: "bad",
        ChecksumAlgorithm: "CRC32",
      });
    await s3.putBucketPolicy({ Bucket, Policy: policy });
    const printed = await restoreTest(key);
    expect(printed).to.include(`note: s3://${Bucket}/${key}/dump.sql.gz was replaced or removed;`);
    expect(printed).to.match(new RegExp(`^${key} can be restored`, "m"));
  });
});
