import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** Arguments of {@link AlarmTopic}. */
export interface AlarmTopicArgs {
  /** The AWS account of the alarms. */
  readonly accountId: pulumi.Input<string>;
  readonly region: string;
  /** What the names of the alarms begin with. */
  readonly alarmPrefix: string;
  /** A mail address. A change makes a new subscription, which has to be confirmed. */
  readonly email: string;
}

/**
 * A topic of SNS whose messages go to a mail address, once somebody has confirmed it by the link in the first mail. The first
 * 1,000 mails of a month are free.
 *
 * It is not encrypted by KMS: alarms cannot publish to a topic that has AWS's own key, alias/aws/sns, and a key of the
 * account costs 1 USD a month. The messages name resources and numbers, no data of the app.
 * https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
 */
export class AlarmTopic extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  /** What lets alarms publish. */
  readonly policy: pulumi.Resource;

  constructor(name: string, args: AlarmTopicArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:alarms:AlarmTopic", name, {}, opts);
    const childOpts = { parent: this };

    const topic = new aws.sns.Topic(name, { tags: { Name: name } }, childOpts);
    this.policy = new aws.sns.TopicPolicy(
      name,
      { arn: topic.arn, policy: publishPolicy(topic.arn, args) },
      childOpts,
    );
    new aws.sns.TopicSubscription(
      name,
      { topic: topic.arn, protocol: "email", endpoint: args.email },
      childOpts,
    );

    this.arn = topic.arn;
    this.registerOutputs({ arn: this.arn });
  }
}

/**
 * Allows only the alarms of this stack to publish. Route 53 needs no permission: a health check writes a metric, and the
 * alarm of the metric publishes.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
 */
function publishPolicy(
  topicArn: pulumi.Output<string>,
  { accountId, region, alarmPrefix }: AlarmTopicArgs,
): pulumi.Output<string> {
  return pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "cloudwatch.amazonaws.com" },
        Action: "sns:Publish",
        Resource: topicArn,
        Condition: {
          StringEquals: { "aws:SourceAccount": accountId },
          ArnLike: {
            "aws:SourceArn": pulumi.interpolate`arn:aws:cloudwatch:${region}:${accountId}:alarm:${alarmPrefix}-*`,
          },
        },
      },
    ],
  });
}
