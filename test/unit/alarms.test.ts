import { expect } from "chai";
import { canRecover } from "../../alarms/rules.ts";
import { program, upstream, type Program } from "./program.ts";

const alarmType = "aws:cloudwatch/metricAlarm:MetricAlarm";
const checkType = "aws:route53/healthCheck:HealthCheck";
const email = "ops@example.com";
const prefix = "flask-on-aws-dev-alarms";
const served = "command:remote:Command flask-on-aws-dev-release";

interface Policy {
  readonly Statement: readonly Readonly<Record<string, any>>[];
}
const statements = (policy: string) => (JSON.parse(policy) as Policy).Statement;
const names = (built: Program) =>
  built.all(alarmType).map(({ name }) => name.replace(`${prefix}-`, ""));
const alarm = (built: Program, name: string) => built.one(alarmType, `${prefix}-${name}`).inputs;

describe("Alarms by mail", function () {
  this.timeout(30_000);
  let built: Program;
  before(async () => {
    built = await program({ alarmEmail: email });
  });

  it("are not made without an address, and nothing is", async () => {
    const plain = await program();
    expect(names(plain)).to.deep.equal([]);
    expect(plain.resources.filter(({ name }) => name.includes("alarm"))).to.deep.equal([]);
    expect(JSON.stringify(plain.resources.map(({ inputs }) => inputs))).to.not.include(
      "ALARM_TOPICS=",
    );
    const added = built.resources.filter(
      ({ type, name }) => !plain.resources.some((one) => one.type === type && one.name === name),
    );
    const others = added.filter(({ name }) => !name.startsWith(prefix));
    expect(others.map(({ name }) => name)).to.deep.equal([
      "flask-on-aws-dev-release-report-metrics",
    ]);
  });

  it("watch page, machines, database, backups and certificate", () => {
    expect(names(built)).to.have.members([
      ...["page", "app-system", "app-instance", "test-system", "test-instance"],
      ...["database-storage", "database-cpu", "database-connections", "database-credits"],
      ...["backup", "restore-test", "certificate"],
    ]);
  });

  it("watch what exists: no certificate, credits or connections where there are none", async () => {
    const other = await program({
      ...{ alarmEmail: email, https: false, databaseInstanceClass: "db.x2g.large" },
    });
    expect(names(other)).to.include("database-cpu");
    expect(names(other)).to.not.include.members(["certificate"]);
    for (const name of ["certificate", "database-credits", "database-connections"])
      expect(names(other)).to.not.include(name);
  });

  it("have limits by the size of what they watch", async () => {
    const storage = 0.1 * 20 * 1024 ** 3;
    expect(alarm(built, "database-storage")).to.include({
      ...{ metricName: "FreeStorageSpace", comparisonOperator: "LessThanThreshold" },
      threshold: storage,
    });
    // The class has about 59.
    expect(alarm(built, "database-connections").threshold).to.equal(47);
    const larger = await program({
      ...{ alarmEmail: email, databaseAllocatedStorage: 100 },
      databaseInstanceClass: "db.t4g.small",
    });
    expect(alarm(larger, "database-storage").threshold).to.equal(5 * storage);
    expect(alarm(larger, "database-connections").threshold).to.equal(116);
  });

  it("go off in silence where silence is bad, and only there", () => {
    const silence = (wanted: string) =>
      built
        .all(alarmType)
        .filter(({ inputs }) => inputs.treatMissingData === wanted)
        .map(({ name }) => name.replace(`${prefix}-`, ""));
    expect(silence("breaching")).to.have.members([
      ...["database-storage", "backup", "restore-test", "certificate"],
    ]);
    expect(silence("notBreaching")).to.deep.equal([]);
    expect(alarm(built, "page")).to.deep.include({
      treatMissingData: "missing",
      insufficientDataActions: [`arn:aws:sns:::${prefix}-page`],
      okActions: [`arn:aws:sns:::${prefix}-page`],
    });
  });

  it("have machines of AWS's usual families recovered", () => {
    const topic = `arn:aws:sns:::${prefix}`;
    const recover = "arn:aws:automate:us-west-2:ec2:recover";
    for (const machine of ["app", "test"]) {
      expect(alarm(built, `${machine}-system`).alarmActions).to.deep.equal([topic, recover]);
      expect(alarm(built, `${machine}-instance`).alarmActions).to.deep.equal([topic]);
    }
    expect(alarm(built, "test-system").dimensions).to.deep.equal({
      InstanceId: "flask-on-aws-dev-test-id",
    });
    const types = ["t3.micro", "t4g.small", "m5.large", "m6i.large", "c7g.xlarge", "r5n.large"];
    expect(types.filter(canRecover)).to.deep.equal(types);
    const others = ["m5d.large", "m5.metal", "i4i.large", "c6gd.large", "m7i-flex.large"];
    expect(others.filter(canRecover)).to.deep.equal([]);
  });

  it("come after the first release, and after a first report of the app server", () => {
    expect(upstream(built, `${served}-report-metrics`)).to.include(`${served}-deploy`);
    for (const { name } of built.all(alarmType)) {
      const before = upstream(built, `${alarmType} ${name}`);
      expect(before, name)
        .to.include(`${served}-deploy`)
        .and.to.include(`${served}-report-metrics`);
    }
    expect(upstream(built, `${checkType} ${prefix}-page-of-address`)).to.include(
      `${served}-deploy`,
    );
  });

  it("have a topic in the stack's region, and one in us-east-1 for the page", async () => {
    const regions = (of: Program) =>
      of.all("aws:sns/topic:Topic").map(({ name, provider }) => {
        const id = provider.split("::").at(-2);
        return [name, of.one("pulumi:providers:aws", id).inputs.region];
      });
    const inEast = [`${prefix}-us-east-1`, "us-east-1"];
    expect(regions(built)).to.have.deep.members([
      [prefix, "us-west-2"],
      [`${prefix}-page`, "us-east-1"],
    ]);
    const provider = built.one("pulumi:providers:aws", "us-east-1");
    expect([provider.name, provider.inputs.region]).to.deep.equal(inEast);
    expect(JSON.parse(provider.inputs.defaultTags)).to.deep.equal({
      tags: { project: "flask-on-aws", stack: "dev" },
    });
    expect(built.one(alarmType, "-page").provider).to.include(
      "::flask-on-aws-dev-alarms-us-east-1::",
    );
    expect(built.one(checkType).provider).to.include("::flask-on-aws-dev-alarms-us-east-1::");

    const zones = { names: ["us-east-1a", "us-east-1b"], zoneIds: ["use1-az1", "use1-az2"] };
    const east = await program(
      { alarmEmail: email, "aws:region": "us-east-1" },
      {
        "aws:index/getAvailabilityZones:getAvailabilityZones": () => zones,
        "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings": () => ({
          locations: zones.names,
        }),
      },
    );
    expect(east.all("aws:sns/topic:Topic").map(({ name }) => name)).to.deep.equal([prefix]);
    expect(alarm(east, "page").alarmActions).to.deep.equal([`arn:aws:sns:::${prefix}`]);
  });

  it("let only alarms of this stack publish to its topics, each by mail to the address", () => {
    for (const [suffix, region] of [
      ["alarms", "us-west-2"],
      ["alarms-page", "us-east-1"],
    ] as const) {
      const policy = built.one("aws:sns/topicPolicy:TopicPolicy", `dev-${suffix}`).inputs.policy;
      expect(statements(policy)).to.deep.equal([
        {
          Effect: "Allow",
          Principal: { Service: "cloudwatch.amazonaws.com" },
          Action: "sns:Publish",
          Resource: `arn:aws:sns:::flask-on-aws-dev-${suffix}`,
          Condition: {
            StringEquals: { "aws:SourceAccount": "123456789012" },
            ArnLike: {
              "aws:SourceArn": `arn:aws:cloudwatch:${region}:123456789012:alarm:${prefix}-*`,
            },
          },
        },
      ]);
      const { inputs } = built.one("aws:sns/topicSubscription:TopicSubscription", `dev-${suffix}`);
      expect(inputs).to.include({ protocol: "email", endpoint: email });
    }
  });

  it("let the app server report in its own namespace, and read who is subscribed", () => {
    const { policy, role } = built.one("aws:iam/rolePolicy:RolePolicy", prefix).inputs;
    expect(role).to.equal("flask-on-aws-dev-app-id");
    expect(statements(policy)).to.deep.equal([
      {
        Effect: "Allow",
        Action: "sns:ListSubscriptionsByTopic",
        Resource: [`arn:aws:sns:::${prefix}`, `arn:aws:sns:::${prefix}-page`],
      },
      {
        Effect: "Allow",
        Action: "cloudwatch:PutMetricData",
        Resource: "*",
        Condition: { StringEquals: { "cloudwatch:namespace": prefix } },
      },
    ]);
    const { stdin } = built.one("command:remote:Command", "write-stack.env").inputs;
    expect(stdin).to.include(`ALARM_NAMESPACE='${prefix}'\n`);
    expect(stdin).to.include(
      `ALARM_TOPICS='arn:aws:sns:::${prefix} arn:aws:sns:::${prefix}-page'\n`,
    );
    expect(stdin).to.include(`ALARM_EMAIL='${email}'\n`);
  });

  it("say in at most 1,024 characters what they mean and what to do", () => {
    for (const { name, inputs } of built.all(alarmType)) {
      expect(inputs.alarmDescription, name).to.match(/\bSee\b|\bRaise\b|\bset\b|\bSet\b/);
      expect(inputs.alarmDescription.length, name).to.be.below(1024);
    }
    expect(alarm(built, "page").alarmDescription).to.equal(
      "https://198.18.0.64 does not answer from outside. See: ./ops status --stack dev",
    );
  });
});

