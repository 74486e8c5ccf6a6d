/** What the program reads from the account before it creates anything, with the real engine. */
import * as ec2 from "@aws-sdk/client-ec2";
import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builder, type Builder } from "../../../lab/support/account.ts";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { type Engine, engineFor } from "../../support/engine.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

describe("The preview of a stack", function () {
  // Two runs of the engine take 5 s each, or a minute each while other tests run.
  this.timeout(300_000);
  stepsInOrder();

  const directory = mkdtempSync(join(tmpdir(), "account-"));
  let api: ApiServer;
  let make: Builder;
  let engine: Engine;
  before(async () => {
    api = await startApi();
    make = builder(api);
    engine = engineFor(api, ".", directory);
    await engine.begin();
    await engine.pulumi("config", "set", "--path", "adminCidrs[0]", "203.0.113.7/32");
  });
  after(async () => {
    await api?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Calls the lab's control API. */
  const control = async (path: string, body: object) => {
    const request = { method: "POST", body: JSON.stringify(body) };
    expect((await fetch(`${api.endpoint}/_lab/${path}`, request)).status).to.equal(200);
  };
  const preview = async (...config: string[]) => {
    const flags = config.flatMap((setting) => ["--config", setting]);
    const { status, stdout, stderr } = await engine.pulumi("preview", ...flags);
    return { status, text: stdout + stderr };
  };
  const refusal = async (...config: string[]) => {
    const { status, text } = await preview(...config);
    expect(status, text).to.not.equal(0);
    expect(text).to.not.match(/\+ +aws:ec2/);
    return text;
  };
  /** Runs the command of a remedy as it is printed. */
  const follow = async (text: string, command: RegExp) => {
    const [line] = command.exec(text) ?? [];
    expect(line, text).to.be.a("string");
    const [, ...args] = line!.split(" ");
    expect((await engine.pulumi(...args)).status, line).to.equal(0);
  };

  it("fails when the quotas of the region are too low, and prints the numbers", async () => {
    for (let made = 0; made < 4; made++) await make.elasticIp();
    const subnet = await make.subnet(await make.vpc("10.200.0.0/16"), "10.200.0.0/24");
    for (let made = 0; made < 3; made++) await make.instance(subnet);
    await control("quota", { code: "L-F678F1CE", value: 2 });
    await control("quota", { code: "L-1216C47A", value: 9 });
    const text = await refusal();
    // The account has a default VPC, too.
    expect(text).to.include("- VPCs: 2 in use and 1 more needed, but the quota is 2\n");
    expect(text).to.include("--service-code vpc --quota-code L-F678F1CE --desired-value 3\n");
    expect(text).to.include("- Elastic IPs: 4 in use and 2 more needed, but the quota is 5\n");
    expect(text).to.include(
      "- vCPUs of standard instances: 6 in use and 4 more needed, but the quota is 9\n",
    );
  });

  it("succeeds when Service Quotas cannot be read", async () => {
    const refused = { code: "AccessDeniedException", service: "servicequotas" };
    await control("refuse", { share: 1, ...refused });
    const { status, text } = await preview();
    await control("refuse", { share: 0 });
    expect(status, text).to.equal(0);
    expect(text).to.match(/\+ \d\d to create/);
  });

  it("refuses an account that aws:allowedAccountIds does not name", async () => {
    const other = ["--path", "aws:allowedAccountIds[0]", "999999999999", "--type", "string"];
    await engine.pulumi("config", "set", ...other);
    const text = await refusal();
    await engine.pulumi("config", "rm", "aws:allowedAccountIds");
    expect(text).to.include("The AWS credentials are those of account 123456789012\n");
    expect(text).to.match(/remedy: use credentials of another account/);
    expect(text).to.not.match(/unhandled exception/);
  });

  it("refuses an instance type that no zone offers, and its remedy sets one that exists", async () => {
    await engine.pulumi("config", "set", "instanceType", "t3.enormous");
    const text = await refusal();
    expect(text).to.match(/The setting instanceType is t3.enormous\n.*no zone of the region/);
    // The preview of the last test needs this correction.
    await follow(text, /pulumi config set instanceType \S+ --stack dev/);
  });

  it("refuses a vpcCidr that differs from the VPC, and its remedy sets the range of the VPC", async () => {
    const { id, subnets } = await existingNetwork();
    await engine.pulumi("config", "set", "vpcCidr", "10.9.0.0/16");
    const text = await refusal();
    expect(text).to.include("The setting vpcCidr is 10.9.0.0/16\n");
    expect(text).to.include(`but ${id}, the VPC of stack dev, has 10.0.0.0/16,`);
    await follow(text, /pulumi config set vpcCidr \S+ --stack dev/);

    // The stack has its VPC already, so the exhausted quotas do not count. It keeps its zones.
    const { status, stdout, stderr } = await engine.pulumi("preview", "--json");
    expect(status, stdout + stderr).to.equal(0);
    const { steps } = JSON.parse(stdout) as {
      steps: { newState?: { type: string; inputs: Record<string, string> } }[];
    };
    const planned = steps
      .map(({ newState }) => newState)
      .filter((state) => state?.type === "aws:ec2/subnet:Subnet")
      .map((state) => `${state!.inputs["cidrBlock"]} ${state!.inputs["availabilityZone"]}`);
    expect(planned).to.have.members(subnets);
  });

  /** The VPC and the subnets of a stack dev, in other zones than the region's first. */
  async function existingNetwork(): Promise<{ id: string; subnets: string[] }> {
    const id = await make.vpc("10.0.0.0/16");
    const zones = ["d", "d", "b", "b"];
    const ids = await Promise.all(
      zones.map((zone, index) => make.subnet(id, `10.0.${index}.0/24`, zone)),
    );
    const Tags = Object.entries({ project: "flask-on-aws", stack: "dev" });
    await make.cloud.send(
      new ec2.CreateTagsCommand({
        Resources: [id, ...ids],
        Tags: Tags.map(([Key, Value]) => ({ Key, Value })),
      }),
    );
    return { id, subnets: zones.map((zone, index) => `10.0.${index}.0/24 us-west-2${zone}`) };
  }
});
