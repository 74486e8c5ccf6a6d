import { ref, type Subject, statement, subject } from "./subject.ts";

const publish = (service: string) =>
  statement({
    ...{ Principal: { Service: service }, Action: "sns:Publish", Resource: "*" },
    Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } },
  });

const topics: Subject[] = [
  subject("sns/topic", "aws_sns_topic", "mails", { name: "mails" }, [
    { tags: { Name: "mails" } },
    { tags: undefined },
  ]),
  subject("sns/topic", "aws_sns_topic", "leaf", { name: "leaf" }, [{ name: "leaf-too" }], {
    plannedOnly: true,
  }),
  subject(
    "sns/topicPolicy",
    "aws_sns_topic_policy",
    "mails-policy",
    { arn: ref("mails", "arn"), policy: publish("cloudwatch.amazonaws.com") },
    [
      { policy: publish("events.amazonaws.com") },
      {
        policy: JSON.stringify(JSON.parse(publish("events.amazonaws.com")), undefined, 2),
      },
    ],
  ),
  subject(
    "sns/topicSubscription",
    "aws_sns_topic_subscription",
    "mail",
    { topic: ref("mails", "arn"), protocol: "email", endpoint: "ops@example.com" },
    [{ endpoint: "others@example.com" }, { topic: ref("leaf", "arn") }],
    { plannedOnly: true, renamed: { topic: "topic_arn" } },
  ),
];

const alarm = {
  ...{ namespace: "AWS/RDS", metricName: "FreeStorageSpace", statistic: "Minimum" },
  ...{ comparisonOperator: "LessThanThreshold", threshold: 2_147_483_648 },
  ...{ period: 300, evaluationPeriods: 3, datapointsToAlarm: 3 },
  dimensions: { DBInstanceIdentifier: "db" },
};

const renamed = { name: "alarm_name" };

const alarmSubjects: Subject[] = [
  subject(
    "cloudwatch/metricAlarm",
    "aws_cloudwatch_metric_alarm",
    "storage",
    {
      ...{ ...alarm, name: "storage", alarmDescription: "full", treatMissingData: "breaching" },
      alarmActions: [ref("mails", "arn"), "arn:aws:automate:us-west-2:ec2:recover"],
      okActions: [ref("mails", "arn")],
    },
    [
      {
        ...{ threshold: 1, treatMissingData: undefined, tags: { Name: "storage" } },
        alarmActions: ["arn:aws:automate:us-west-2:ec2:recover", ref("mails", "arn")],
        insufficientDataActions: [ref("mails", "arn")],
        dimensions: { DBInstanceIdentifier: "another" },
      },
      { okActions: undefined, alarmDescription: undefined, evaluationPeriods: 4 },
      { alarmActions: [ref("mails", "arn")], actionsEnabled: false },
    ],
    { renamed },
  ),
  subject(
    "cloudwatch/metricAlarm",
    "aws_cloudwatch_metric_alarm",
    "leaf",
    { ...alarm, name: "leaf", okActions: [], alarmActions: [] },
    [{ name: "leaf-too" }],
    { plannedOnly: true, renamed },
  ),
];

const check = { type: "HTTPS", port: 443, resourcePath: "/", requestInterval: 30 };

const healthChecks: Subject[] = [
  subject(
    "route53/healthCheck",
    "aws_route53_health_check",
    "of-address",
    { ...check, ipAddress: "192.0.2.1", enableSni: false, failureThreshold: 3 },
    [
      { ipAddress: "192.0.2.2", tags: { Name: "page" }, failureThreshold: 4 },
      { resourcePath: "/login" },
      { requestInterval: 10 },
    ],
  ),
  subject(
    "route53/healthCheck",
    "aws_route53_health_check",
    "of-domain",
    { ...check, fqdn: "app.example.test", enableSni: true, failureThreshold: 3 },
    [{ fqdn: "app2.example.test", port: 444 }, { type: "TCP" }],
    { plannedOnly: true },
  ),
  subject("route53/healthCheck", "aws_route53_health_check", "of-port", {
    ...{ type: "TCP", port: 80, ipAddress: "192.0.2.1" },
    ...{ requestInterval: 30, failureThreshold: 3 },
  }),
];

/** Topics of SNS, alarms of CloudWatch and health checks of Route 53. */
export const alarms: readonly Subject[] = [...topics, ...alarmSubjects, ...healthChecks];
