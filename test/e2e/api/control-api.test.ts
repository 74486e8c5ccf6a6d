import * as ec2 from "@aws-sdk/client-ec2";
import * as iam from "@aws-sdk/client-iam";
import * as rds from "@aws-sdk/client-rds";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { expect } from "chai";
import { setTimeout as sleep } from "node:timers/promises";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builder, type Builder } from "../../../lab/support/account.ts";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { controlApi as lab } from "../../support/control-api.ts";

interface Refusal {
  name: string;
  $metadata: { httpStatusCode: number };
}

describe("lab/api/server.py", function () {
  this.timeout(20_000);

  it("names the port that is in use, the setting and the remedy", async () => {
    const holder = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => holder.once("listening", resolve));
    const { port } = holder.address() as AddressInfo;
    const error = await startApi({ LAB_API_PORT: String(port) }).catch((reason: Error) => reason);
    holder.close();
    expect((error as Error).message)
      .to.match(
        /ended with 1: .* on 127\.0\.0\.1, LAB_API_PORT being \d+: .*Address already in use/,
      )
      .and.include(String(port))
      .and.include("lab/down, after which")
      .and.not.include("\n");
  });

  for (const [env, says] of [
    [{ LAB_API_PORT: "x" }, "LAB_API_PORT being x"],
    [{ LAB_API_PORT: "70000" }, "LAB_API_PORT being 70000"],
    [{ LAB_HOME: join(tmpdir(), "long".repeat(30)) }, "a directory with a shorter path"],
  ] as const) {
    it(`ends with one line about ${says}`, async () => {
      const error = await startApi(env).catch((reason: Error) => reason);
      expect((error as Error).message)
        .to.include(says)
        .and.not.include("\n");
    });
  }

  it("accepts AWS API calls but no control API calls on the Unix socket", async () => {
    const home = await mkdtemp(join(tmpdir(), "lab-"));
    const api = await startApi({ LAB_HOME: home });
    const status = (path: string) =>
      new Promise((resolve, reject) => {
        const options = { socketPath: join(home, "share/api.sock"), path };
        request(options, (response) => resolve(response.resume().statusCode))
          .on("error", reject)
          .end();
      });
    try {
      expect(await status("/")).to.equal(403); // ListBuckets of S3, by nobody
      expect(await status("/_lab/revision")).to.equal(404);
      expect(await status("/_lab/db/db/master-password")).to.equal(404);
      expect(await status("/moto-api/reset")).to.equal(404);
    } finally {
      await api.stop();
      await rm(home, { recursive: true });
    }
  });
});

