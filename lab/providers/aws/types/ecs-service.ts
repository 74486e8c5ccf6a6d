import type { CreateServiceCommandInput, Service } from "@aws-sdk/client-ecs";
import type { ServiceState } from "@pulumi/aws/ecs/service.js";

import type { Context } from "../context.ts";
import { ifFound } from "../errors.ts";
import { type Plain, replace, resource, update } from "../resource.ts";
import { isObject, members, type Properties, same } from "../values.ts";
import { ecs, fromTags, retag, toTags } from "./ecs.ts";

type State = Plain<ServiceState>;

async function findService(context: Context, id: string, { cluster }: State) {
  const request = { cluster, services: [id], include: ["TAGS" as const] };
  const service = (await ifFound(ecs(context).describeServices(request)))?.services?.[0];
  return service?.status === "INACTIVE" ? undefined : service;
}

/** What the AWS CLI's `services-stable` and the real provider call stable; a deployment rolled back is stable too. */
const isStable = ({ deployments, runningCount, desiredCount }: Service) =>
  deployments?.length === 1 && runningCount === desiredCount;

async function waitUntilStable(context: Context, id: string, state: State) {
  const probe = async () => {
    const service = await findService(context, id, state);
    return service?.status === "ACTIVE"
      ? isStable(service)
        ? "stable"
        : "not yet stable"
      : (service?.status ?? "gone");
  };
  const thing = `service ${id}`;
  await context.waitFor({ thing, via: /not yet stable/, to: "stable", limit: 1200 }, probe);
}

const sameNetwork = (have: unknown, want: unknown) => {
  // Not known yet, or none.
  if (!isObject(have) || !isObject(want)) return same(have, want);
  const sorted = ({ subnets, securityGroups, assignPublicIp = false }: Properties) => [
    ...[members(subnets).toSorted(), members(securityGroups).toSorted(), assignPublicIp],
  ];
  return same(sorted(have), sorted(want));
};

/** The settings that CreateService and UpdateService have in common. */
const request = (state: State) => ({
  desiredCount: state.desiredCount,
  taskDefinition: state.taskDefinition,
  deploymentConfiguration: {
    deploymentCircuitBreaker: state.deploymentCircuitBreaker ?? { enable: false, rollback: false },
    maximumPercent: state.deploymentMaximumPercent,
    minimumHealthyPercent: state.deploymentMinimumHealthyPercent,
  },
  enableECSManagedTags: state.enableEcsManagedTags,
  healthCheckGracePeriodSeconds: state.healthCheckGracePeriodSeconds,
  loadBalancers: state.loadBalancers as CreateServiceCommandInput["loadBalancers"],
  networkConfiguration: state.networkConfiguration && {
    awsvpcConfiguration: {
      subnets: state.networkConfiguration.subnets,
      securityGroups: state.networkConfiguration.securityGroups,
      assignPublicIp: state.networkConfiguration.assignPublicIp ? "ENABLED" : "DISABLED",
    } as const,
  },
  propagateTags: (state.propagateTags ?? "NONE") as "NONE",
});

/** UpdateService is told what differs, since naming a task definition again is harmless but others begin a deployment. */
const changed = (olds: State, news: State) => {
  const before = request(olds) as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(request(news)).filter(([name, value]) => !same(before[name], value)),
  );
};

const service = resource<State>({
  token: "aws:ecs/service:Service",
  inputs: {
    name: replace({ computed: true }),
    cluster: replace({ computed: true }),
    taskDefinition: update(),
    desiredCount: update(),
    launchType: replace({ computed: true }),
    networkConfiguration: update({
      same: sameNetwork,
      fields: ["assignPublicIp", "securityGroups", "subnets"],
    }),
    loadBalancers: update(),
    deploymentCircuitBreaker: update({ fields: ["enable", "rollback"] }),
    deploymentMaximumPercent: update({ default: 200 }),
    deploymentMinimumHealthyPercent: update({ default: 100 }),
    healthCheckGracePeriodSeconds: update(),
    enableEcsManagedTags: update(),
    propagateTags: update(),
    waitForSteadyState: update({ local: true, default: false }),
    forceDelete: update({ local: true }),
  },
  outputs: ["arn"],
  autoname: { property: "name", maxLength: 255, separator: "-" },
  retag,
  async create(context, { Tags }, inputs) {
    const { service: created } = await ecs(context).createService({
      ...request(inputs),
      ...{ cluster: inputs.cluster, serviceName: inputs.name, tags: toTags(Tags) },
      launchType: inputs.launchType as "FARGATE",
    });
    return created?.serviceArn;
  },
  async complete(context, id, inputs) {
    if (inputs.waitForSteadyState) await waitUntilStable(context, id, inputs);
  },
  async find(context, id, known) {
    const found = await findService(context, id, known);
    if (!found) return undefined;
    const network = found.networkConfiguration?.awsvpcConfiguration;
    const { deploymentConfiguration: rules, clusterArn } = found;
    return {
      Name: found.serviceName,
      // By name or by ARN, as the program has it.
      Cluster: known.cluster === clusterArn?.split("/").at(-1) ? known.cluster : clusterArn,
      TaskDefinition: found.taskDefinition,
      DesiredCount: found.desiredCount,
      LaunchType: found.launchType,
      NetworkConfiguration: network && {
        Subnets: network.subnets,
        SecurityGroups: network.securityGroups,
        AssignPublicIp: network.assignPublicIp === "ENABLED",
      },
      LoadBalancers: found.loadBalancers,
      DeploymentCircuitBreaker: rules?.deploymentCircuitBreaker && {
        Enable: rules.deploymentCircuitBreaker.enable,
        Rollback: rules.deploymentCircuitBreaker.rollback,
      },
      DeploymentMaximumPercent: rules?.maximumPercent,
      DeploymentMinimumHealthyPercent: rules?.minimumHealthyPercent,
      HealthCheckGracePeriodSeconds: found.healthCheckGracePeriodSeconds,
      EnableEcsManagedTags: found.enableECSManagedTags,
      PropagateTags: found.propagateTags === "NONE" ? undefined : found.propagateTags,
      Arn: found.serviceArn,
      Tags: fromTags(found.tags),
    };
  },
  async update(context, { id, olds, news }) {
    const differs = changed(olds, news);
    if (Object.keys(differs).length > 0)
      await ecs(context).updateService({ ...differs, cluster: news.cluster, service: id });
    if (news.waitForSteadyState) await waitUntilStable(context, id, news);
  },
  async delete(context, id, state) {
    const { cluster, forceDelete: force } = state;
    const found = await findService(context, id, state);
    if (!found) return;
    if (found.status !== "DRAINING") {
      await ecs(context).updateService({ cluster, service: id, desiredCount: 0 });
      await ecs(context).deleteService({ cluster, service: id, force });
    }
    const probe = async () => (await findService(context, id, state))?.status ?? "gone";
    const thing = `service ${id}`;
    await context.waitFor({ thing, via: /ACTIVE|DRAINING/, to: "gone", limit: 1200 }, probe);
  },
});

export const types = [service];
