/** The record of the app's domain in Route 53, and the one that is to be made elsewhere. */
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { Domain, findZone, type Zone } from "../../network/dns.ts";
import { registrations, valueOf, type Calls } from "./mocks.ts";
import { program, upstream } from "./program.ts";

const domain = "app.shop.example.com";
const getZone = "aws:route53/getZone:getZone";
const getRecords = "aws:route53/getRecords:getRecords";
const getEips = "aws:ec2/getEips:getEips";

interface RecordSet {
  readonly type: string;
  readonly values?: string[];
  readonly alias?: string;
}

/** Throws as the engine does, whose messages are in `details`. */
function fail(details: string): never {
  throw Object.assign(new Error(), { details });
}

/** The answers of an account with these public zones, records of the domain and Elastic IPs of the stack. */
function account(
  zones: readonly string[],
  records: readonly RecordSet[] = [],
  publicIps: readonly string[] = [],
) {
  const asked: string[] = [];
  const calls: Calls = {
    [getZone]: ({ name, privateZone }) => {
      expect(privateZone).to.equal(false);
      asked.push(name as string);
      if (!zones.includes(name as string)) fail("no matching Route 53 Hosted Zone found");
      return { zoneId: `Z-${name}` };
    },
    [getRecords]: ({ zoneId, nameRegex }) => {
      asked.push(zoneId as string);
      expect(`${domain}.`).to.match(new RegExp(nameRegex as string));
      for (const other of [`x${domain}.`, `x.${domain}.`, "appxshop.example.com."])
        expect(other).to.not.match(new RegExp(nameRegex as string));
      return {
        resourceRecordSets: records.map(({ type, values = [], alias }) => ({
          type,
          resourceRecords: values.map((value) => ({ value })),
          aliasTarget: alias ? { dnsName: alias } : undefined,
        })),
      };
    },
    [getEips]: ({ tags }) => {
      expect(tags).to.deep.equal({ project: "flask-on-aws", stack: "dev" });
      return { publicIps };
    },
  };
  return { asked, calls };
}

/** What findZone resolves to, or the message of its error. */
async function found(calls: Calls, dnsZone = ""): Promise<Zone | string> {
  const stack = { project: "flask-on-aws", stack: "dev", region: "us-west-2" };
  const args = { ...stack, domain, dnsZone, balancer: "app-5f0ffe7" };
  const find = () =>
    findZone(args, undefined as never).catch((error: Error) => {
      expect(error).to.be.instanceOf(pulumi.RunError);
      return error.message;
    });
  return (await registrations(find, "dev", calls)).result;
}

const refused = (message: string): Calls => ({ [getZone]: () => fail(message) });

describe("The zone of the domain", () => {
  it("is the public one with the longest name", async () => {
    const { asked, calls } = account(["example.com", "shop.example.com"]);
    expect(await found(calls)).to.deep.equal({
      id: "Z-shop.example.com",
      name: "shop.example.com",
    });
    expect(asked).to.deep.equal([domain, "shop.example.com", "Z-shop.example.com"]);
  });

  it("is not looked for in top-level domains", async () => {
    const { asked, calls } = account(["com"]);
    expect(await found(calls)).to.deep.equal({ why: "no public zone in Route 53" });
    expect(asked).to.deep.equal([domain, "shop.example.com", "example.com"]);
  });

  it("stops the program where AWS denies the lookup, and names the permission", async () => {
    const denied =
      "reading Route 53 Hosted Zones: api error AccessDenied: User: arn:aws:iam::1:user/ada is not " +
      "authorized to perform: route53:ListHostedZones because no policy allows it";
    const message = (what: string) =>
      `Route 53 cannot be read for the setting domain, ${domain}: ${what} is denied\n` +
      "    remedy: pulumi config set dnsZone none --stack dev\n" +
      "            or, if the domain's zone is in this account, get the permissions in docs/domain.md";
    expect(await found(refused(denied))).to.equal(message("route53:ListHostedZones"));
    expect(await found(refused("api error AccessDenied: no"))).to.equal(message("access"));
    const { calls } = account(["example.com"]);
    const records = { [getRecords]: refused(denied)[getZone]! };
    expect(await found({ ...calls, ...records })).to.equal(message("route53:ListHostedZones"));
  });

  it("stops the program where two public zones have the name", async () => {
    const several =
      "multiple Route 53 Hosted Zones matched; use additional constraints to reduce matches to a single one";
    expect(await found(refused(several))).to.match(
      /^Route 53 has two public zones of one name .*\n {4}remedy: pulumi config set dnsZone ID --stack dev\n/,
    );
  });

  it("is the one that dnsZone names, if the domain belongs to it", async () => {
    const { calls } = account([]);
    const named = (name: string) => ({
      ...calls,
      [getZone]: ({ zoneId }: Record<string, unknown>) => ({ zoneId, name }),
    });
    expect(await found(named("example.com."), "Z1")).to.deep.equal({
      id: "Z1",
      name: "example.com",
    });
    expect(await found(named("xample.com"), "Z1")).to.match(
      /^The setting dnsZone is Z1\n {4}but that is the zone xample\.com, .*\n {4}remedy: pulumi config rm dnsZone --stack dev$/,
    );
  });

  it("is not looked for where dnsZone is none", async () => {
    expect(await found(refused("not asked"), "none")).to.deep.equal({ why: "dnsZone is none" });
  });

  it("stops the program when Route 53 does not answer, since its record would be deleted", async () => {
    expect(await found(refused("dial tcp: i/o timeout"))).to.match(
      /^Route 53 cannot be read for the setting domain, app\.shop\.example\.com: .*i\/o timeout\n {4}remedy: run pulumi up --stack dev again$/s,
    );
  });
});

