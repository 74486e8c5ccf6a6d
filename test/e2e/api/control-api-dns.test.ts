import { Route53, type CreateHostedZoneRequest, type RRType } from "@aws-sdk/client-route-53";
import { expect } from "chai";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { controlApi as lab } from "../../support/control-api.ts";

describe("The control API returns what the public DNS answers", function () {
  this.timeout(20_000);
  let api: ApiServer;
  let route53: Route53;
  before(async () => {
    api = await startApi({ LAB_CONTROLLER: "1" });
    route53 = new Route53(api.client);
  });
  after(() => api?.stop());

  const makeZone = async (Name: string, more: Partial<CreateHostedZoneRequest> = {}) => {
    const reference = { CallerReference: `${Name} ${JSON.stringify(more)}` };
    return (await route53.createHostedZone({ Name, ...reference, ...more })).HostedZone!.Id!;
  };
  const change = (
    HostedZoneId: string,
    Action: "UPSERT" | "DELETE",
    Name: string,
    values: string[],
    Type: RRType = "A",
  ) => {
    const ResourceRecords = values.map((Value) => ({ Value }));
    const ResourceRecordSet = { Name, Type, TTL: 60, ResourceRecords };
    const ChangeBatch = { Changes: [{ Action, ResourceRecordSet }] };
    return route53.changeResourceRecordSets({ HostedZoneId, ChangeBatch });
  };
  const dns = async () => (await lab(api, "dns")).body;
  const revision = async () => (await lab(api, "revision")).body.revision as number;

  it("of public zones, and counts each change as one", async () => {
    expect(await dns()).to.deep.equal({ zones: [], records: [] });
    const zone = await makeZone("example.test");
    const before = await revision();
    await change(zone, "UPSERT", "app.example.test", ["198.18.0.70", "198.18.0.71"]);
    await change(zone, "UPSERT", "example.test", ['"v=spf1"'], "TXT");
    await change(zone, "UPSERT", "*.example.test", ["198.18.0.72"]);
    expect(await revision()).to.equal(before + 3);
    const records = ["198.18.0.70", "198.18.0.71"].map((address) => ({
      ...{ name: "app.example.test", address },
    }));
    expect(await dns()).to.deep.equal({ zones: ["example.test"], records });
    await change(zone, "DELETE", "app.example.test", ["198.18.0.70", "198.18.0.71"]);
    expect(await dns()).to.deep.equal({ zones: ["example.test"], records: [] });
  });

  it("not of private zones, nor of the names that the lab plays itself", async () => {
    const VPC = { VPCId: "vpc-1", VPCRegion: "us-west-2" } as const;
    const HostedZoneConfig = { PrivateZone: true };
    const hidden = await makeZone("private.test", { VPC, HostedZoneConfig });
    await change(hidden, "UPSERT", "app.private.test", ["198.18.0.70"]);
    for (const name of ["lab.test", "amazonaws.com", "letsencrypt.org"])
      await change(await makeZone(name), "UPSERT", `git.${name}`, ["198.18.0.70"]);
    const top = await makeZone("test");
    await change(top, "UPSERT", "git.lab.test", ["198.18.0.70"]);
    expect(await dns()).to.deep.equal({ zones: ["example.test", "test"], records: [] });
  });

  it("of another DNS provider, whose records the control API sets and removes", async () => {
    const { zones } = await dns();
    const before = await revision();
    const name = "app.elsewhere.example";
    await lab(api, "dns-record", { name: `${name}.`, address: "198.18.0.9" });
    await lab(api, "dns-record", { name, address: "198.18.0.70" });
    expect(await revision()).to.equal(before + 2);
    expect(await dns()).to.deep.equal({
      zones: [name, ...(zones as string[])],
      records: [{ name, address: "198.18.0.70" }],
    });
    await lab(api, "dns-record", { name, address: "" });
    expect(await dns()).to.deep.equal({ zones, records: [] });
  });
});
