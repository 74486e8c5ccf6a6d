/** The quotas of the account, before a stack is created. */
import * as aws from "@pulumi/aws";
import { expect } from "chai";
import fc from "fast-check";
import {
  type Demand,
  isStandard,
  quotaProblems,
  requireQuotas,
  type Usage,
} from "../../network/quotas.ts";
import { type Calls, registrations } from "./mocks.ts";
import { program } from "./program.ts";

const quota = "aws:servicequotas/getServiceQuota:getServiceQuota";
const codes = { vpcs: "L-F678F1CE", elasticIps: "L-0263D0A3", vcpus: "L-1216C47A" };

/** An account with these quotas and this usage. Quotas that a test does not name are large. */
const account = ({
  limits = {},
  vpcs = 0,
  elasticIps = 0,
  running = {},
  spot = [],
}: {
  limits?: Partial<Record<keyof typeof codes, number>>;
  vpcs?: number;
  elasticIps?: number;
  /** Types of the running instances by id. */
  running?: Record<string, string>;
  spot?: string[];
}): Calls => {
  const ids = (count: number) => Array.from({ length: count }, (_, index) => `id-${index}`);
  const limitOf = Object.fromEntries(
    Object.entries(codes).map(([name, code]) => [code, limits[name as keyof typeof codes] ?? 100]),
  );
  return {
    [quota]: ({ quotaCode }) => ({ value: limitOf[quotaCode as string] }),
    // The program looks up the stack's own VPC by tags, and all VPCs by owner.
    "aws:ec2/getVpcs:getVpcs": ({ filters }) => {
      if (filters) expect(filters).to.deep.equal([{ name: "owner-id", values: ["123456789012"] }]);
      return { ids: filters ? ids(vpcs) : [] };
    },
    "aws:ec2/getEips:getEips": () => ({ allocationIds: ids(elasticIps) }),
    "aws:ec2/getInstances:getInstances": ({ filters, instanceStateNames }) => {
      expect(instanceStateNames).to.deep.equal(["pending", "running"]);
      return { ids: filters ? spot : [...Object.keys(running), ...spot] };
    },
    "aws:ec2/getInstance:getInstance": ({ instanceId }) => ({
      instanceType: running[instanceId as string] ?? "m7i.xlarge",
    }),
    "aws:ec2/getInstanceType:getInstanceType": ({ instanceType }) => ({
      defaultVcpus: { "t3.micro": 2, "m7i.xlarge": 4 }[instanceType as string],
    }),
  };
};

const dev: Demand = {
  ...{ stack: "dev", region: "us-west-2", profile: undefined, instanceType: "t3.micro" },
  ...{ zones: ["us-west-2a", "us-west-2b"], natGateways: "single" },
};

/** The error in an account with these answers; "" if there is none. */
const errorIn = async (calls: Calls, demand: Partial<Demand> = {}): Promise<string> => {
  const check = () =>
    requireQuotas({ ...dev, ...demand }, new aws.Provider("aws")).then(
      () => "",
      (error: Error) => error.message,
    );
  return (await registrations(check, "dev", calls)).result;
};

