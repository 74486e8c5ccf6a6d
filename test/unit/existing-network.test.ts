/** The network of an existing stack keeps its zones and the range of its VPC. */
import { expect } from "chai";
import fc from "fast-check";
import { planSubnets, zoneCapacity, zoneIndex } from "../../network/addresses.ts";
import { parseCidr } from "../../network/cidr.ts";
import { refuseCidrChange, zonesInPlace } from "../../network/existing.ts";
import type { Calls } from "./mocks.ts";
import { program } from "./program.ts";

const cidr = parseCidr("10.0.0.0/16")!;
const vpc = { id: "vpc-1", cidr: "10.0.0.0/16" };
const left = { id: "vpc-2", cidr: "10.9.0.0/16" };

describe("A change of vpcCidr", () => {
  const errorWith = (...vpcs: { id: string; cidr: string }[]) => {
    try {
      refuseCidrChange({ vpcs, subnets: [] }, { cidr, stack: "dev" });
      return "";
    } catch (error) {
      return (error as Error).message;
    }
  };

  it("is refused with both values and the consequences of a new range", () => {
    expect(errorWith(left)).to.equal(
      "The setting vpcCidr is 10.0.0.0/16\n" +
        "    but vpc-2, the VPC of stack dev, has 10.9.0.0/16, which no update can change\n" +
        "    remedy: pulumi config set vpcCidr 10.9.0.0/16 --stack dev\n" +
        "            or, without the stack's database, backups and public address, which are deleted:\n" +
        "            pulumi destroy --stack dev && pulumi up --stack dev\n" +
        '            docs/troubleshooting.md, "Another address range", moves the data',
    );
  });

  it("is not refused without a VPC, or when one of the VPCs has the configured range", () => {
    expect(errorWith()).to.equal("");
    expect(errorWith(vpc)).to.equal("");
    expect(errorWith(left, vpc)).to.equal("");
  });
});

describe("The zone order of existing subnets", () => {
  it("matches the address plan in every VPC range", () => {
    const networks = fc.record({
      prefix: fc.integer({ min: 16, max: 26 }),
      second: fc.integer({ min: 0, max: 255 }),
    });
    fc.assert(
      fc.property(networks, fc.nat(), ({ prefix, second }, extra) => {
        const range = parseCidr(`10.${second}.0.0/${prefix}`)!;
        const count = 1 + (extra % zoneCapacity(range));
        const zones = Array.from({ length: count }, (_, index) => `zone-${index}`);
        for (const { zone, cidr: subnet } of planSubnets(range, zones))
          expect(zoneIndex(range, subnet)).to.equal(zones.indexOf(zone));
      }),
    );
  });

  it("does not include a subnet that is not in the address plan", () => {
    for (const other of [
      "10.0.0.0/25",
      "10.1.0.0/24",
      "9.255.255.0/24",
      "10.0.0.1/24",
      "fd00::/64",
    ])
      expect(zoneIndex(cidr, other), other).to.equal(undefined);
  });

  it("follows the address plan, has gaps for missing zones and ignores other VPCs", () => {
    const subnets = [
      { vpcId: "vpc-1", cidr: "10.0.5.0/24", zone: "us-west-2a" },
      { vpcId: "vpc-1", cidr: "10.0.0.0/24", zone: "us-west-2c" },
      { vpcId: "vpc-1", cidr: "10.0.1.0/24", zone: "us-west-2c" },
      { vpcId: "vpc-2", cidr: "10.0.2.0/24", zone: "us-west-2b" },
    ];
    const zones = zonesInPlace({ vpcs: [vpc, left], subnets }, cidr);
    expect(zones).to.deep.equal(["us-west-2c", undefined, "us-west-2a"]);
    expect(zonesInPlace({ vpcs: [], subnets: [] }, cidr)).to.deep.equal([]);
  });
});

describe("An existing stack", () => {
  let quotasRead = 0;
  /** Answers of an account that has this network. */
  const account = (zones: readonly string[], range = vpc.cidr): Calls => {
    const subnets = planSubnets(parseCidr(range)!, zones);
    return {
      "aws:ec2/getVpcs:getVpcs": ({ tags }) => {
        expect(tags).to.deep.equal({ project: "flask-on-aws", stack: "dev" });
        return { ids: ["vpc-1"] };
      },
      "aws:ec2/getVpc:getVpc": ({ id }) => ({ id, cidrBlock: range }),
      "aws:ec2/getSubnets:getSubnets": ({ tags }) => {
        expect(tags).to.deep.equal({ project: "flask-on-aws", stack: "dev" });
        // AWS returns subnets in no fixed order.
        return { ids: subnets.map((_, index) => String(index)).reverse() };
      },
      "aws:ec2/getSubnet:getSubnet": ({ id }) => {
        const { zone, cidr: cidrBlock } = subnets[Number(id)]!;
        return { vpcId: "vpc-1", cidrBlock, availabilityZone: zone };
      },
      "aws:servicequotas/getServiceQuota:getServiceQuota": () => {
        quotasRead += 1;
        return { value: 0 };
      },
    };
  };

  it("keeps its zones, and the program does not read the quotas", async () => {
    const built = await program({}, account(["us-west-2c", "us-west-2a"]));
    const subnets = built
      .all("aws:ec2/subnet:Subnet")
      .map(({ inputs }) => [inputs.cidrBlock, inputs.availabilityZone]);
    expect(subnets).to.deep.equal([
      ["10.0.0.0/24", "us-west-2c"],
      ["10.0.1.0/24", "us-west-2c"],
      ["10.0.2.0/24", "us-west-2a"],
      ["10.0.3.0/24", "us-west-2a"],
    ]);
    expect(quotasRead).to.equal(0);
  });

  it("refuses a changed vpcCidr", async () => {
    const failed = await program({}, account(["us-west-2a", "us-west-2b"], "10.9.0.0/16")).then(
      () => "",
      (error: Error) => error.message,
    );
    expect(failed).to.match(/^The setting vpcCidr is 10\.0\.0\.0\/16\n/);
  });
}).timeout(60_000); // it loads the whole program, more than once
