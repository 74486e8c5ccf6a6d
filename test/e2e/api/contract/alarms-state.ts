/** Topics, subscriptions, alarms and health checks of an AWS account. */
import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { Route53 } from "@aws-sdk/client-route-53";
import { SNS } from "@aws-sdk/client-sns";

import type { ApiServer } from "../../../../lab/support/api-server.ts";

export async function alarmState(client: ApiServer["client"]) {
  const [sns, cloudwatch, route53] = [new SNS(client), new CloudWatch(client), new Route53(client)];
  const { Topics = [] } = await sns.listTopics({});
  const { Subscriptions = [] } = await sns.listSubscriptions({});
  const { MetricAlarms = [] } = await cloudwatch.describeAlarms({});
  // Those of scaling have the id of their policy in several places: Application Auto Scaling makes them, no provider.
  const made = MetricAlarms.filter(({ AlarmName }) => !AlarmName!.startsWith("TargetTracking-"));
  const { HealthChecks = [] } = await route53.listHealthChecks({});
  return {
    topics: await Promise.all(
      Topics.map(async ({ TopicArn }) => [
        (await sns.getTopicAttributes({ TopicArn })).Attributes,
        (await sns.listTagsForResource({ ResourceArn: TopicArn })).Tags,
      ]),
    ),
    // A pending one has no ARN.
    subscriptions: Subscriptions,
    alarms: await Promise.all(
      made.map(async (alarm) => [
        // Nothing reports, so the state depends on the time.
        { ...alarm, StateValue: undefined, StateReason: undefined, StateReasonData: undefined },
        (await cloudwatch.listTagsForResource({ ResourceARN: alarm.AlarmArn })).Tags,
      ]),
    ),
    healthChecks: await Promise.all(
      HealthChecks.map(async (check) => [
        { ...check, CallerReference: undefined },
        await route53.listTagsForResource({ ResourceType: "healthcheck", ResourceId: check.Id }),
      ]),
    ),
  };
}
