import type { TargetGroupState } from "@pulumi/aws/lb/targetGroup.js";

import type { Context } from "../context.ts";
import { type Plain, replace, resource, update } from "../resource.ts";
import { same, sameFields } from "../values.ts";
import { byKey, elb, retag, tagsOf, withTags } from "./lb.ts";

type Group = Plain<TargetGroupState>;

/** The real provider's defaults, where they differ from AWS's, for a health check that is given. */
const checkDefaults = {
  ...{ enabled: true, healthyThreshold: 3, interval: 30, port: "traffic-port" },
  ...{ protocol: "HTTP", unhealthyThreshold: 3 },
};
type HealthCheck = Partial<typeof checkDefaults> &
  Partial<Record<"matcher" | "path", string>> & { timeout?: number };
const whole = (check: unknown): HealthCheck => (check ? { ...checkDefaults, ...check } : {});

const checkOf = ({ healthCheck }: Group, check = whole(healthCheck)) => ({
  HealthCheckEnabled: check.enabled,
  HealthCheckIntervalSeconds: check.interval,
  HealthCheckPath: check.path,
  HealthCheckPort: check.port,
  HealthCheckProtocol: check.protocol as "HTTP" | undefined,
  HealthCheckTimeoutSeconds: check.timeout,
  HealthyThresholdCount: check.healthyThreshold,
  UnhealthyThresholdCount: check.unhealthyThreshold,
  Matcher: check.matcher ? { HttpCode: check.matcher } : undefined,
});

const delayKey = "deregistration_delay.timeout_seconds";

const setDelay = (context: Context, arn: string, { deregistrationDelay }: Group) =>
  elb(context).modifyTargetGroupAttributes({
    TargetGroupArn: arn,
    Attributes: [{ Key: delayKey, Value: String(deregistrationDelay ?? 300) }],
  });

const targetGroup = resource<Group>({
  token: "aws:lb/targetGroup:TargetGroup",
  inputs: {
    name: replace({ computed: true }),
    port: replace(),
    protocol: replace({ computed: true }),
    targetType: replace({ default: "instance" }),
    vpcId: replace(),
    deregistrationDelay: update({ default: 300 }),
    healthCheck: update({
      computed: true,
      same: (have, want) => sameFields(have, whole(want)),
      fields: [
        ...["enabled", "healthyThreshold", "interval", "matcher", "path", "port", "protocol"],
        ...["timeout", "unhealthyThreshold"],
      ],
    }),
  },
  outputs: ["arn", "arnSuffix"],
  autoname: { property: "name", maxLength: 32, separator: "-" },
  retag,
  async create(context, { Name, Port, Protocol, TargetType, VpcId, Tags }, inputs) {
    const { TargetGroups } = await elb(context).createTargetGroup({
      ...{ Name, Port, Protocol: Protocol as "HTTP", VpcId, ...withTags(Tags) },
      ...{ TargetType: TargetType as "ip", ...checkOf(inputs) },
    });
    return TargetGroups?.[0]?.TargetGroupArn;
  },
  complete: setDelay,
  async find(context, arn) {
    const request = { TargetGroupArns: [arn] };
    const { TargetGroups } = await elb(context).describeTargetGroups(request);
    const found = TargetGroups?.[0];
    if (!found) return undefined;
    const described = await elb(context).describeTargetGroupAttributes({ TargetGroupArn: arn });
    return {
      ...found,
      Name: found.TargetGroupName,
      DeregistrationDelay: Number(byKey(described.Attributes)[delayKey]),
      HealthCheck: {
        Enabled: found.HealthCheckEnabled,
        HealthyThreshold: found.HealthyThresholdCount,
        Interval: found.HealthCheckIntervalSeconds,
        Matcher: found.Matcher?.HttpCode,
        Path: found.HealthCheckPath,
        Port: found.HealthCheckPort,
        Protocol: found.HealthCheckProtocol,
        Timeout: found.HealthCheckTimeoutSeconds,
        UnhealthyThreshold: found.UnhealthyThresholdCount,
      },
      Arn: arn,
      ArnSuffix: arn.split(":").at(-1),
      Tags: await tagsOf(context, arn),
    };
  },
  async update(context, { id, olds, news }) {
    if (!same(olds.healthCheck, news.healthCheck))
      await elb(context).modifyTargetGroup({ TargetGroupArn: id, ...checkOf(news) });
    if (!same(olds.deregistrationDelay, news.deregistrationDelay))
      await setDelay(context, id, news);
  },
  delete: (context, arn) => elb(context).deleteTargetGroup({ TargetGroupArn: arn }),
});

export const types = [targetGroup];
