/** Checks the registered resources against the controls that docs/security.md lists as met. */
import { AssertionError, expect } from "chai";
import { readFileSync } from "node:fs";
import { settingsOfStack } from "./config.ts";
import { program, type Program } from "./program.ts";
import { withTasks } from "./task-stack.ts";

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
const metByTasks = tables.get("Met by tasks") ?? [];
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

const balancer = (of: Program) => of.one("aws:lb/loadBalancer:LoadBalancer").inputs;
const listener = (of: Program, end: string) => of.one("aws:lb/listener:Listener", end).inputs;
const service = (of: Program) => of.one("aws:ecs/service:Service").inputs;
const repository = (of: Program) => of.one("aws:ecr/repository:Repository");
const definition = (of: Program) => of.one("aws:ecs/taskDefinition:TaskDefinition").inputs;
const container = (of: Program) => {
  const [first, ...others] = JSON.parse(definition(of).containerDefinitions as string) as Record<
    string,
    any
  >[];
  expect(others).to.deep.equal([]);
  return first!;
};
/** What control ELB.17 accepts: https://docs.aws.amazon.com/securityhub/latest/userguide/elb-controls.html#elb-17 */
const recommendedPolicies =
  /^ELBSecurityPolicy-TLS13-(1-3|1-2-Res)(-FIPS-2023-04|-2021-06|-(FIPS-)?PQ-2025-09)$/;

/** Of what tasks add. */
const checksOfTasks: Record<string, Assertion> = {
  "ACM.1": (of) => {
    const certificate = of.one("aws:acm/certificate:Certificate").inputs;
    expect(certificate.validationMethod).to.equal("DNS");
    expect(certificate).to.not.have.property("privateKey");
    // Without it there is no renewal.
    expect(of.all("aws:route53/record:Record").some(({ inputs }) => inputs.ttl === 300)).to.equal(
      true,
    );
  },
  "ACM.2": (of) =>
    expect(of.one("aws:acm/certificate:Certificate").inputs).to.not.have.property("keyAlgorithm"),
  "ECR.1": (of) =>
    expect(repository(of).inputs.imageScanningConfiguration.scanOnPush).to.equal(true),
  "ECR.2": (of) => expect(repository(of).inputs.imageTagMutability).to.equal("IMMUTABLE"),
  "ECR.3": (of) => {
    const { inputs } = of.one("aws:ecr/lifecyclePolicy:LifecyclePolicy");
    some((JSON.parse(inputs.policy as string) as { rules: object[] }).rules);
  },
  "ECS.2": (of) => expect(service(of).networkConfiguration.assignPublicIp).to.equal(false),
  "ECS.3": (of) => expect(definition(of)).to.not.have.property("pidMode"),
  "ECS.4": (of) => expect(container(of).privileged ?? false).to.equal(false),
  "ECS.8": (of) => {
    const { environment, secrets } = container(of);
    some(secrets as object[]);
    for (const { name } of environment as { name: string }[])
      expect(name).to.not.match(/^(AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY|ECS_ENGINE_AUTH_DATA)$/);
  },
  "ECS.9": (of) => expect(container(of).logConfiguration.logDriver).to.equal("awslogs"),
  "ECS.10": (of) => expect(service(of)).to.not.have.property("platformVersion"),
  "ECS.17": (of) => expect(definition(of).networkMode).to.equal("awsvpc"),
  "ECS.20": (of) => expect(container(of).user).to.equal("app"),
  "ELB.1": (of) => {
    const [action, ...others] = listener(of, "-http").defaultActions as Record<string, any>[];
    expect(others).to.deep.equal([]);
    expect(action!.redirect).to.include({ protocol: "HTTPS", port: "443" });
  },
  "ELB.4": (of) => expect(balancer(of).dropInvalidHeaderFields).to.equal(true),
  "ELB.6": (of) => expect(balancer(of).enableDeletionProtection).to.equal(true),
  "ELB.12": (of) => expect(balancer(of)).to.not.have.property("desyncMitigationMode"),
  "ELB.13": (of) => expect(balancer(of).subnets).to.have.length.of.at.least(2),
  "ELB.17": (of) => expect(listener(of, "-https").sslPolicy).to.match(recommendedPolicies),
};

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
    expect([...new Set(open.map(({ fromPort }) => fromPort as number))]).to.have.members([80, 443]);
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
  let devWithTasks: Program;
  let prodWithTasks: Program;
  before(async function () {
    this.timeout(60_000);
    dev = await program(settingsOfStack("dev"));
    prod = await program(settingsOfStack("prod"));
    devWithTasks = await withTasks(settingsOfStack("dev"));
    prodWithTasks = await withTasks(settingsOfStack("prod"));
  });

  it("lists each control once, and this test checks every control that is met", () => {
    const asserted = [...Object.keys(checks), ...Object.keys(checksOfTasks)];
    const listed = [...met, ...metByTasks, ...metInProduction];
    expect(listed.toSorted()).to.deep.equal(asserted.toSorted());
    const all = [...tables.values()].flat();
    expect(new Set(all).size).to.equal(all.length);
    const withControls = [...tables]
      .filter(([, ids]) => ids.length > 0)
      .map(([heading]) => heading);
    expect(withControls).to.deep.equal([
      ...["Met", "Met by tasks", "Met in production", "Not met", "Not applicable"],
    ]);
  });

  for (const [id, check] of Object.entries(checks)) {
    it(`states correctly which environments meet ${id}`, () => {
      check(prod);
      check(prodWithTasks);
      if (met.includes(id)) [dev, devWithTasks].forEach(check);
      else expect(() => check(dev), "development, which leaves it off").to.throw(AssertionError);
    });
  }

  for (const [id, check] of Object.entries(checksOfTasks)) {
    it(`states correctly which environments with tasks meet ${id}`, () => {
      check(prodWithTasks);
      if (metByTasks.includes(id)) check(devWithTasks);
      else expect(() => check(devWithTasks), "development").to.throw(AssertionError);
    });
  }
});
