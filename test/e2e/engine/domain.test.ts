/** The domain's zone and record, with the real engine and an AWS API without machines. */
import { CreateTagsCommand } from "@aws-sdk/client-ec2";
import { Route53 } from "@aws-sdk/client-route-53";
import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builder } from "../../../lab/support/account.ts";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { type Engine, engineFor } from "../../support/engine.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

describe("The domain", function () {
  this.timeout(300_000);
  stepsInOrder();

  const directory = mkdtempSync(join(tmpdir(), "domain-"));
  const name = "app.example.test";
  let api: ApiServer;
  let engine: Engine;
  let route53: Route53;
  let zone: string;
  before(async () => {
    api = await startApi();
    route53 = new Route53(api.client);
    engine = engineFor(api, ".", directory);
    await engine.begin();
    await engine.pulumi("config", "set", "--path", "adminCidrs[0]", "203.0.113.7/32");
    await engine.pulumi("config", "set", "domain", name);
  });
  after(async () => {
    await api?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const preview = async () => {
    const { status, stdout, stderr } = await engine.pulumi("preview");
    return { status, text: stdout + stderr };
  };
  const setRecord = (Value: string) => {
    const ResourceRecords = [{ Value }];
    const record = { Name: name, Type: "A" as const, TTL: 60, ResourceRecords };
    const Changes = [{ Action: "UPSERT" as const, ResourceRecordSet: record }];
    return route53.changeResourceRecordSets({ HostedZoneId: zone, ChangeBatch: { Changes } });
  };

  it("is accepted without a zone, and makes no record", async () => {
    const { status, text } = await preview();
    expect(status, text).to.equal(0);
    expect(text)
      .to.match(/\+ +flask-on-aws:network:Domain/)
      .and.not.match(/aws:route53/);
  });

  it("has a record in the account's zone", async () => {
    const made = await route53.createHostedZone({ Name: "example.test", CallerReference: "1" });
    zone = made.HostedZone!.Id!;
    const { status, text } = await preview();
    expect(status, text).to.equal(0);
    expect(text).to.match(/\+ +aws:route53:Record +flask-on-aws-dev-domain/);
  });

  it("is refused where Route 53 is denied, and the remedy makes no record", async () => {
    const control = async (share: number) => {
      const body = JSON.stringify({ share, code: "AccessDenied", service: "route53" });
      await fetch(`${api.endpoint}/_lab/refuse`, { method: "POST", body });
    };
    await control(1);
    const { status, text } = await preview();
    expect(status, text).to.not.equal(0);
    const [, ...args] = /pulumi config set dnsZone none --stack dev/.exec(text)![0].split(" ");
    expect((await engine.pulumi(...args)).status).to.equal(0);
    const after = await preview();
    await control(0);
    expect(after.status, after.text).to.equal(0);
    expect(after.text).to.not.match(/aws:route53/);
    await engine.pulumi("config", "rm", "dnsZone");
  });

  it("refuses the record of somebody else, and its remedy sets another name", async () => {
    await setRecord("192.0.2.1");
    const { status, text } = await preview();
    expect(status, text).to.not.equal(0);
    expect(text).to.not.match(/\+ +aws:ec2/);
    expect(text).to.match(/zone example\.test in Route 53 has the record A 192\.0\.2\.1\n/);
    const [, ...args] = /pulumi config set domain ANOTHER_NAME --stack dev/
      .exec(text)![0]
      .split(" ");
    const other = args.map((word) => word.replace("ANOTHER_NAME", `other-${name}`));
    expect((await engine.pulumi(...other)).status).to.equal(0);
    const after = await preview();
    expect(after.status, after.text).to.equal(0);
    expect(after.text).to.match(/\+ +aws:route53:Record/);
    await engine.pulumi("config", "set", "domain", name);
  });

  it("takes a record over that has an address of the stack", async () => {
    const make = builder(api);
    const { id, address } = await make.elasticIp();
    const Tags = Object.entries({ project: "flask-on-aws", stack: "dev" }).map(([Key, Value]) => ({
      ...{ Key, Value },
    }));
    await make.cloud.send(new CreateTagsCommand({ Resources: [id], Tags }));
    await setRecord(address);
    const { status, text } = await preview();
    expect(status, text).to.equal(0);
    expect(text).to.match(/\+ +aws:route53:Record/);
  });
});
