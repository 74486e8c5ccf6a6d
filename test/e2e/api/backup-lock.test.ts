import * as s3 from "@aws-sdk/client-s3";
import { IAM } from "@aws-sdk/client-iam";
import { STS } from "@aws-sdk/client-sts";
import { expect } from "chai";
import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { instanceWithRole } from "../../support/instance-role.ts";
import { program } from "../../unit/program.ts";

const Bucket = "flask-on-aws-dev-backups";
const dump = "backups/20260102T030405Z-nightly/dump.sql.gz";
const day = 24 * 60 * 60 * 1000;
const Retention = (days: number): s3.ObjectLockRetention => ({
  Mode: "GOVERNANCE",
  RetainUntilDate: new Date(Date.now() + days * day),
});

type Who = "the machine's role" | "its stolen keys" | "an administrator without the bypass";

/** With the policies that the program gives the bucket and the machine's role for backupLockDays 30. */
describe("A locked backup", function () {
  this.timeout(60_000);
  let home: string;
  let api: ApiServer;
  /** Of the account's administrator, who may bypass governance. */
  let admin: s3.S3;
  const of = {} as Record<Who, s3.S3>;
  let machineConfiguration: s3.S3ClientConfig;
  let VersionId: string;

  before(async () => {
    home = await mkdtemp(join(tmpdir(), "lab-"));
    const built = await program({ backupLockDays: 30 });
    api = await startApi({ LAB_HOME: home, LAB_SUBNET: "7" });
    admin = new s3.S3(api.client);
    const role = built.one("aws:iam/rolePolicy:RolePolicy").inputs.policy as string;
    const { Statement } = JSON.parse(role) as { Statement: object[] };
    const configuration = await instanceWithRole(api, home, Statement);
    machineConfiguration = configuration;
    of["the machine's role"] = new s3.S3(configuration);
    of["its stolen keys"] = from("203.0.113.9", configuration);
    of["an administrator without the bypass"] = from("203.0.113.9", {
      ...configuration,
      credentials: await administrator(api),
    });
    await admin.createBucket({ Bucket });
    await admin.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Enabled" } });
    await admin.putObject({
      Bucket,
      Key: "backups/20260101T030405Z-nightly/manifest",
      Body: "old",
    });
    const { rule } = built.one("aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration")
      .inputs as { rule: { defaultRetention: { mode: "GOVERNANCE"; days: number } } };
    const { mode: Mode, days: Days } = rule.defaultRetention;
    lock = { ObjectLockEnabled: "Enabled", Rule: { DefaultRetention: { Mode, Days } } };
    await admin.putObjectLockConfiguration({ Bucket, ObjectLockConfiguration: lock });
    policy = built.one("aws:s3/bucketPolicy:BucketPolicy", "-backups").inputs.policy as string;
    await admin.putBucketPolicy({ Bucket, Policy: policy });
  });
  after(async () => {
    await api?.stop();
    await rm(home, { recursive: true });
  });
  let lock: s3.ObjectLockConfiguration;
  let policy: string;

  beforeEach(async () => {
    await admin.putBucketPolicy({ Bucket, Policy: policy });
    const { Versions = [], DeleteMarkers = [] } = await admin.listObjectVersions({
      ...{ Bucket, Prefix: "backups/20260102" },
    });
    for (const { Key, VersionId } of [...Versions, ...DeleteMarkers])
      await admin.deleteObject({ Bucket, Key, VersionId, BypassGovernanceRetention: true });
    const machine = of["the machine's role"];
    const made = { Bucket, Key: dump, Body: "dump", IfNoneMatch: "*" };
    VersionId = (await machine.putObject(made)).VersionId!;
  });

  const outcome = (call: Promise<unknown>) =>
    call.then(
      () => "allowed",
      (error: Error) => error.name,
    );
  const multipart = async (client: s3.S3, Key: string, IfNoneMatch?: "*") => {
    const { UploadId } = await client.createMultipartUpload({ Bucket, Key });
    const part = { Bucket, Key, UploadId, PartNumber: 1 };
    const { ETag } = await client.uploadPart({ ...part, Body: "in parts" });
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    return client.completeMultipartUpload({ ...part, MultipartUpload, IfNoneMatch });
  };
  const object = { Bucket, Key: dump };
  const several = (client: s3.S3, BypassGovernanceRetention: boolean) =>
    client
      .deleteObjects({
        ...{ Bucket, BypassGovernanceRetention },
        Delete: { Objects: [{ Key: dump, VersionId }] },
      })
      .then(({ Errors = [] }) => {
        if (Errors[0]) throw Object.assign(new Error(), { name: Errors[0].Code });
      });

  /** What each tries, and what a role that may do everything but bypass governance gets. */
  const attempts: [what: string, (client: s3.S3) => Promise<unknown>, administrator?: string][] = [
    ["overwrite it", (client) => client.putObject({ ...object, Body: "bad" })],
    ["overwrite it in parts", (client) => multipart(client, dump)],
    ["copy over it", (client) => client.copyObject({ ...object, CopySource: `${Bucket}/${dump}` })],
    [
      "write it if there is none",
      (client) => client.putObject({ ...object, Body: "bad", IfNoneMatch: "*" }),
      "PreconditionFailed",
    ],
    [
      "write it in parts if there is none",
      (client) => multipart(client, dump, "*"),
      "PreconditionFailed",
    ],
    ["hide it behind a delete marker", (client) => client.deleteObject(object)],
    ["delete its version", (client) => client.deleteObject({ ...object, VersionId })],
    [
      "delete its version with the bypass",
      (client) => client.deleteObject({ ...object, VersionId, BypassGovernanceRetention: true }),
    ],
    ["delete its version among others", (client) => several(client, false)],
    ["delete its version among others with the bypass", (client) => several(client, true)],
    [
      "shorten its lock",
      (client) => client.putObjectRetention({ ...object, VersionId, Retention: Retention(1) }),
    ],
    [
      "shorten its lock with the bypass",
      (client) =>
        client.putObjectRetention({
          ...{ ...object, VersionId, Retention: Retention(1), BypassGovernanceRetention: true },
        }),
    ],
    [
      "remove its lock",
      (client) => client.putObjectRetention({ ...object, VersionId, Retention: {} }),
    ],
    [
      "suspend versioning",
      (client) =>
        client.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Suspended" } }),
      "InvalidBucketState",
    ],
  ];
  for (const [what, attempt, administrator = "AccessDenied"] of attempts)
    it(`lets nobody without the bypass ${what}`, async () => {
      for (const [who, client] of Object.entries(of)) {
        const same = administrator === "PreconditionFailed" || who.startsWith("an ");
        expect(await outcome(attempt(client)), who).to.equal(same ? administrator : "AccessDenied");
        const { Versions, DeleteMarkers } = await admin.listObjectVersions({
          ...{ Bucket, Prefix: dump },
        });
        const kept = Versions!.filter(({ Key }) => Key === dump);
        expect(kept.map((version) => version.VersionId)).to.deep.equal([VersionId]);
        expect(DeleteMarkers).to.equal(undefined);
        const { ObjectLockRetainUntilDate: until } = await admin.headObject({
          ...object,
          VersionId,
        });
        expect(until!.getTime()).to.be.greaterThan(Date.now() + 29 * day);
      }
    });

  const rules = {
    LifecycleConfiguration: {
      Rules: [
        {
          ...{ ID: "all", Status: "Enabled" as const, Filter: { Prefix: "" } },
          ...{ Expiration: { Days: 1 }, NoncurrentVersionExpiration: { NoncurrentDays: 1 } },
        },
      ],
    },
  };
  const bucketSettings: [what: string, (client: s3.S3) => Promise<unknown>][] = [
    ["lifecycle", (client) => client.putBucketLifecycleConfiguration({ Bucket, ...rules })],
    [
      "default retention",
      (client) =>
        client.putObjectLockConfiguration({
          ...{ Bucket, ObjectLockConfiguration: { ObjectLockEnabled: "Enabled" } },
        }),
    ],
    ["policy", (client) => client.deleteBucketPolicy({ Bucket })],
  ];
  for (const [what, change] of bucketSettings)
    it(`stays when an administrator changes the bucket's ${what}, which the machine cannot`, async () => {
      for (const who of ["the machine's role", "its stolen keys"] as const)
        expect(await outcome(change(of[who])), who).to.equal("AccessDenied");
      const client = of["an administrator without the bypass"];
      await change(client);
      expect(await outcome(client.deleteObject({ ...object, VersionId }))).to.equal("AccessDenied");
      await admin.putObjectLockConfiguration({ Bucket, ObjectLockConfiguration: lock });
    });

  it("is the oldest version of its key, whatever is written over it without the bucket's policy", async () => {
    const client = of["an administrator without the bypass"];
    await client.deleteBucketPolicy({ Bucket });
    await client.deleteObject(object);
    await client.putObject({ ...object, Body: "bad" });
    const machine = of["the machine's role"];
    const { Versions = [] } = await machine.listObjectVersions({ Bucket, Prefix: dump });
    expect(Versions.at(-1)!.VersionId).to.equal(VersionId);
    const { Body } = await machine.getObject({ ...object, VersionId });
    expect(await Body!.transformToString()).to.equal("dump");
  });

  it("can be a new one, which is locked from its first moment, also in parts", async () => {
    const machine = of["the machine's role"];
    const keys = ["one", "parts"].map((name) => `backups/20260102T040405Z-nightly/${name}`);
    await machine.putObject({ Bucket, Key: keys[0], Body: "x", IfNoneMatch: "*" });
    await multipart(machine, keys[1]!, "*");
    for (const Key of keys) {
      const found = await admin.headObject({ Bucket, Key });
      expect(found.ObjectLockMode).to.equal("GOVERNANCE");
      const left = found.ObjectLockRetainUntilDate!.getTime() - Date.now();
      expect(left).to.be.within(30 * day - 60_000, 30 * day + 1000);
    }
  });

  it("is not taken without a checksum, in one call or in parts", async () => {
    const credentials = await administrator(api);
    const client = from("203.0.113.9", {
      ...{ ...machineConfiguration, credentials, requestChecksumCalculation: "WHEN_REQUIRED" },
    });
    const Key = "backups/20260102T040405Z-nightly/other";
    const put = client.putObject({ Bucket, Key, Body: "x", IfNoneMatch: "*" });
    expect(await outcome(put)).to.equal("MissingUploadObjectWithObjectLockHeaders");
    expect(await outcome(multipart(client, Key, "*"))).to.equal("InvalidRequest");
  });

  it("gets no shorter lock from the machine that writes it", async () => {
    for (const who of ["the machine's role", "its stolen keys"] as const)
      expect(
        await outcome(
          of[who].putObject({
            ...{ Bucket, Key: `${dump}-2`, Body: "x", IfNoneMatch: "*" },
            ObjectLockMode: "GOVERNANCE",
            ObjectLockRetainUntilDate: new Date(Date.now() + day),
          }),
        ),
        who,
      ).to.equal("AccessDenied");
  });

  it("does not keep the machine from replacing its record of what serves, and its probe", async () => {
    for (const Key of ["serving.json", "preflight/host"])
      for (const Body of ["1", "2"])
        await of["the machine's role"].putObject({ Bucket, Key, Body });
  });

  it("can be locked longer, and deleted with the bypass", async () => {
    const longer = { ...object, VersionId, Retention: Retention(60) };
    await of["an administrator without the bypass"].putObjectRetention(longer);
    expect(await outcome(admin.deleteObject({ ...object, VersionId }))).to.equal("AccessDenied");
    await admin.deleteObject({ ...object, VersionId, BypassGovernanceRetention: true });
    expect(await outcome(admin.headObject(object))).to.equal("NotFound");
  });

  it("is none that was there before the lock", async () => {
    const Key = "backups/20260101T030405Z-nightly/manifest";
    const found = await admin.headObject({ Bucket, Key });
    expect(found.ObjectLockMode).to.equal(undefined);
  });
});