describe("The control API", function () {
  this.timeout(20_000);
  let api: ApiServer;
  let make: Builder;
  let subnet: string;
  before(async () => {
    api = await startApi({ LAB_CONTROLLER: "1" });
    make = builder(api);
    const vpc = await make.vpc("10.0.0.0/16");
    subnet = await make.subnet(vpc, "10.0.0.0/24");
    await make.subnetGroup("db", [subnet, await make.subnet(vpc, "10.0.1.0/24", "b")]);
  });
  after(() => api?.stop());

  const state = async (id: string) => (await make.describe(id)).State!.Name;
  const report = async (resource: string, status: string) =>
    (await lab(api, "status", { resource, status })).status;

  it("counts changes, but neither reads nor refused calls", async () => {
    const revision = async () => (await lab(api, "revision")).body.revision as number;
    const before = await revision();
    await make.cloud.send(new ec2.DescribeVpcsCommand({}));
    await make.vpc("10.0.0.0/8").catch(() => undefined);
    expect(await revision()).to.equal(before);
    await make.vpc("10.1.0.0/16");
    expect(await revision()).to.equal(before + 1);
  });

  it("changes an instance's state when the controller reports the new state", async () => {
    const id = await make.instance(subnet);
    const command = { InstanceIds: [id] };
    expect(await state(id)).to.equal("pending");
    expect(await report(id, "running")).to.equal(200);
    expect(await report(id, "running")).to.equal(200);
    expect(await state(id)).to.equal("running");
    await make.cloud.send(new ec2.StopInstancesCommand(command));
    expect(await state(id)).to.equal("stopping");
    expect(await report(id, "running")).to.equal(409);
    expect(await report(id, "stopped")).to.equal(200);
    expect(await state(id)).to.equal("stopped");
    await make.cloud.send(new ec2.StartInstancesCommand(command));
    expect(await state(id)).to.equal("pending");
    expect(await report(id, "running")).to.equal(200);
    await make.cloud.send(new ec2.TerminateInstancesCommand(command));
    expect(await state(id)).to.equal("shutting-down");
    expect((await make.describe(id)).PrivateIpAddress).to.equal("10.0.0.4");
    expect(await report(id, "terminated")).to.equal(200);
    expect(await state(id)).to.equal("terminated");
    expect((await make.describe(id)).PrivateIpAddress).to.equal(undefined);
  });

  it("refuses the report of a status before its configured delay", async () => {
    await lab(api, "delay", { status: "running", seconds: 0.3 });
    const id = await make.instance(subnet);
    expect(await report(id, "running")).to.equal(409);
    expect(await state(id)).to.equal("pending");
    await sleep(350);
    expect(await report(id, "running")).to.equal(200);
    await lab(api, "delay", { status: "running", seconds: 0 });
  });

  it("tells the controller about a reboot until the reboot is done", async () => {
    const rebooting = async () => (await lab(api, "awaiting/rebooted")).body.resources;
    const id = await make.instance(subnet);
    await report(id, "running");
    expect(await rebooting()).to.deep.equal([]);
    await make.cloud.send(new ec2.RebootInstancesCommand({ InstanceIds: [id] }));
    expect(await rebooting()).to.deep.equal([id]);
    expect(await state(id)).to.equal("running");
    expect(await report(id, "rebooted")).to.equal(200);
    expect(await rebooting()).to.deep.equal([]);
  });

  it("changes a database's status, and tells the controller its password and address", async () => {
    const status = async () => (await make.describeDatabase("db")).DBInstanceStatus;
    await make.databases.send(new rds.CreateDBInstanceCommand(make.database("db", "db")));
    expect(await status()).to.equal("creating");
    expect(await lab(api, "db/db/master-password")).to.deep.equal({
      status: 200,
      body: { password: "correct-horse" },
    });
    const eni = new ec2.DescribeNetworkInterfacesCommand({
      Filters: [{ Name: "description", Values: ["RDSNetworkInterface"] }],
    });
    const { NetworkInterfaces } = await make.cloud.send(eni);
    const { body } = await lab(api, "db/db/address");
    expect(body.address).to.equal(NetworkInterfaces![0]!.PrivateIpAddress);
    expect(await report("db", "available")).to.equal(200);
    expect(await status()).to.equal("available");
    const last = { DBInstanceIdentifier: "db", SkipFinalSnapshot: true };
    await make.databases.send(new rds.DeleteDBInstanceCommand(last));
    expect(await status()).to.equal("deleting");
    expect(await report("db", "deleted")).to.equal(200);
    const error = await status().catch((reason: Error) => reason);
    expect(error).to.have.property("name", "DBInstanceNotFoundFault");
  });

  it("marks a database as failed when the controller reports that", async () => {
    await make.databases.send(new rds.CreateDBInstanceCommand(make.database("bad", "db")));
    expect(await report("bad", "failed")).to.equal(200);
    expect((await make.describeDatabase("bad")).DBInstanceStatus).to.equal("failed");
  });

  it("gives an instance the credentials of its role, which AWS API calls recognize", async () => {
    const roles = new iam.IAMClient(api.client);
    const RoleName = "app";
    const trust = { Version: "2012-10-17", Statement: [] };
    const AssumeRolePolicyDocument = JSON.stringify(trust);
    await roles.send(new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    const profile = { InstanceProfileName: "app" };
    await roles.send(new iam.CreateInstanceProfileCommand(profile));
    await roles.send(new iam.AddRoleToInstanceProfileCommand({ ...profile, RoleName }));
    const id = await make.instance(subnet, { IamInstanceProfile: { Name: "app" } });
    const { body } = await lab(api, `instance-credentials/${id}`);
    expect(body).to.include({ Code: "Success", Type: "AWS-HMAC" });
    expect(Date.parse(body.Expiration as string) - Date.now()).to.be.within(5 * 3.6e6, 6 * 3.6e6);
    const credentials = {
      accessKeyId: body.AccessKeyId as string,
      secretAccessKey: body.SecretAccessKey as string,
      sessionToken: body.Token as string,
    };
    const sts = new STSClient({ ...api.client, credentials });
    const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
    expect(Arn).to.equal(`arn:aws:sts::123456789012:assumed-role/app/${id}`);
    expect((await lab(api, `instance-credentials/${id}`)).body).to.deep.equal(body);
  });

  it("makes one service refuse all calls, or every service refuse a share of them", async () => {
    const vpcs = () => make.cloud.send(new ec2.DescribeVpcsCommand({}));
    const users = () => new iam.IAMClient(api.client).send(new iam.ListUsersCommand({}));
    const outcome = (call: () => Promise<unknown>) =>
      call().then(
        () => "answered",
        ({ name, $metadata }: Refusal) => `${name} ${$metadata.httpStatusCode}`,
      );
    await lab(api, "refuse", { share: 1, code: "AccessDenied", service: "ec2" });
    expect(await outcome(vpcs)).to.equal("AccessDenied 403");
    expect(await outcome(users)).to.equal("answered");
    const before = (await lab(api, "refuse", { share: 0.2 })).body.refused as number;
    for (let call = 0; call < 100; call++) await outcome(call % 2 ? vpcs : users);
    const { refused } = (await lab(api, "refuse", { share: 1 })).body as { refused: number };
    expect(refused - before).to.be.within(10, 30);
    expect(await outcome(users)).to.equal("Throttling 400");
    expect(await outcome(vpcs)).to.equal("RequestLimitExceeded 503");
    await lab(api, "refuse", { share: 0 });
    expect(await outcome(users)).to.equal("answered");
  });

  it("answers unknown paths with 404 and the unknown name", async () => {
    for (const path of [
      "db/none/master-password",
      "db/none/address",
      "instance-credentials/i-none",
      "nonsense",
    ]) {
      const { status, body } = await lab(api, path);
      expect(status, path).to.equal(404);
      expect(body.error).to.match(/none|nonsense/);
    }
    expect((await lab(api, "health", {})).status).to.equal(405);
  });
});
