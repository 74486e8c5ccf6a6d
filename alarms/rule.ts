import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** A statistic of a metric, the limit that it must keep, and what a breach means. */
export interface AlarmRule {
  /** The end of the alarm's name. */
  readonly name: string;
  /** What it means and what to do, for the mail: 1,024 characters at most. */
  readonly meaning: pulumi.Input<string>;
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, pulumi.Input<string>>>;
  readonly statistic: "Average" | "Maximum" | "Minimum" | "Sum";
  /** What is wrong: a statistic that is above, at or above, or below the threshold. */
  readonly breach: readonly [compare: keyof typeof comparisons, threshold: pulumi.Input<number>];
  /** Seconds over which the statistic is taken. */
  readonly period: 60 | 300;
  /** Periods in a row that must breach the limit. */
  readonly periods: number;
  /** What a period without a value counts as; `missing`: as nothing, unless all are missing. */
  readonly silence: "breaching" | "notBreaching" | "missing";
  /** What happens beside the mail. */
  readonly action?: string;
  /** Whether the end of the alarm, and the end of the values, are told, too. */
  readonly tellsEnd?: true;
}

const comparisons = {
  ">": "GreaterThanThreshold",
  ">=": "GreaterThanOrEqualToThreshold",
  "<": "LessThanThreshold",
} as const;

/** An alarm of CloudWatch that is told to a topic: 0.10 USD a month, of which 10 of an account are free. */
export function createAlarm(
  prefix: string,
  rule: AlarmRule,
  topicArn: pulumi.Input<string>,
  opts: pulumi.CustomResourceOptions,
): aws.cloudwatch.MetricAlarm {
  const name = `${prefix}-${rule.name}`;
  const [compare, threshold] = rule.breach;
  return new aws.cloudwatch.MetricAlarm(
    name,
    {
      alarmDescription: rule.meaning,
      namespace: rule.namespace,
      metricName: rule.metric,
      dimensions: rule.dimensions,
      statistic: rule.statistic,
      comparisonOperator: comparisons[compare],
      threshold,
      period: rule.period,
      evaluationPeriods: rule.periods,
      datapointsToAlarm: rule.periods,
      treatMissingData: rule.silence,
      alarmActions: [topicArn, ...(rule.action ? [rule.action] : [])],
      okActions: rule.tellsEnd ? [topicArn] : [],
      insufficientDataActions: rule.tellsEnd ? [topicArn] : [],
      tags: { Name: name },
    },
    opts,
  );
}
