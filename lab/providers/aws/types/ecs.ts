/** Clusters and task definitions. */
import {
  type ContainerDefinition,
  ECS,
  type RegisterTaskDefinitionCommandInput,
  type Tag,
} from "@aws-sdk/client-ecs";
import type { ClusterState } from "@pulumi/aws/ecs/cluster.js";
import type { TaskDefinitionState } from "@pulumi/aws/ecs/taskDefinition.js";

import type { Context } from "../context.ts";
import { type Plain, replace, resource, type Tags, update } from "../resource.ts";
import { isEmpty, isObject, same, sameSet } from "../values.ts";

export const ecs = (context: Context): ECS => context.client(ECS);

/** ECS has its tags in small letters. */
export const toTags = (tags: { Key: string; Value: string }[]): Tag[] =>
  tags.map(({ Key, Value }) => ({ key: Key, value: Value }));
export const fromTags = (tags: readonly Tag[] = []) =>
  tags.map(({ key, value }) => ({ Key: key, Value: value }));

export async function retag(
  context: Context,
  _: string,
  { set, remove: tagKeys }: Tags,
  { arn }: { arn?: unknown },
) {
  const resourceArn = arn as string;
  const tags = Object.entries(set).map(([key, value]) => ({ key, value }));
  if (tagKeys.length > 0) await ecs(context).untagResource({ resourceArn, tagKeys });
  if (tags.length > 0) await ecs(context).tagResource({ resourceArn, tags });
}

type Settings = NonNullable<Plain<ClusterState>["settings"]>;
const settingsOf = (settings: Settings | undefined) =>
  settings?.map(({ name, value }) => ({ name: name as "containerInsights", value }));

const cluster = resource<Plain<ClusterState>>({
  token: "aws:ecs/cluster:Cluster",
  inputs: {
    name: replace({ computed: true }),
    settings: update({ computed: true }),
  },
  outputs: ["arn"],
  autoname: { property: "name", maxLength: 255, separator: "-" },
  retag,
  async create(context, { Tags }, { name: clusterName, settings }) {
    const { cluster: created } = await ecs(context).createCluster({
      ...{ clusterName, settings: settingsOf(settings), tags: toTags(Tags) },
    });
    return created?.clusterArn;
  },
  async find(context, arn) {
    const include = ["SETTINGS" as const, "TAGS" as const];
    const { clusters } = await ecs(context).describeClusters({ clusters: [arn], include });
    const found = clusters?.[0];
    if (found?.status === "INACTIVE") return undefined;
    return (
      found && {
        Name: found.clusterName,
        Settings: found.settings,
        Arn: found.clusterArn,
        Tags: fromTags(found.tags),
      }
    );
  },
  update: (context, { id, news }) =>
    ecs(context).updateCluster({ cluster: id, settings: settingsOf(news.settings) }),
  delete: (context, arn) => ecs(context).deleteCluster({ cluster: arn }),
});

const byName = (some: unknown) =>
  ((some ?? []) as { name: string }[]).toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** What AWS fills in is left out, and what it does not order is ordered. */
function normalised(container: ContainerDefinition): object {
  const { environment, secrets, portMappings, essential = true, ...rest } = container;
  const ports = portMappings?.map(({ containerPort, hostPort, protocol }) => ({
    containerPort,
    hostPort: hostPort ?? containerPort,
    protocol: protocol ?? "tcp",
  }));
  const all = { ...rest, essential, environment: byName(environment), secrets: byName(secrets) };
  return Object.fromEntries(
    Object.entries({ ...all, portMappings: ports }).filter(([, value]) => !isEmpty(value)),
  );
}

function sameContainers(have: unknown, want: unknown): boolean {
  try {
    const [a, b] = [have, want].map((text) =>
      (JSON.parse(text as string) as ContainerDefinition[]).map(normalised),
    );
    return same(a, b);
  } catch {
    return have === want; // not known yet
  }
}

const taskDefinition = resource<Plain<TaskDefinitionState>>({
  token: "aws:ecs/taskDefinition:TaskDefinition",
  inputs: {
    family: replace(),
    containerDefinitions: replace({ same: sameContainers }),
    cpu: replace(),
    memory: replace(),
    networkMode: replace({ computed: true }),
    requiresCompatibilities: replace({ same: sameSet }),
    executionRoleArn: replace(),
    taskRoleArn: replace(),
    runtimePlatform: replace(),
    skipDestroy: update({ local: true, default: false }),
    trackLatest: update({ local: true, default: false }),
  },
  outputs: ["arn", "arnWithoutRevision", "revision"],
  retag,
  async create(context, { Tags }, inputs) {
    const { taskDefinition: registered } = await ecs(context).registerTaskDefinition({
      family: inputs.family,
      containerDefinitions: JSON.parse(inputs.containerDefinitions ?? "[]") as [],
      ...{ cpu: inputs.cpu, memory: inputs.memory, tags: toTags(Tags) },
      networkMode: inputs.networkMode as "awsvpc",
      requiresCompatibilities: inputs.requiresCompatibilities as ["FARGATE"],
      ...{ executionRoleArn: inputs.executionRoleArn, taskRoleArn: inputs.taskRoleArn },
      runtimePlatform:
        inputs.runtimePlatform as RegisterTaskDefinitionCommandInput["runtimePlatform"],
    });
    return registered?.family;
  },
  async find(context, family, { arn, trackLatest }) {
    // Right after its creation the newest revision is the one.
    const name = trackLatest || !arn ? family : arn;
    const { taskDefinition: found, tags } = await ecs(context).describeTaskDefinition({
      ...{ taskDefinition: name, include: ["TAGS"] },
    });
    if (!found || found.status === "INACTIVE") return undefined;
    return {
      ...Object.fromEntries(
        Object.entries(found).map(([key, value]) => [key[0]!.toUpperCase() + key.slice(1), value]),
      ),
      ContainerDefinitions: JSON.stringify(found.containerDefinitions),
      RuntimePlatform: isObject(found.runtimePlatform) ? found.runtimePlatform : undefined,
      Arn: found.taskDefinitionArn,
      ArnWithoutRevision: found.taskDefinitionArn?.replace(/:\d+$/, ""),
      Tags: fromTags(tags),
    };
  },
  update: () => Promise.resolve(), // only what is local
  async delete(context, family, { arn, skipDestroy }) {
    if (!skipDestroy)
      await ecs(context).deregisterTaskDefinition({ taskDefinition: arn ?? family });
  },
});

export const types = [cluster, taskDefinition];
