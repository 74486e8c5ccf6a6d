import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import type { LogGroupState } from "@pulumi/aws/cloudwatch/logGroup.js";

import type { Context } from "../context.ts";
import { type Plain, replace, resource, tagList, update } from "../resource.ts";

const logs = (context: Context): CloudWatchLogs => context.client(CloudWatchLogs);

async function setRetention(context: Context, logGroupName: string, days: number | undefined) {
  if (days) await logs(context).putRetentionPolicy({ logGroupName, retentionInDays: days });
  else await logs(context).deleteRetentionPolicy({ logGroupName });
}

const logGroup = resource<Plain<LogGroupState>>({
  token: "aws:cloudwatch/logGroup:LogGroup",
  inputs: { name: replace({ computed: true }), retentionInDays: update() },
  outputs: ["arn"],
  autoname: { property: "name", maxLength: 512, separator: "-" },
  async retag(context, _, { set: tags, remove: tagKeys }, { arn: resourceArn }) {
    if (tagKeys.length > 0) await logs(context).untagResource({ resourceArn, tagKeys });
    if (Object.keys(tags).length > 0) await logs(context).tagResource({ resourceArn, tags });
  },
  async create(context, _, { name: logGroupName, tagsAll: tags }) {
    await logs(context).createLogGroup({ logGroupName, tags });
    return logGroupName;
  },
  complete: (context, id, { retentionInDays }) => setRetention(context, id, retentionInDays),
  async find(context, id) {
    const { logGroups } = await logs(context).describeLogGroups({ logGroupNamePrefix: id });
    const found = logGroups?.find(({ logGroupName }) => logGroupName === id);
    if (!found) return undefined;
    const { logGroupArn: resourceArn, retentionInDays: RetentionInDays } = found;
    const { tags = {} } = await logs(context).listTagsForResource({ resourceArn });
    return { Name: id, Arn: resourceArn, RetentionInDays, Tags: tagList(tags) };
  },
  update: (context, { id, news }) => setRetention(context, id, news.retentionInDays),
  delete: (context, logGroupName) => logs(context).deleteLogGroup({ logGroupName }),
});

export const types = [logGroup];
