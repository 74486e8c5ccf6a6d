import { expect } from "chai";
import fc from "fast-check";
import { planSubnets, tiers, zoneCapacity } from "../../network/addresses.ts";
import { formatCidr, overlaps, parseCidr, sizeOf, type Cidr } from "../../network/cidr.ts";

const networks = (min: number, max: number) =>
  fc
    .tuple(fc.integer({ min, max }), fc.integer({ min: 0, max: 0xffffffff }))
    .map(([prefix, address]): Cidr => ({
      prefix,
      base: address - (address % sizeOf(prefix)),
    }));
const zoneNames = (count: number) => Array.from({ length: count }, (_, i) => `zone-${i}`);

describe("A CIDR block", () => {
  it("keeps its value when it is formatted and parsed again", () => {
    fc.assert(
      fc.property(networks(0, 32), (cidr) => {
        expect(parseCidr(formatCidr(cidr))).to.deep.equal(cidr);
      }),
    );
    expect(parseCidr("10.1.0.0/16")).to.deep.equal({ base: 0x0a010000, prefix: 16 });
  });

  for (const text of [
    "",
    "10.0.0.0",
    "10.0.0.1/24",
    "256.0.0.0/8",
    "10.0.0.0/33",
    "::/0",
    "10.0.0.0/16 ",
  ]) {
    it(`cannot be parsed from ${JSON.stringify(text)}`, () => {
      expect(parseCidr(text)).to.equal(undefined);
    });
  }

  it("overlaps another if one contains the first address of the other", () => {
    fc.assert(
      fc.property(networks(0, 32), networks(0, 32), (a, b) => {
        const holds = (outer: Cidr, inner: Cidr) =>
          inner.base >= outer.base && inner.base < outer.base + sizeOf(outer.prefix);
        expect(overlaps(a, b)).to.equal(holds(a, b) || holds(b, a));
      }),
    );
  });
});

describe("The address plan", () => {
  const plans = networks(16, 26).chain((vpc) =>
    fc.tuple(fc.constant(vpc), fc.integer({ min: 1, max: Math.min(zoneCapacity(vpc), 12) })),
  );

  it("gives every zone and tier a subnet inside the VPC, and the subnets do not overlap", () => {
    fc.assert(
      fc.property(plans, ([vpc, zones]) => {
        const subnets = planSubnets(vpc, zoneNames(zones));
        expect(subnets.map(({ zone, tier }) => `${zone} ${tier}`)).to.have.members(
          zoneNames(zones).flatMap((zone) => tiers.map((tier) => `${zone} ${tier}`)),
        );
        const blocks = subnets.map(({ cidr }) => parseCidr(cidr)!);
        for (const block of blocks) {
          expect(block.base).to.be.at.least(vpc.base);
          expect(block.base + sizeOf(block.prefix)).to.be.at.most(vpc.base + sizeOf(vpc.prefix));
          expect(block.prefix).to.be.within(16, 28);
          expect(blocks.filter((other) => overlaps(block, other))).to.deep.equal([block]);
        }
      }),
    );
  });

  it("keeps the existing subnets when a zone is added at the end", () => {
    fc.assert(
      fc.property(plans, ([vpc, zones]) => {
        const before = planSubnets(vpc, zoneNames(zones - 1));
        expect(planSubnets(vpc, zoneNames(zones)).slice(0, before.length)).to.deep.equal(before);
      }),
    );
  });

  it("uses /24 subnets in a /16 VPC", () => {
    expect(planSubnets(parseCidr("10.0.0.0/16")!, ["a", "b"])).to.deep.equal([
      { zone: "a", tier: "public", cidr: "10.0.0.0/24" },
      { zone: "a", tier: "private", cidr: "10.0.1.0/24" },
      { zone: "b", tier: "public", cidr: "10.0.2.0/24" },
      { zone: "b", tier: "private", cidr: "10.0.3.0/24" },
    ]);
  });

  it("names the number of zones that fit when there are too many", () => {
    const vpc = parseCidr("10.0.0.0/26")!;
    expect(planSubnets(vpc, zoneNames(2))).to.have.length(4);
    expect(() => planSubnets(vpc, zoneNames(3))).to.throw(
      RangeError,
      "10.0.0.0/26 has room for 2 zones, not for 3",
    );
  });
});
