import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { Route53 } from "@aws-sdk/client-route-53";
import { SNS } from "@aws-sdk/client-sns";
import { expect } from "chai";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { controlApi } from "../../support/control-api.ts";
import { allow, instanceWithRole } from "../../support/instance-role.ts";

/** The evaluation is a pure function in Python, and so are its tests. */
describe("lab/api/alarms/", function () {
  this.timeout(60_000);

  it("passes its own tests", () => {
    const python = join(process.env.LAB_VENV!, "bin/python");
    const PYTHONPATH = join(import.meta.dirname, "../../../lab/api");
    const modules = ["test_evaluation", "test_watcher"];
    const { stderr, status } = spawnSync(python, ["-m", "unittest", "-v", ...modules], {
      cwd: join(import.meta.dirname, "alarms"),
      env: { ...process.env, PYTHONPATH },
      encoding: "utf8",
    });
    expect(status, stderr).to.equal(0);
    expect(stderr).to.match(/^Ran 15 tests/m);
  });
});

describe("Alarms in the lab's API", function () {
  this.timeout(60_000);
  const home = mkdtempSync(join(tmpdir(), "alarms-"));
  const address = "ops@example.com";
  let api: ApiServer;
  let sns: SNS;
  let cloudwatch: CloudWatch;
  before(async () => {
    api = await startApi({ LAB_HOME: home });
    sns = new SNS(api.client);
    cloudwatch = new CloudWatch(api.client);
  });
  after(async () => {
    await api?.stop();
    rmSync(home, { recursive: true });
  });

  const mails = async () => {
    const { body } = await controlApi(api, `mails?address=${address}`);
    return body.mails as { subject: string; text: string }[];
  };
  const post = (path: string, body: object) => controlApi(api, path, body);
  const listed = async (TopicArn: string) => {
    const { Subscriptions } = await sns.listSubscriptionsByTopic({ TopicArn });
    return Subscriptions!.map(({ SubscriptionArn }) => SubscriptionArn);
  };

  it("mail an address only after somebody has followed the link in the first mail", async () => {
    const { TopicArn } = await sns.createTopic({ Name: "confirmed" });
    const subscription = { TopicArn, Protocol: "email", Endpoint: address };
    const { SubscriptionArn } = await sns.subscribe(subscription);
    expect(SubscriptionArn).to.equal("pending confirmation");
    expect(await listed(TopicArn!)).to.deep.equal(["PendingConfirmation"]);
    await sns.publish({ TopicArn, Message: "lost" });
    const again = await sns.subscribe({ ...subscription, ReturnSubscriptionArn: true });
    const arn = { SubscriptionArn: again.SubscriptionArn };
    const pending = async () =>
      (await sns.getSubscriptionAttributes(arn)).Attributes!.PendingConfirmation;
    expect(await pending()).to.equal("true");
    const first = "AWS Notification - Subscription Confirmation";
    expect((await mails()).map(({ subject }) => subject)).to.deep.equal([first, first]);
    const refused = await sns.unsubscribe(arn).catch((error: Error) => error.message);
    expect(refused).to.include("pending confirmation");

    expect((await post("confirm", { address })).body).to.deep.equal({ confirmed: [TopicArn] });
    expect(await pending()).to.equal("false");
    expect(await listed(TopicArn!)).to.deep.equal([again.SubscriptionArn]);
    await sns.publish({ TopicArn, Message: "text", Subject: "subject" });
    expect((await mails()).at(-1)).to.include({ subject: "subject", text: "text" });
    await sns.unsubscribe(arn);
    expect(await listed(TopicArn!)).to.deep.equal([]);
  });

  it("are evaluated over what AWS's services report, and arrive as a mail", async () => {
    const { TopicArn } = await sns.createTopic({ Name: "evaluated" });
    await sns.subscribe({ TopicArn, Protocol: "email", Endpoint: address });
    await post("confirm", { address });
    const alarm = {
      ...{ AlarmName: "app-instance", Namespace: "AWS/EC2", Statistic: "Maximum" as const },
      ...{ MetricName: "StatusCheckFailed_Instance", Threshold: 1, Period: 60 },
      ComparisonOperator: "GreaterThanOrEqualToThreshold" as const,
      ...{ EvaluationPeriods: 1, TreatMissingData: "breaching", AlarmActions: [TopicArn!] },
      Dimensions: [{ Name: "InstanceId", Value: "i-1" }],
    };
    await cloudwatch.putMetricAlarm(alarm);
    const state = async () => {
      const { MetricAlarms } = await cloudwatch.describeAlarms({ AlarmNames: ["app-instance"] });
      return MetricAlarms![0]!.StateValue;
    };
    expect(await state()).to.equal("INSUFFICIENT_DATA");
    // Nothing reports, and that counts as breaching: the next round finds it.
    const end = Date.now() + 20_000;
    while ((await state()) !== "ALARM") {
      if (Date.now() > end) throw new Error("the alarm is not evaluated");
      await new Promise((resolve) => setTimeout(resolve, 200)); // the state is seen only by asking
    }
    const [mail] = (await mails()).filter(({ subject }) => subject.startsWith("ALARM"));
    expect(mail!.subject).to.equal('ALARM: "app-instance" in us-west-2');
    const dimensions = { InstanceId: "i-1" };
    const metrics = [{ name: "StatusCheckFailed_Instance", dimensions, value: 0 }];
    await post("metrics", { namespace: "AWS/EC2", region: "us-west-2", metrics });
    const { MetricDataResults } = await cloudwatch.getMetricData({
      StartTime: new Date(Date.now() - 120_000),
      EndTime: new Date(Date.now() + 120_000),
      MetricDataQueries: [
        {
          Id: "one",
          MetricStat: {
            Metric: {
              ...{ Namespace: "AWS/EC2", MetricName: "StatusCheckFailed_Instance" },
              Dimensions: alarm.Dimensions,
            },
            ...{ Period: 60, Stat: "SampleCount" },
          },
        },
      ],
    });
    expect(MetricDataResults![0]!.Values).to.deep.equal([1]);
  });

  it("have the health checks of Route 53 told to the controller, a domain by its address", async () => {
    const route53 = new Route53(api.client);
    const config = { RequestInterval: 30, FailureThreshold: 3, ResourcePath: "/login", Port: 443 };
    const create = async (CallerReference: string, more: object) => {
      const HealthCheckConfig = { Type: "HTTPS" as const, ...config, ...more };
      const made = await route53.createHealthCheck({ CallerReference, HealthCheckConfig });
      return made.HealthCheck!.Id!;
    };
    const name = "app.example.test";
    const ofAddress = await create("1", { IPAddress: "198.18.0.64", EnableSNI: false });
    const ofDomain = await create("2", { FullyQualifiedDomainName: name, EnableSNI: true });
    const found = async () =>
      (await controlApi(api, "health-checks")).body.healthChecks as { id: string }[];
    const common = { type: "HTTPS", port: 443, path: "/login", interval: 30, threshold: 3 };
    const domain = { ...common, id: ofDomain, domain: name, sni: true };
    expect(await found()).to.deep.equal([
      { ...common, id: ofAddress, address: "198.18.0.64", domain: "", sni: false },
      { ...domain, address: "" },
    ]);
    await post("dns-record", { name, address: "198.18.0.65" });
    expect((await found())[1]).to.deep.equal({ ...domain, address: "198.18.0.65" });
  });

  it("let a machine report in the namespace of its role alone, and read its topics alone", async () => {
    const [own, other] = await Promise.all(
      ["own", "other"].map(async (Name) => (await sns.createTopic({ Name })).TopicArn!),
    );
    const machine = await instanceWithRole(api, home, [
      allow("sns:ListSubscriptionsByTopic", own!),
      {
        ...allow("cloudwatch:PutMetricData", "*"),
        Condition: { StringEquals: { "cloudwatch:namespace": "own" } },
      },
    ]);
    const fromMachine = new SNS(machine);
    await fromMachine.listSubscriptionsByTopic({ TopicArn: own! });
    const denied = async (call: Promise<unknown>) =>
      call.then(
        () => "allowed",
        (error: Error) => error.message,
      );
    expect(await denied(fromMachine.listSubscriptionsByTopic({ TopicArn: other! }))).to.include(
      `not authorized to perform: sns:ListSubscriptionsByTopic on resource: "${other}"`,
    );
    expect(await denied(fromMachine.publish({ TopicArn: own!, Message: "x" }))).to.include(
      "not authorized to perform: sns:Publish",
    );
    const put = (Namespace: string) =>
      denied(
        new CloudWatch(machine).putMetricData({
          ...{ Namespace, MetricData: [{ MetricName: "BackupProblem", Value: 0 }] },
        }),
      );
    expect(await put("own")).to.equal("allowed");
    expect(await put("AWS/RDS")).to.include("not authorized to perform: cloudwatch:PutMetricData");
  });
});
