/** Which zones a stack's subnets are in. */
import { expect } from "chai";
import fc from "fast-check";
import { natGatewayModes } from "../../network/network.ts";
import { chooseZones, type Zone, type ZoneWishes } from "../../network/zones.ts";
import { program } from "./program.ts";

/** Zones a, b, c …; `type` and `nat` list the letters of the zones that lack it. */
const region = (letters: string, { type = "", nat = "" } = {}): Zone[] =>
  [...letters].map((letter) => ({
    name: `us-east-1${letter}`,
    hasInstanceType: !type.includes(letter),
    hasNatGateways: !nat.includes(letter),
  }));
const named = (letters: string) => [...letters].map((letter) => `us-east-1${letter}`);
const wishes: ZoneWishes = {
  stack: "dev",
  named: [],
  existing: [],
  natGateways: "single",
  instanceType: "t3.micro",
};
const errorOf = (zones: Zone[], more: Partial<ZoneWishes>) => {
  try {
    return `no error, but ${chooseZones(zones, { ...wishes, ...more }).join(", ")}`;
  } catch (error) {
    return (error as Error).message;
  }
};

describe("The zones of a stack", () => {
  it("are the region's first two that offer the instance type and NAT gateways", () => {
    const chosen = (lacks: { type?: string; nat?: string }, more: Partial<ZoneWishes> = {}) =>
      chooseZones(region("abcde", lacks), { ...wishes, ...more });
    expect(chosen({})).to.deep.equal(named("ab"));
    expect(chosen({ type: "b" })).to.deep.equal(named("ac"));
    expect(chosen({ nat: "a" })).to.deep.equal(named("bc"));
    expect(chosen({ type: "b", nat: "ac" })).to.deep.equal(named("de"));
    expect(chosen({ nat: "a" }, { natGateways: "none" })).to.deep.equal(named("ab"));
  });

  it("stay the same where subnets exist, and fill only the free places", () => {
    const zones = region("abcd", { type: "b" });
    const chosen = (...existing: (string | undefined)[]) =>
      chooseZones(zones, { ...wishes, existing });
    expect(chosen(...named("db"))).to.deep.equal(named("db"));
    expect(chosen(...named("cda"))).to.deep.equal(named("cda"));
    expect(chosen(undefined, "us-east-1a")).to.deep.equal(named("ca"));
    expect(chosen("us-east-1d")).to.deep.equal(named("da"));
  });

  it("are those of the setting availabilityZones, even if subnets exist in others", () => {
    const zones = region("abc");
    const existing = named("ab");
    expect(chooseZones(zones, { ...wishes, named: named("cab"), existing })).to.deep.equal(
      named("cab"),
    );
  });

  it("are refused if the setting names a zone that the region does not have", () => {
    expect(errorOf(region("ab"), { named: named("ax") })).to.equal(
      "The setting availabilityZones names us-east-1x\n" +
        "    the region has us-east-1a, us-east-1b\n    remedy: name some of these",
    );
  });

  it("are refused if one needs a NAT gateway that AWS does not offer there", () => {
    const zones = region("abce", { nat: "e" });
    expect(errorOf(zones, { named: named("ea") })).to.equal(
      "The setting natGateways is single\n" +
        "    but AWS has no NAT gateways in us-east-1e, which availabilityZones names\n" +
        "    remedy: pulumi config set natGateways none --stack dev\n" +
        "            or name only some of these in availabilityZones: us-east-1a, us-east-1b, us-east-1c",
    );
    expect(errorOf(zones, { named: named("ae"), natGateways: "per-zone" })).to.include(
      "no NAT gateways in us-east-1e",
    );
    for (const fine of [
      { named: named("ae") },
      { named: named("ea"), natGateways: "none" as const },
      { named: named("ea"), existing: named("ea") },
    ])
      expect(errorOf(zones, fine)).to.match(/^no error/);
  });

  it("are refused if the servers' zone lacks their instance type, also in an existing stack", () => {
    const zones = region("abc", { type: "b" });
    const instanceType = "m8g.large";
    expect(errorOf(zones, { named: named("ba"), instanceType })).to.equal(
      "The setting instanceType is m8g.large\n" +
        "    but us-east-1b, the zone of the machines, does not offer it\n" +
        "    remedy: pulumi config set instanceType t3.micro --stack dev\n" +
        "            or name only some of these in availabilityZones: us-east-1a, us-east-1c",
    );
    expect(errorOf(zones, { existing: named("ba"), instanceType })).to.equal(
      "The setting instanceType is m8g.large\n" +
        "    but us-east-1b, the zone of the machines, does not offer it\n" +
        "    remedy: pulumi config set instanceType t3.micro --stack dev",
    );
    expect(errorOf(zones, { named: named("ab"), instanceType })).to.match(/^no error/);
  });

  it("are refused if fewer than two offer the instance type", () => {
    const instanceType = "p5.48xlarge";
    expect(errorOf(region("abc", { type: "ac" }), { instanceType })).to.equal(
      "The setting instanceType is p5.48xlarge\n" +
        "    but only us-east-1b offers it and has NAT gateways, and RDS needs two zones\n" +
        "    remedy: pulumi config set instanceType t3.micro --stack dev\n" +
        "            or name us-east-1b first in availabilityZones, and then another zone\n" +
        "            or use another region, which is the setting aws:region",
    );
    const none = errorOf(region("abc", { type: "abc" }), { instanceType, natGateways: "none" });
    expect(none).to.include("but no zone of the region offers it, and RDS needs two zones\n");
    expect(none).to.not.include("first in availabilityZones");
    // The message suggests this.
    expect(errorOf(region("abc", { type: "ac" }), { instanceType, named: named("ba") })).to.match(
      /^no error/,
    );
  });

  it("never move an existing subnet, and are at least two different zones", () => {
    const zone = fc.record({
      letter: fc.constantFrom(..."abcdef"),
      hasInstanceType: fc.boolean(),
      hasNatGateways: fc.boolean(),
    });
    const zones = fc
      .uniqueArray(zone, { minLength: 2, selector: ({ letter }) => letter })
      .map((all) => all.map(({ letter, ...rest }) => ({ name: `us-east-1${letter}`, ...rest })));
    fc.assert(
      fc.property(
        zones,
        fc.constantFrom(...natGatewayModes),
        fc.array(fc.boolean(), { maxLength: 4 }),
        (all, natGateways, places) => {
          const existing = places
            .slice(0, all.length)
            .map((exists, place) => (exists ? all[place]!.name : undefined));
          const asked = { ...wishes, natGateways, existing };
          const message = errorOf(all, asked);
          if (!message.startsWith("no error")) {
            expect(message).to.match(/^The setting instanceType is/);
            return;
          }
          const chosen = chooseZones(all, asked);
          expect(chosen.length).to.equal(Math.max(2, existing.length));
          expect(new Set(chosen).size).to.equal(chosen.length);
          for (const [place, name] of existing.entries())
            if (name !== undefined) expect(chosen[place]).to.equal(name);
        },
      ),
    );
  });
});

