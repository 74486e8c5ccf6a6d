/** The load balancers and the tasks of a stack as AWS's API tells them now, reduced to what the picture shows. */
import { ClusterNotFoundException, ECS, paginateListTasks, type Task } from "@aws-sdk/client-ecs";
import {
  ElasticLoadBalancingV2,
  type Listener,
  type LoadBalancer,
  paginateDescribeLoadBalancers,
  type TargetHealthDescription,
} from "@aws-sdk/client-elastic-load-balancing-v2";

export type StackTasks = Awaited<ReturnType<typeof readTasks>>;

/** How resources are called, by id. */
export interface Naming {
  readonly of: (id: string | undefined) => string;
  readonly withoutPrefix: (name: string) => string;
}

/** @param cluster name of the stack's cluster on ECS; it need not exist */
export async function readTasks(vpcId: string | undefined, cluster: string, names: Naming) {
  const [balancers, tasks] = await Promise.all([readBalancers(vpcId), readRunning(cluster)]);
  return {
    balancers: balancers.map(({ balancer, listeners, targets }) =>
      describedBalancer(balancer, listeners, targets, names),
    ),
    tasks: tasks.map(({ task, groups }) => describedTask(task, groups, names)),
  };
}

async function readBalancers(vpcId: string | undefined) {
  const client = new ElasticLoadBalancingV2();
  const found: LoadBalancer[] = [];
  for await (const { LoadBalancers = [] } of paginateDescribeLoadBalancers({ client }, {}))
    found.push(...LoadBalancers.filter((balancer) => balancer.VpcId === vpcId));
  return Promise.all(
    found.map(async (balancer) => {
      const of = { LoadBalancerArn: balancer.LoadBalancerArn };
      const { Listeners: listeners = [] } = await client.describeListeners(of);
      const { TargetGroups = [] } = await client.describeTargetGroups(of);
      const targets = await Promise.all(
        TargetGroups.map(({ TargetGroupArn }) => client.describeTargetHealth({ TargetGroupArn })),
      );
      return {
        ...{ balancer, listeners },
        targets: targets.flatMap(({ TargetHealthDescriptions = [] }) => TargetHealthDescriptions),
      };
    }),
  );
}

/** Tasks that run or are to run, with the security groups of their service. */
async function readRunning(cluster: string) {
  const client = new ECS();
  const tasks: Task[] = [];
  try {
    for await (const { taskArns = [] } of paginateListTasks({ client }, { cluster }))
      if (taskArns.length > 0)
        tasks.push(...((await client.describeTasks({ cluster, tasks: taskArns })).tasks ?? []));
  } catch (error) {
    if (error instanceof ClusterNotFoundException) return [];
    throw error;
  }
  const names = [
    ...new Set(tasks.flatMap(({ group }) => /^service:(.*)/.exec(group ?? "")?.[1] ?? [])),
  ];
  const { services = [] } = names.length
    ? await client.describeServices({ cluster, services: names })
    : {};
  return tasks.map((task) => {
    const service = services.find(({ serviceName }) => task.group === `service:${serviceName}`);
    const network = service?.networkConfiguration?.awsvpcConfiguration;
    return { task, groups: network?.securityGroups ?? [] };
  });
}

export function describedBalancer(
  balancer: LoadBalancer,
  listeners: readonly Listener[],
  targets: readonly TargetHealthDescription[],
  names: Naming,
) {
  return {
    id: balancer.LoadBalancerArn!,
    name: names.withoutPrefix(balancer.LoadBalancerName!),
    state: balancer.State?.Code ?? "unknown",
    /** As `HTTPS 443`. */
    listeners: listeners
      .toSorted((one, other) => one.Port! - other.Port!)
      .map(({ Protocol, Port }) => `${Protocol} ${Port}`),
    groups: (balancer.SecurityGroups ?? []).map((id) => names.of(id)),
    subnets: (balancer.AvailabilityZones ?? [])
      .map(({ SubnetId }) => names.of(SubnetId))
      .toSorted(),
    targets: targets.map(({ Target, TargetHealth }) => ({
      address: Target!.Id!,
      port: Target!.Port!,
      health: TargetHealth?.State ?? "unknown",
    })),
  };
}

export function describedTask(task: Task, groups: readonly string[], names: Naming) {
  const details = task.attachments?.flatMap(({ details = [] }) => details) ?? [];
  const detail = (name: string) => details.find((each) => each.name === name)?.value;
  return {
    id: task.taskArn!,
    name: `task ${task.taskArn!.split("/").at(-1)!.slice(0, 8)}`,
    subnetId: detail("subnetId"),
    address: detail("privateIPv4Address"),
    state: task.lastStatus!,
    groups: groups.map((id) => names.of(id)),
  };
}