describe("The quotas of the account", () => {
  it("are reported together when exceeded, with numbers and commands that help", async () => {
    const full = account({
      limits: { vpcs: 5, elasticIps: 5, vcpus: 8 },
      vpcs: 5,
      elasticIps: 4,
      running: { one: "t3.micro", two: "m7i.xlarge" },
    });
    expect(await errorIn(full)).to.equal(
      [
        "The AWS account has no room for stack dev in us-west-2:",
        "- VPCs: 5 in use and 1 more needed, but the quota is 5",
        "    remedy: aws service-quotas request-service-quota-increase --region us-west-2 \\",
        "              --service-code vpc --quota-code L-F678F1CE --desired-value 6",
        "            or delete a VPC that nothing uses: aws ec2 describe-vpcs --region us-west-2",
        "- Elastic IPs: 4 in use and 2 more needed, but the quota is 5",
        "    remedy: aws service-quotas request-service-quota-increase --region us-west-2 \\",
        "              --service-code ec2 --quota-code L-0263D0A3 --desired-value 6",
        "            or release an address that nothing uses: " +
          "aws ec2 describe-addresses --region us-west-2",
        "            or pulumi config set natGateways none --stack dev",
        "- vCPUs of standard instances: 6 in use and 4 more needed, but the quota is 8",
        "    remedy: aws service-quotas request-service-quota-increase --region us-west-2 \\",
        "              --service-code ec2 --quota-code L-1216C47A --desired-value 10",
        "            or stop an instance that nothing uses: " +
          "aws ec2 describe-instances --region us-west-2",
      ].join("\n"),
    );
  });

  it("allow a stack that uses them up exactly", async () => {
    const limits = { vpcs: 5, elasticIps: 5, vcpus: 8 };
    const running = { one: "m7i.xlarge" };
    expect(await errorIn(account({ limits, vpcs: 4, elasticIps: 3, running }))).to.equal("");
  });

  it("count an Elastic IP for each NAT gateway and one for the app server", async () => {
    const withNatGateways = (natGateways: Demand["natGateways"], elasticIps: number) =>
      errorIn(account({ limits: { elasticIps: 5 }, elasticIps }), { natGateways });
    expect(await withNatGateways("per-zone", 3)).to.include("3 in use and 3 more needed");
    expect(await withNatGateways("per-zone", 2)).to.equal("");
    expect(await withNatGateways("none", 4)).to.equal("");
    const without = await withNatGateways("none", 5);
    expect(without).to.include("5 in use and 1 more needed").and.not.include("natGateways");
    // The quota would be exceeded without NAT gateways, too.
    expect(await withNatGateways("single", 5)).to.not.include("natGateways");
  });

  it("count neither spot instances nor instances of other families", async () => {
    const running = { one: "g5.48xlarge", two: "t3.micro" };
    const few = account({ limits: { vcpus: 5 }, running, spot: ["three", "four"] });
    expect(await errorIn(few)).to.include("2 in use and 4 more needed, but the quota is 5");
    const other = account({ limits: { vcpus: 0 } });
    expect(await errorIn(other, { instanceType: "p5.48xlarge" })).to.equal("");
  });

  it("are skipped individually when they cannot be read", async () => {
    const refused = () => {
      throw new Error("reading Service Quotas: AccessDeniedException");
    };
    const full = account({ limits: { elasticIps: 0 }, vpcs: 100 });
    expect(await errorIn({ ...full, [quota]: refused })).to.equal("");
    // The other quotas are still checked.
    const blind = { ...full, "aws:index/getCallerIdentity:getCallerIdentity": refused };
    const some = await errorIn(blind);
    expect(some).to.include("Elastic IPs").and.not.include("VPCs");
  });

  it("are not checked for vCPUs in an account with more than 50 instances", async () => {
    const running = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`i-${index}`, "t3.micro"]));
    const limits = { vcpus: 100 };
    expect(await errorIn(account({ limits, running: running(50) }))).to.include("100 in use");
    expect(await errorIn(account({ limits, running: running(51) }))).to.equal("");
  });

  it("are reported with commands that name the AWS profile", async () => {
    const text = await errorIn(account({ limits: { vpcs: 0 } }), { profile: "team" });
    expect(text).to.include("increase --region us-west-2 --profile team \\\n");
    expect(text).to.include("aws ec2 describe-vpcs --region us-west-2 --profile team");
  });

  it("are reported exactly when exceeded, each with the value that is needed", () => {
    const count = fc.nat(20);
    const usage = fc.record({
      what: fc.constant("VPCs"),
      quota: fc.constant({ serviceCode: "vpc" as const, quotaCode: codes.vpcs }),
      ...{ limit: count, used: count, needed: count },
    });
    fc.assert(
      fc.property(fc.array(usage), (usages: Usage[]) => {
        const exceeded = usages.filter(({ limit, used, needed }) => limit - used < needed);
        const asked = [...quotaProblems(usages, dev).matchAll(/--desired-value (\d+)/g)];
        expect(asked.map(([, value]) => Number(value))).to.deep.equal(
          exceeded.map(({ used, needed }) => used + needed),
        );
      }),
    );
  });

  it("stop the program, with numbers that follow from its settings", async () => {
    const full = account({ limits: { elasticIps: 0, vcpus: 1 } });
    const settings = { "aws:profile": "team", natGateways: "per-zone", instanceType: "m7i.xlarge" };
    const text = await program(settings, full).then(
      () => "",
      (error: Error) => error.message,
    );
    expect(text).to.match(/^The AWS account has no room for stack dev in us-west-2:\n/);
    expect(text)
      .to.include("- Elastic IPs: 0 in use and 3 more needed")
      .and.include("--profile team");
    expect(text).to.include("- vCPUs of standard instances: 0 in use and 8 more needed");
  }).timeout(60_000); // it loads the whole program

  it("apply to the families of standard instances only", () => {
    const standard = "a1 c7i-flex d3en h1 i4i i7ie im4gn is4gen m8g r5b t3a z1d".split(" ");
    const others = "dl1 f1 g5 hpc7g inf2 mac2 p5 trn1 u-6tb1 vt1 x2idn".split(" ");
    expect(standard.filter((family) => !isStandard(`${family}.large`))).to.deep.equal([]);
    expect(others.filter((family) => isStandard(`${family}.large`))).to.deep.equal([]);
  });
});
