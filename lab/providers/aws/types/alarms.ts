/** Alarms of CloudWatch on a metric. */
import { CloudWatch, type MetricAlarm } from "@aws-sdk/client-cloudwatch";
import type { MetricAlarmState } from "@pulumi/aws/cloudwatch/metricAlarm.js";

import type { Context } from "../context.ts";
import { type Plain, replace, resource, tagList, type Tags, update } from "../resource.ts";
import { sameSet } from "../values.ts";

type State = Plain<MetricAlarmState>;

const cloudwatch = (context: Context): CloudWatch => context.client(CloudWatch);

/** It makes an alarm, or changes all of it but its tags. */
const put = (context: Context, AlarmName: string, state: State, tags?: Record<string, string>) =>
  cloudwatch(context).putMetricAlarm({
    AlarmName,
    AlarmDescription: state.alarmDescription,
    ActionsEnabled: state.actionsEnabled,
    AlarmActions: state.alarmActions as string[] | undefined,
    OKActions: state.okActions as string[] | undefined,
    InsufficientDataActions: state.insufficientDataActions as string[] | undefined,
    Namespace: state.namespace,
    MetricName: state.metricName,
    Dimensions: Object.entries(state.dimensions ?? {}).map(([Name, Value]) => ({ Name, Value })),
    Statistic: state.statistic as MetricAlarm["Statistic"],
    ComparisonOperator: state.comparisonOperator as MetricAlarm["ComparisonOperator"],
    Threshold: state.threshold,
    Period: state.period,
    EvaluationPeriods: state.evaluationPeriods,
    DatapointsToAlarm: state.datapointsToAlarm,
    TreatMissingData: state.treatMissingData,
    ...(tags && { Tags: tagList(tags) }),
  });

async function retag(context: Context, _: string, { set, remove: TagKeys }: Tags, state: State) {
  const ResourceARN = state.arn!;
  if (TagKeys.length > 0) await cloudwatch(context).untagResource({ ResourceARN, TagKeys });
  if (Object.keys(set).length > 0)
    await cloudwatch(context).tagResource({ ResourceARN, Tags: tagList(set) });
}

const metricAlarm = resource<State>({
  token: "aws:cloudwatch/metricAlarm:MetricAlarm",
  inputs: {
    name: replace({ computed: true }),
    alarmDescription: update(),
    actionsEnabled: update({ default: true }),
    alarmActions: update({ same: sameSet }),
    okActions: update({ same: sameSet }),
    insufficientDataActions: update({ same: sameSet }),
    namespace: update(),
    metricName: update(),
    dimensions: update({ isMap: true }),
    statistic: update(),
    comparisonOperator: update(),
    threshold: update(),
    period: update(),
    evaluationPeriods: update(),
    datapointsToAlarm: update(),
    treatMissingData: update({ default: "missing" }),
  },
  outputs: ["arn"],
  autoname: { property: "name", maxLength: 255, separator: "-" },
  retag,
  async create(context, _, { tagsAll, ...state }) {
    await put(context, state.name!, state, tagsAll ?? {});
    return state.name;
  },
  async find(context, name) {
    const { MetricAlarms } = await cloudwatch(context).describeAlarms({ AlarmNames: [name] });
    const found = MetricAlarms?.[0];
    if (!found) return undefined;
    const ResourceARN = found.AlarmArn;
    const { Tags } = await cloudwatch(context).listTagsForResource({ ResourceARN });
    const dimensions = (found.Dimensions ?? []).map(({ Name, Value }) => [Name!, Value!] as const);
    return {
      ...found,
      Name: name,
      Arn: ResourceARN,
      OkActions: found.OKActions,
      Dimensions: Object.fromEntries(dimensions),
      Tags,
    };
  },
  update: (context, { id, news }) => put(context, id, news),
  delete: (context, name) => cloudwatch(context).deleteAlarms({ AlarmNames: [name] }),
});

export const types = [metricAlarm];