/** The client's calls as those of a computer outside AWS, as the lab's TLS front forwards them. */
function from(address: string, configuration: s3.S3ClientConfig): s3.S3 {
  const client = new s3.S3(configuration);
  client.middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers["x-real-ip"] = address;
      return next(args);
    },
    { step: "build" },
  );
  return client;
}

/** The keys of a session that may do everything in S3 but bypass governance. */
async function administrator(api: ApiServer) {
  const [iam, sts] = [new IAM(api.client), new STS(api.client)];
  const RoleName = `administrator-${randomUUID()}`;
  const { Role } = await iam.createRole({ RoleName, AssumeRolePolicyDocument: "{}" });
  const Statement = [
    { Effect: "Allow", Action: "s3:*", Resource: "*" },
    { Effect: "Deny", Action: "s3:BypassGovernanceRetention", Resource: "*" },
  ];
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
  await iam.putRolePolicy({ RoleName, PolicyName: "all", PolicyDocument });
  const session = { RoleArn: Role!.Arn, RoleSessionName: "administrator" };
  const { Credentials } = await sts.assumeRole(session);
  return {
    accessKeyId: Credentials!.AccessKeyId!,
    secretAccessKey: Credentials!.SecretAccessKey!,
    sessionToken: Credentials!.SessionToken!,
  };
}
