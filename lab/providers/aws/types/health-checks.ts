/** Health checks of Route 53. */
import { randomUUID } from "node:crypto";
import type { HealthCheckConfig } from "@aws-sdk/client-route-53";
import type { HealthCheckState } from "@pulumi/aws/route53/healthCheck.js";

import type { Context } from "../context.ts";
import { type Plain, replace, resource, tagList, type Tags, update } from "../resource.ts";
import { route53 } from "./route53.ts";

type State = Plain<HealthCheckState>;

/** What a change may change. */
const changeable = (state: State): Omit<HealthCheckConfig, "Type"> => ({
  IPAddress: state.ipAddress,
  FullyQualifiedDomainName: state.fqdn,
  Port: state.port,
  ResourcePath: state.resourcePath,
  EnableSNI: state.enableSni,
  FailureThreshold: state.failureThreshold,
});

async function retag(context: Context, ResourceId: string, { set, remove }: Tags) {
  await route53(context).changeTagsForResource({
    ...{ ResourceType: "healthcheck", ResourceId },
    ...(Object.keys(set).length > 0 && { AddTags: tagList(set) }),
    ...(remove.length > 0 && { RemoveTagKeys: remove }),
  });
}

const healthCheck = resource<State>({
  token: "aws:route53/healthCheck:HealthCheck",
  inputs: {
    type: replace(),
    ipAddress: update(),
    fqdn: update(),
    port: update(),
    resourcePath: update(),
    enableSni: update({ computed: true }),
    requestInterval: replace(),
    failureThreshold: update(),
  },
  outputs: ["arn"],
  retag,
  async create(context, _, state) {
    const { HealthCheck } = await route53(context).createHealthCheck({
      CallerReference: randomUUID(),
      HealthCheckConfig: {
        Type: state.type as HealthCheckConfig["Type"],
        RequestInterval: state.requestInterval,
        ...changeable(state),
      },
    });
    return HealthCheck?.Id;
  },
  async complete(context, id, { tagsAll = {} }) {
    if (Object.keys(tagsAll).length > 0)
      await retag(context, id, { all: tagsAll, set: tagsAll, remove: [] });
  },
  async find(context, HealthCheckId) {
    const { HealthCheck } = await route53(context).getHealthCheck({ HealthCheckId });
    const found = HealthCheck?.HealthCheckConfig;
    const { ResourceTagSet } = await route53(context).listTagsForResource({
      ...{ ResourceType: "healthcheck", ResourceId: HealthCheckId },
    });
    return {
      Type: found?.Type,
      IpAddress: found?.IPAddress,
      Fqdn: found?.FullyQualifiedDomainName,
      Port: found?.Port,
      ResourcePath: found?.ResourcePath,
      EnableSni: found?.EnableSNI,
      RequestInterval: found?.RequestInterval,
      FailureThreshold: found?.FailureThreshold,
      Arn: `arn:aws:route53:::healthcheck/${HealthCheckId}`,
      Tags: ResourceTagSet?.Tags ?? [],
    };
  },
  update: (context, { id: HealthCheckId, news }) =>
    route53(context).updateHealthCheck({ HealthCheckId, ...changeable(news) }),
  delete: (context, HealthCheckId) => route53(context).deleteHealthCheck({ HealthCheckId }),
});

export const types = [healthCheck];