describe("The check of the page from outside", function () {
  this.timeout(30_000);
  const check = async (settings: Record<string, unknown>) => {
    const { name, inputs } = (await program({ alarmEmail: email, ...settings })).one(checkType);
    const { tags, ...rest } = inputs;
    expect(tags).to.deep.equal({ Name: name });
    return { name: name.replace(`${prefix}-`, ""), ...rest };
  };
  const every = { requestInterval: 30, failureThreshold: 3 };

  it("asks the address by HTTPS, or by HTTP where there is none", async () => {
    const ofAddress = { ...every, name: "page-of-address", ipAddress: "198.18.0.64" };
    expect(await check({})).to.deep.equal({
      ...{ ...ofAddress, type: "HTTPS", port: 443, resourcePath: "/", enableSni: false },
    });
    expect(await check({ https: false, appHealthPath: "/health" })).to.deep.equal({
      ...{ ...ofAddress, type: "HTTP", port: 80, resourcePath: "/health" },
    });
  });

  it("asks a domain by its name, as another check than that of the address", async () => {
    const settings = { domain: "app.example.com", dnsZone: "none" };
    expect(await check(settings)).to.deep.equal({
      ...{ ...every, name: "page-of-domain", fqdn: "app.example.com" },
      ...{ type: "HTTPS", port: 443, resourcePath: "/", enableSni: true },
    });
  });

  it("asks only the port of an app whose page answers with 400 or more", async () => {
    expect(await check({ appHealthPath: "/", appHealthStatus: 401 })).to.deep.equal({
      ...{ ...every, name: "page-of-address", ipAddress: "198.18.0.64", type: "TCP", port: 443 },
    });
  });
});

describe("Alarms of tasks on ECS", function () {
  this.timeout(30_000);

  it("watch health, number and errors of the tasks", async () => {
    const settings = { alarmEmail: email, domain: "app.example.com", dnsZone: "none", appTasks: 3 };
    const built = await program(settings);
    expect(names(built)).to.include.members([
      ...["tasks-unhealthy", "tasks-missing", "balancer-errors", "app-errors", "certificate"],
    ]);
    expect(alarm(built, "tasks-missing")).to.include({
      ...{ metricName: "HealthyHostCount", comparisonOperator: "LessThanThreshold" },
      ...{ threshold: 3, treatMissingData: "breaching" },
    });
    for (const name of ["tasks-unhealthy", "balancer-errors", "app-errors"])
      expect(alarm(built, name).treatMissingData, name).to.equal("notBreaching");
    const { dimensions } = alarm(built, "app-errors");
    expect(dimensions.LoadBalancer).to.match(/^app\/[\w-]+$/);
    expect(dimensions.TargetGroup).to.match(/^targetgroup\/[\w-]+$/);
    expect(alarm(built, "balancer-errors").dimensions).to.have.all.keys("LoadBalancer");
  });
});
