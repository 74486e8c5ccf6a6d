/** Topics of SNS, their policies and subscriptions. */
import { SNS } from "@aws-sdk/client-sns";
import type { TopicState } from "@pulumi/aws/sns/topic.js";
import type { TopicPolicyState } from "@pulumi/aws/sns/topicPolicy.js";
import type { TopicSubscriptionState } from "@pulumi/aws/sns/topicSubscription.js";

import type { Context } from "../context.ts";
import { type Plain, replace, resource, tagList, update } from "../resource.ts";
import { sameJson } from "../values.ts";

const sns = (context: Context): SNS => context.client(SNS);

const snsTopic = resource<Plain<TopicState>>({
  token: "aws:sns/topic:Topic",
  inputs: { name: replace({ computed: true }) },
  outputs: ["arn", "owner"],
  autoname: { property: "name", maxLength: 256, separator: "-" },
  async retag(context, ResourceArn, { set, remove: TagKeys }) {
    if (TagKeys.length > 0) await sns(context).untagResource({ ResourceArn, TagKeys });
    if (Object.keys(set).length > 0)
      await sns(context).tagResource({ ResourceArn, Tags: tagList(set) });
  },
  async create(context, { Tags }, { name: Name }) {
    return (await sns(context).createTopic({ Name, Tags })).TopicArn;
  },
  async find(context, TopicArn) {
    const { Attributes = {} } = await sns(context).getTopicAttributes({ TopicArn });
    const { Tags } = await sns(context).listTagsForResource({ ResourceArn: TopicArn });
    const Name = TopicArn.split(":").at(-1);
    return { Name, Arn: TopicArn, Owner: Attributes["Owner"], Tags };
  },
  delete: (context, TopicArn) => sns(context).deleteTopic({ TopicArn }),
});

const setPolicy = (context: Context, TopicArn: string, policy: string | undefined) =>
  sns(context).setTopicAttributes({
    ...{ TopicArn, AttributeName: "Policy", AttributeValue: policy },
  });

/** The one that a topic has at first, in which its owner may do everything. */
const defaultPolicy = (Resource: string) =>
  JSON.stringify({
    Version: "2008-10-17",
    Id: "__default_policy_ID",
    Statement: [
      {
        Sid: "__default_statement_ID",
        Effect: "Allow",
        Principal: { AWS: "*" },
        Action: [
          ...["SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission"],
          ...["SNS:RemovePermission", "SNS:DeleteTopic", "SNS:Subscribe"],
          ...["SNS:ListSubscriptionsByTopic", "SNS:Publish"],
        ],
        Resource,
        Condition: { StringEquals: { "AWS:SourceOwner": Resource.split(":")[4] } },
      },
    ],
  });

const topicPolicy = resource<Plain<TopicPolicyState>>({
  token: "aws:sns/topicPolicy:TopicPolicy",
  inputs: { arn: replace(), policy: update({ same: sameJson }) },
  outputs: ["owner"],
  async create(context, _, { arn, policy }) {
    await setPolicy(context, arn!, policy as string);
    return arn;
  },
  async find(context, TopicArn) {
    const { Attributes = {} } = await sns(context).getTopicAttributes({ TopicArn });
    return { Arn: TopicArn, Policy: Attributes["Policy"], Owner: Attributes["Owner"] };
  },
  update: (context, { id, news }) => setPolicy(context, id, news.policy as string),
  delete: (context, id) => setPolicy(context, id, defaultPolicy(id)),
});

const topicSubscription = resource<Plain<TopicSubscriptionState>>({
  token: "aws:sns/topicSubscription:TopicSubscription",
  inputs: { topic: replace(), protocol: replace(), endpoint: replace() },
  outputs: ["arn", "ownerId", "pendingConfirmation"],
  async create(context, _, { topic, protocol: Protocol, endpoint: Endpoint }) {
    const { SubscriptionArn } = await sns(context).subscribe({
      ...{ TopicArn: topic as string, Protocol, Endpoint, ReturnSubscriptionArn: true },
    });
    return SubscriptionArn;
  },
  async find(context, SubscriptionArn) {
    const { Attributes = {} } = await sns(context).getSubscriptionAttributes({ SubscriptionArn });
    return {
      Topic: Attributes["TopicArn"],
      Protocol: Attributes["Protocol"],
      Endpoint: Attributes["Endpoint"],
      Arn: SubscriptionArn,
      OwnerId: Attributes["Owner"],
      PendingConfirmation: Attributes["PendingConfirmation"] === "true",
    };
  },
  async delete(context, SubscriptionArn) {
    await sns(context)
      .unsubscribe({ SubscriptionArn })
      .catch((error: Error) => {
        // SNS itself forgets a subscription that nobody confirms.
        if (!/pending confirmation/i.test(error.message)) throw error;
      });
  },
});

export const types = [snsTopic, topicPolicy, topicSubscription];