describe("The zone lookup", () => {
  const zones = "aws:index/getAvailabilityZones:getAvailabilityZones";
  const offerings = "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings";
  const subnetsIn = async (calls: Parameters<typeof program>[1]) => {
    const built = await program({}, calls);
    const chosen = built.all("aws:ec2/subnet:Subnet").map(({ inputs }) => inputs.availabilityZone);
    return [...new Set(chosen)];
  };

  it("asks AWS for availability zones, and for those that offer the instance type", async () => {
    const asked: Record<string, unknown>[] = [];
    await program(
      { instanceType: "t3.small" },
      {
        [zones]: (inputs) => {
          asked.push(inputs);
          return { names: ["us-west-2a", "us-west-2b"], zoneIds: ["usw2-az2", "usw2-az1"] };
        },
        [offerings]: (inputs) => {
          asked.push(inputs);
          return { locations: ["us-west-2a", "us-west-2b"] };
        },
      },
    );
    expect(asked).to.have.deep.members([
      { filters: [{ name: "zone-type", values: ["availability-zone"] }] },
      {
        locationType: "availability-zone",
        filters: [{ name: "instance-type", values: ["t3.small"] }],
      },
    ]);
  });

  it("recognises zones without NAT gateways by their ids", async () => {
    const names = ["us-west-2a", "us-west-2b", "us-west-2c"];
    const zoneIds = ["use1-az3", "use1-az1", "use1-az2"];
    expect(await subnetsIn({ [zones]: () => ({ names, zoneIds }) })).to.deep.equal(names.slice(1));
  });

  it("uses every zone when it cannot read which of them offer the instance type", async () => {
    const refused = () => {
      throw new Error("reading EC2 Instance Type Offerings: UnauthorizedOperation");
    };
    expect(await subnetsIn({ [offerings]: refused })).to.deep.equal(["us-west-2a", "us-west-2b"]);
  });
}).timeout(60_000); // it loads the whole program, more than once
