/** What scales a service of ECS: targets, and policies that track a metric. */
import {
  ApplicationAutoScaling,
  type MetricType,
  type PolicyType,
  type ScalableDimension,
  type ServiceNamespace,
} from "@aws-sdk/client-application-auto-scaling";
import type { PolicyState } from "@pulumi/aws/appautoscaling/policy.js";
import type { TargetState } from "@pulumi/aws/appautoscaling/target.js";

import type { Context } from "../context.ts";
import { type Plain, replace, resource, tagList, tagMap, update } from "../resource.ts";
import { sameFields } from "../values.ts";

const scaling = (context: Context) => context.client(ApplicationAutoScaling);

/** What a target is of, which its policies name as well. */
const dimensionOf = (
  state: Plain<Pick<TargetState, "serviceNamespace" | "scalableDimension">>,
) => ({
  ServiceNamespace: state.serviceNamespace as ServiceNamespace,
  ScalableDimension: state.scalableDimension as ScalableDimension,
});

const register = (context: Context, state: Plain<TargetState>, Tags?: Record<string, string>) =>
  scaling(context).registerScalableTarget({
    ...{ ...dimensionOf(state), ResourceId: state.resourceId },
    ...{ MinCapacity: state.minCapacity, MaxCapacity: state.maxCapacity, Tags },
  });

const target = resource<Plain<TargetState>>({
  token: "aws:appautoscaling/target:Target",
  inputs: {
    serviceNamespace: replace(),
    scalableDimension: replace(),
    resourceId: replace(),
    minCapacity: update(),
    maxCapacity: update(),
  },
  outputs: ["arn", "roleArn"],
  async retag(context, _, { set: Tags, remove: TagKeys }, { arn: ResourceARN }) {
    if (TagKeys.length > 0) await scaling(context).untagResource({ ResourceARN, TagKeys });
    if (Object.keys(Tags).length > 0) await scaling(context).tagResource({ ResourceARN, Tags });
  },
  async create(context, { Tags }, inputs) {
    await register(context, inputs, tagMap(Tags));
    return inputs.resourceId;
  },
  async find(context, id, known) {
    const { ScalableTargets = [] } = await scaling(context).describeScalableTargets({
      ...{ ...dimensionOf(known), ResourceIds: [id] },
    });
    const [found] = ScalableTargets;
    if (!found) return undefined;
    const ResourceARN = found.ScalableTargetARN;
    const { Tags = {} } = await scaling(context).listTagsForResource({ ResourceARN });
    return { ...found, Arn: ResourceARN, RoleArn: found.RoleARN, Tags: tagList(Tags) };
  },
  update: (context, { news }) => register(context, news),
  delete: (context, ResourceId, state) =>
    scaling(context).deregisterScalableTarget({ ...dimensionOf(state), ResourceId }),
});

const ofPolicy = (state: Plain<PolicyState>) => ({
  ...dimensionOf(state),
  ResourceId: state.resourceId,
});

function put(context: Context, state: Plain<PolicyState>) {
  const tracking = state.targetTrackingScalingPolicyConfiguration;
  const metric = tracking?.predefinedMetricSpecification;
  return scaling(context).putScalingPolicy({
    ...{ ...ofPolicy(state), PolicyName: state.name, PolicyType: state.policyType as PolicyType },
    TargetTrackingScalingPolicyConfiguration: tracking && {
      TargetValue: tracking.targetValue,
      PredefinedMetricSpecification: metric && {
        PredefinedMetricType: metric.predefinedMetricType as MetricType,
      },
      ScaleOutCooldown: tracking.scaleOutCooldown,
      ScaleInCooldown: tracking.scaleInCooldown,
      DisableScaleIn: tracking.disableScaleIn ?? false,
    },
  });
}

const policy = resource<Plain<PolicyState>>({
  token: "aws:appautoscaling/policy:Policy",
  inputs: {
    name: replace({ computed: true }),
    policyType: update({ default: "StepScaling" }),
    serviceNamespace: replace(),
    scalableDimension: replace(),
    resourceId: replace(),
    targetTrackingScalingPolicyConfiguration: update({
      same: sameFields,
      fields: [
        ...["disableScaleIn", "predefinedMetricSpecification", "scaleInCooldown"],
        ...["scaleOutCooldown", "targetValue"],
      ],
    }),
  },
  outputs: ["arn", "alarmArns"],
  autoname: { property: "name", maxLength: 255, separator: "-" },
  async create(context, _, inputs) {
    await put(context, inputs);
    return inputs.name;
  },
  async find(context, name, known) {
    const { ScalingPolicies = [] } = await scaling(context).describeScalingPolicies({
      ...{ ...ofPolicy(known), PolicyNames: [name] },
    });
    const found = ScalingPolicies.find(({ PolicyName }) => PolicyName === name);
    return (
      found && {
        ...found,
        Name: found.PolicyName,
        Arn: found.PolicyARN,
        AlarmArns: found.Alarms?.map(({ AlarmARN }) => AlarmARN),
      }
    );
  },
  update: (context, { news }) => put(context, news),
  delete: (context, PolicyName, state) =>
    scaling(context).deleteScalingPolicy({ ...ofPolicy(state), PolicyName }),
});

export const types = [target, policy];
