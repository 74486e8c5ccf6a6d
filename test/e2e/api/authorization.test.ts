import * as ec2 from "@aws-sdk/client-ec2";
import * as s3 from "@aws-sdk/client-s3";
import { expect } from "chai";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AccountClient } from "../../../lab/providers/aws/account-client.ts";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { allow, instanceWithRole } from "../../support/instance-role.ts";

const backups = "private-backups";
const site = "public-site";

/** Calls of an instance with the program's role, and of an external client, as the lab's TLS front forwards them. */
describe("The lab's API", function () {
  this.timeout(30_000);
  let home: string;
  let api: ApiServer;
  let admin: s3.S3Client;
  let machine: s3.S3Client;
  let machineInEc2: ec2.EC2Client;
  let machineInAccount: AccountClient;
  let proto: string;

  before(async () => {
    home = await mkdtemp(join(tmpdir(), "lab-"));
    api = await startApi({ LAB_HOME: home, LAB_SUBNET: "7" });
    admin = new s3.S3Client(api.client);
    const configuration = await instanceWithRole(api, home, [
      allow("ec2:DescribeSecurityGroupRules", "*"),
      allow("s3:ListBucket", `arn:aws:s3:::${backups}`),
      allow(["s3:GetObject", "s3:PutObject"], `arn:aws:s3:::${backups}/*`),
    ]);
    machine = new s3.S3Client(configuration);
    machine.middlewareStack.add(
      (next) => (args) => {
        (args.request as { headers: Record<string, string> }).headers["x-forwarded-proto"] = proto;
        return next(args);
      },
      { step: "build" },
    );
    machineInEc2 = new ec2.EC2Client(configuration);
    machineInAccount = new AccountClient(configuration);
    for (const Bucket of [backups, site]) {
      await admin.send(new s3.CreateBucketCommand({ Bucket }));
      await admin.send(new s3.PutObjectCommand({ Bucket, Key: "a", Body: "a" }));
    }
  });
  after(async () => {
    await api?.stop();
    await rm(home, { recursive: true });
  });
  beforeEach(() => (proto = "https"));

  const setPolicy = (Bucket: string, ...Statement: object[]) =>
    admin.send(
      new s3.PutBucketPolicyCommand({
        Bucket,
        Policy: JSON.stringify({ Version: "2012-10-17", Statement }),
      }),
    );
  const outcome = (call: Promise<unknown>) =>
    call.then(
      () => "allowed",
      (error: Error) => error.name,
    );
  const object = { Bucket: backups, Key: "a" };

  const calls: [what: string, call: () => Promise<unknown>, expected: string][] = [
    [
      "write an object",
      () => machine.send(new s3.PutObjectCommand({ ...object, Body: "b" })),
      "allowed",
    ],
    ["read an object", () => machine.send(new s3.GetObjectCommand(object)), "allowed"],
    [
      "list the bucket",
      () => machine.send(new s3.ListObjectsV2Command({ Bucket: backups })),
      "allowed",
    ],
    ["delete an object", () => machine.send(new s3.DeleteObjectCommand(object)), "AccessDenied"],
    [
      "delete several objects in one call",
      () =>
        machine.send(
          new s3.DeleteObjectsCommand({ Bucket: backups, Delete: { Objects: [{ Key: "a" }] } }),
        ),
      "AccessDenied",
    ],
    [
      "delete a version of an object",
      () => machine.send(new s3.DeleteObjectCommand({ ...object, VersionId: "null" })),
      "AccessDenied",
    ],
    [
      "write to another bucket",
      () => machine.send(new s3.PutObjectCommand({ Bucket: site, Key: "a", Body: "b" })),
      "AccessDenied",
    ],
    [
      "remove the bucket's public access block",
      () => machine.send(new s3.DeletePublicAccessBlockCommand({ Bucket: backups })),
      "AccessDenied",
    ],
    [
      "list the account's buckets",
      () => machine.send(new s3.ListBucketsCommand({})),
      "AccessDenied",
    ],
    [
      "describe security group rules",
      () => machineInEc2.send(new ec2.DescribeSecurityGroupRulesCommand({})),
      "allowed",
    ],
    [
      "describe instances",
      () => machineInEc2.send(new ec2.DescribeInstancesCommand({})),
      "UnauthorizedOperation",
    ],
  ];
  for (const [what, call, expected] of calls) {
    it(`${expected === "allowed" ? "lets" : "does not let"} an instance ${what}`, async () => {
      expect(await outcome(call())).to.equal(expected);
    });
  }

  it("names s3:GetAccountPublicAccessBlock when it refuses that call to an instance", async () => {
    const AccountId = "123456789012";
    const { message } = await machineInAccount.getPublicAccessBlock({ AccountId }).then(
      () => expect.fail("allowed"),
      (error: Error) => error,
    );
    expect(message).to.match(/perform: s3:GetAccountPublicAccessBlock on resource: "\*"$/);
  });

  it("evaluates the conditions of a bucket policy", async () => {
    const write = () => outcome(machine.send(new s3.PutObjectCommand({ ...object, Body: "c" })));
    const deny = (Condition: object) =>
      setPolicy(backups, {
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: `arn:aws:s3:::${backups}/*`,
        Condition,
      });
    await deny({ Bool: { "aws:SecureTransport": "false" } });
    expect(await write(), "by TLS").to.equal("allowed");
    proto = "http";
    expect(await write(), "without TLS").to.equal("AccessDenied");
    proto = "https";
    await deny({ ArnLike: { "aws:PrincipalArn": "arn:aws:iam::*:role/app" } });
    expect(await write(), "the role itself").to.equal("AccessDenied");
    expect(await outcome(admin.send(new s3.GetObjectCommand(object))), "another").to.equal(
      "allowed",
    );
    await deny({ StringNotEquals: { "aws:PrincipalAccount": "123456789012" } });
    expect(await write(), "of this account").to.equal("allowed");
    await admin.send(new s3.DeleteBucketPolicyCommand({ Bucket: backups }));
  });

  /** What an external client gets from a host of the lab's internet. */
  const get = (host: string, path: string) =>
    new Promise<{ status: number; location: string | undefined; body: string }>(
      (resolve, reject) => {
        const options = { socketPath: join(home, "share/api.sock"), path, headers: { host } };
        request({ ...options, setHost: false }, (response) => {
          let body = "";
          response
            .setEncoding("utf8")
            .on("data", (chunk: string) => (body += chunk))
            .on("end", () => {
              const { statusCode: status = 0, headers } = response;
              resolve({ status, location: headers.location, body });
            });
        })
          .on("error", reject)
          .end();
      },
    );

  it("refuses an external client everything that is not public", async () => {
    const host = "s3.us-west-2.amazonaws.com";
    for (const path of ["/", `/${backups}`, `/${backups}/a`, `/${site}/a`]) {
      expect((await get(host, path)).status, path).to.equal(403);
    }
  });

  it("serves bucket websites with index and error documents, and 403 without a public policy", async () => {
    const host = `${site}.s3-website-us-west-2.amazonaws.com`;
    const page = async (path: string) => {
      const { status, location, body } = await get(host, path);
      return `${status} ${location ?? body}`;
    };
    expect(await page("/")).to.match(/^404 .*NoSuchWebsiteConfiguration/);
    const put = (Key: string) =>
      admin.send(new s3.PutObjectCommand({ Bucket: site, Key, Body: Key }));
    for (const key of ["index.html", "error.html", "docs/index.html"]) await put(key);
    const WebsiteConfiguration = {
      IndexDocument: { Suffix: "index.html" },
      ErrorDocument: { Key: "error.html" },
    };
    await admin.send(new s3.PutBucketWebsiteCommand({ Bucket: site, WebsiteConfiguration }));
    expect(await page("/"), "not public").to.match(/^403 .*AccessDenied/);

    const PublicAccessBlockConfiguration = { BlockPublicPolicy: false };
    await admin.send(
      new s3.PutPublicAccessBlockCommand({ Bucket: site, PublicAccessBlockConfiguration }),
    );
    await setPolicy(site, {
      Effect: "Allow",
      Principal: "*",
      Action: "s3:GetObject",
      Resource: `arn:aws:s3:::${site}/*`,
    });
    expect(await page("/")).to.equal("200 index.html");
    expect(await page("/docs/")).to.equal("200 docs/index.html");
    expect(await page("/docs")).to.equal("302 /docs/");
    expect(await page("/nothing")).to.equal("404 error.html");
    const restrict = (RestrictPublicBuckets: boolean) =>
      new AccountClient(api.client).putPublicAccessBlock({
        AccountId: "123456789012",
        PublicAccessBlockConfiguration: { RestrictPublicBuckets },
      });
    await restrict(true);
    expect(await page("/"), "restricted by the account").to.match(/^403 .*AccessDenied/);
    await restrict(false);
    expect(await page("/")).to.equal("200 index.html");
    await admin.send(new s3.DeleteBucketPolicyCommand({ Bucket: site }));
    expect(await page("/")).to.match(/^403 .*AccessDenied/);
  });
});
