/** Checks the registered resources against the controls that docs/security.md lists as met. */
import { AssertionError, expect } from "chai";
import { readFileSync } from "node:fs";
import { settingsOfStack } from "./config.ts";
import { program, type Program } from "./program.ts";

const root = new URL("../../", import.meta.url);
const text = (file: string) => readFileSync(new URL(file, root), "utf8");

/** Ids of the controls in each table, by the heading that the table is under. */
const tables: ReadonlyMap<string, readonly string[]> = new Map(
  text("docs/security.md")
    .split(/^## /m)
    .map((section) => [
      section.split("\n")[0]!,
      [...section.matchAll(/^\| ((?:[A-Z]+\d?\.\d+(?:, )?)+) +\|/gm)].flatMap(([, ids]) =>
        ids!.split(", "),
      ),
    ]),
);
const met = tables.get("Met") ?? [];
const metInProduction = tables.get("Met in production") ?? [];

type Assertion = (of: Program) => void;
/** An empty list would prove nothing. */
const some = <T>(list: T[]): T[] => {
  expect(list).to.not.deep.equal([]);
  return list;
};
const database = (of: Program) => of.one("aws:rds/instance:Instance").inputs;
const machines = (of: Program) =>
  some(of.all("aws:ec2/instance:Instance").map(({ inputs }) => inputs));
const rules = (of: Program) =>
  some(
    of.all("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule").map(({ inputs }) => inputs),
  );
const bucket = (of: Program, type: string, end: string) =>
  of.one(`aws:s3/${type[0]!.toLowerCase()}${type.slice(1)}:${type}`, end).inputs;
const backups = (of: Program, type: string) => bucket(of, type, "-backups");
const policies = (of: Program) => [
  ...of.all("aws:iam/rolePolicy:RolePolicy").map(({ inputs }) => inputs.policy as string),
  ...of.all("aws:s3/bucketPolicy:BucketPolicy").map(({ inputs }) => inputs.policy as string),
];
interface Statement {
  Effect: string;
  Principal?: string;
  Action: string | string[];
  Resource: string | string[];
}
const allowed = (of: Program) =>
  some(
    policies(of)
      .flatMap((policy) => (JSON.parse(policy) as { Statement: Statement[] }).Statement)
      .filter(({ Effect }) => Effect === "Allow"),
  );

const checks: Record<string, Assertion> = {
  "EC2.2": (of) =>
    expect(of.one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup").inputs).to.have.all.keys(
      "vpcId",
      "tags",
    ),
  "EC2.3": (of) => {
    for (const { rootBlockDevice } of machines(of))
      expect(rootBlockDevice.encrypted).to.equal(true);
  },
  "EC2.6": (of) => {
    const vpcId = `${of.one("aws:ec2/vpc:Vpc").name}-id`;
    for (const { inputs } of some(of.all("aws:ec2/flowLog:FlowLog")))
      expect(inputs).to.include({ vpcId, trafficType: "ALL" });
  },
  "EC2.8": (of) => {
    for (const { metadataOptions } of machines(of))
      expect(metadataOptions).to.include({ httpTokens: "required", httpPutResponseHopLimit: 1 });
  },
  "EC2.13": (of) => {
    for (const { cidrIpv4 } of some(rules(of).filter(({ fromPort }) => fromPort === 22)))
      expect(cidrIpv4).to.not.equal("0.0.0.0/0");
  },
  "EC2.15": (of) => {
    for (const { inputs } of some(of.all("aws:ec2/subnet:Subnet")))
      expect(inputs.mapPublicIpOnLaunch ?? false).to.equal(false);
  },
  "EC2.18": (of) => {
    const open = rules(of).filter(({ cidrIpv4 }) => cidrIpv4 === "0.0.0.0/0");
    expect(open.map(({ fromPort }) => fromPort as number)).to.have.members([80, 443]);
  },
  "EC2.19": (of) => {
    const open = rules(of).filter(({ cidrIpv4 }) => cidrIpv4 === "0.0.0.0/0");
    for (const { fromPort, toPort } of open) expect(fromPort).to.equal(toPort);
    expect([80, 443, 5085]).to.include.members(open.map(({ fromPort }) => fromPort as number));
  },
  "RDS.2": (of) => expect(database(of).publiclyAccessible).to.equal(false),
  "RDS.3": (of) => expect(database(of).storageEncrypted).to.equal(true),
  "RDS.5": (of) => expect(database(of).multiAz).to.equal(true),
  "RDS.8": (of) => expect(database(of).deletionProtection).to.equal(true),
  "RDS.9": (of) =>
    expect(database(of).enabledCloudwatchLogsExports).to.deep.equal(["error", "slowquery"]),
  "RDS.11": (of) => expect(database(of).backupRetentionPeriod).to.be.at.least(7),
  "RDS.13": (of) => expect(database(of).autoMinorVersionUpgrade).to.equal(true),
  "RDS.17": (of) => expect(database(of).copyTagsToSnapshot).to.equal(true),
  "RDS.25": (of) => expect(database(of).username).to.not.be.oneOf(["admin", "root", "mysql"]),
  "S3.2": (of) =>
    expect(backups(of, "BucketPublicAccessBlock").restrictPublicBuckets).to.equal(true),
  "S3.3": (of) => {
    const byPolicyOfBucket = some(allowed(of).filter(({ Principal }) => Principal));
    for (const { Action } of byPolicyOfBucket) expect(Action).to.equal("s3:GetObject");
  },
  "S3.5": (of) => {
    const [deny] = (JSON.parse(backups(of, "BucketPolicy").policy) as { Statement: object[] })
      .Statement;
    expect(deny).to.deep.include({
      ...{ Effect: "Deny", Principal: "*", Action: "s3:*" },
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    });
  },
  "S3.8": (of) =>
    expect(backups(of, "BucketPublicAccessBlock")).to.include({
      ...{ blockPublicAcls: true, ignorePublicAcls: true, blockPublicPolicy: true },
    }),
  "S3.10": (of) => {
    const { rules } = backups(of, "BucketLifecycleConfiguration");
    for (const { status } of some(rules as { status: string }[]))
      expect(status).to.equal("Enabled");
  },
  "S3.14": (of) =>
    expect(backups(of, "BucketVersioning").versioningConfiguration.status).to.equal("Enabled"),
  "IAM.1": (of) => {
    for (const { Action } of allowed(of)) expect([Action].flat()).to.not.include("*");
  },
  "IAM.21": (of) => {
    for (const { Action } of allowed(of))
      for (const action of [Action].flat()) expect(action).to.match(/^[a-z0-9]+:[A-Za-z]+$/);
  },
};

describe("docs/security.md", () => {
  let dev: Program;
  let prod: Program;
  before(async () => {
    dev = await program(settingsOfStack("dev"));
    prod = await program(settingsOfStack("prod"));
  });

  it("lists each control once, and this test checks every control that is met", () => {
    expect([...met, ...metInProduction].toSorted()).to.deep.equal(Object.keys(checks).toSorted());
    const all = [...tables.values()].flat();
    expect(new Set(all).size).to.equal(all.length);
    const withControls = [...tables]
      .filter(([, ids]) => ids.length > 0)
      .map(([heading]) => heading);
    expect(withControls).to.deep.equal(["Met", "Met in production", "Not met", "Not applicable"]);
  });

  for (const [id, check] of Object.entries(checks)) {
    it(`states correctly which environments meet ${id}`, () => {
      check(prod);
      if (met.includes(id)) check(dev);
      else expect(() => check(dev), "development, which leaves it off").to.throw(AssertionError);
    });
  }
});