describe("A record of the domain that is there already", () => {
  const with_ = (records: RecordSet[], ...own: string[]) =>
    found(account(["example.com"], records, own).calls);
  const zone = { id: "Z-example.com", name: "example.com" };

  it("is refused if it leads elsewhere, with both addresses", async () => {
    expect(await with_([{ type: "A", values: ["198.51.100.7"] }], "203.0.113.7")).to.equal(
      "The setting domain is app.shop.example.com\n" +
        "    but the zone example.com in Route 53 has the record A 198.51.100.7\n" +
        "    of that name, and stack dev has 203.0.113.7\n" +
        "    remedy: pulumi config set domain ANOTHER_NAME --stack dev\n" +
        "            or, if nobody needs the record, delete it: the zone's id is Z-example.com",
    );
  });

  it("is refused before the stack has an address", async () => {
    expect(await with_([{ type: "A", values: ["198.51.100.7"] }])).to.include(
      "stack dev has no address yet\n",
    );
  });

  it("is refused if it is an alias, of IPv6 or of another name, or has a second address", async () => {
    const own = "203.0.113.7";
    const alias = { type: "A", alias: "lb.example.com." };
    expect(await with_([alias], own)).to.include("the record A lb.example.com.\n");
    const six = { type: "AAAA", values: ["2001:db8::7"] };
    const right = { type: "A", values: [own] };
    expect(await with_([right, six], own)).to.include("the record AAAA 2001:db8::7\n");
    expect(await with_([{ type: "CNAME", values: ["other.example.com"] }], own)).to.include(
      "the record CNAME other.example.com\n",
    );
    const two = { type: "A", values: [own, "198.51.100.7"] };
    expect(await with_([two], own)).to.include("the record A 203.0.113.7 198.51.100.7\n");
  });

  it("is accepted if it has an address of the stack, or does not say where the name is", async () => {
    expect(
      await with_([{ type: "A", values: ["203.0.113.7"] }], "192.0.2.1", "203.0.113.7"),
    ).to.deep.equal({ ...zone, leadsTo: "app server" });
    expect(await with_([{ type: "TXT", values: ['"v=spf1"'] }])).to.deep.equal(zone);
  });

  it("is accepted if it names the stack's load balancer, also after somebody has deleted that", async () => {
    for (const alias of [
      "app-5f0ffe7-1234567890.us-west-2.elb.amazonaws.com.",
      "dualstack.App-5f0ffe7-1.us-west-2.elb.amazonaws.com.",
    ])
      expect(await with_([{ type: "A", alias }], "203.0.113.7")).to.deep.equal({
        ...zone,
        leadsTo: "load balancer",
      });
  });

  it("is refused if it names the load balancer of another stack or region", async () => {
    for (const alias of [
      "app-261b530-1.us-west-2.elb.amazonaws.com.",
      "my-app-5f0ffe7-1.us-west-2.elb.amazonaws.com.",
      "app-5f0ffe7-1.eu-west-1.elb.amazonaws.com.",
      "app-5f0ffe7-1.us-west-2.elb.amazonaws.com.example.com.",
    ])
      expect(await with_([{ type: "A", alias }], "203.0.113.7")).to.include(
        `the record A ${alias}\n`,
      );
  });
});

describe("The domain's record", () => {
  const recordType = "aws:route53/record:Record";

  it("is made in the zone, for the Elastic IP once it leads to the machine", async () => {
    const built = await program({ domain }, account(["example.com"]).calls);
    const record = built.one(recordType);
    expect(record.name).to.equal("flask-on-aws-dev-domain");
    expect(record.parent).to.equal("flask-on-aws-dev-domain");
    expect(record.inputs).to.deep.equal({
      ...{ zoneId: "Z-example.com", name: domain, type: "A", ttl: 60 },
      ...{ records: ["198.18.0.64"], allowOverwrite: true },
    });
    expect([...upstream(built, `${recordType} ${record.name}`)]).to.include(
      "aws:ec2/eipAssociation:EipAssociation flask-on-aws-dev-app",
    );
    expect(built.outputs["dnsRecord"]!.value).to.equal("");
  });

  it("is the output dnsRecord where there is no zone, and `up` names it in one line", async () => {
    const messages: string[] = [];
    // Without an engine, Pulumi's messages go to the console.
    const { log } = console;
    console.log = (message: string) => messages.push(message);
    const { result, resources } = await registrations(async () => {
      const why = "no public zone in Route 53";
      const { record, recordToCreate } = new Domain("a", {
        ...{ domain, zone: { why } },
        target: { address: "203.0.113.7" },
      });
      expect(record).to.equal(undefined);
      return (await valueOf(recordToCreate)).value;
    }).finally(() => (console.log = log));
    const line = "app.shop.example.com. 60 IN A 203.0.113.7";
    expect(result).to.equal(line);
    expect(messages).to.deep.equal([
      `info: [runtime] Needed DNS record (no public zone in Route 53): ${line}`,
    ]);
    expect(resources.map(({ type }) => type)).to.deep.equal(["flask-on-aws:network:Domain"]);
  });

  it("does not exist without a domain, and Route 53 is not asked", async () => {
    const { all, outputs } = await program({}, refused("asked"));
    expect(all(recordType)).to.deep.equal([]);
    expect(all("flask-on-aws:network:Domain")).to.deep.equal([]);
    expect(outputs["dnsRecord"]!.value).to.equal("");
  });
});
