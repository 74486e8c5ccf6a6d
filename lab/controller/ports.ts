/** Which network interfaces the resources of the API have. */
import type { LoadBalancer, Task } from "./control-api.ts";
import type { Interface } from "./desired-state.ts";
import type { Database, Instance } from "./observed-state.ts";

/** What a resource says of one network interface; its subnet and its security groups say the rest. */
export interface Port extends Pick<
  Interface,
  | "ifname"
  | "device"
  | "owner"
  | "address"
  | "mac"
  | "publicIp"
  | "metadataHops"
  | "ofTask"
  | "groupIds"
> {
  vpcId: string;
  subnetId: string;
}

interface Resources {
  instances: Instance[];
  databases: Database[];
  loadBalancers: LoadBalancer[];
  tasks: Task[];
}

export function portsOf({ instances, databases, loadBalancers, tasks }: Resources): Port[] {
  return [
    ...instances.map(instancePort),
    ...databases.map(databasePort),
    ...loadBalancers.flatMap(loadBalancerPorts),
    ...tasks.map(taskPort),
  ];
}

function instancePort(instance: Instance): Port {
  const { id, address, mac, publicIp, vpcId, subnetId, groupIds, metadata } = instance;
  return {
    ...{ vpcId, subnetId, groupIds, address, mac, publicIp },
    ifname: `i-${id.slice(-12)}`,
    device: "eth0",
    owner: id,
    metadataHops: metadata.enabled ? metadata.hopLimit : undefined,
  };
}

function databasePort({ id, vpcId, subnetId, groupIds, address }: Database): Port {
  const hex = hash(id);
  return {
    ...{ vpcId, subnetId, groupIds, address },
    ifname: `db-${hex}`,
    device: "eth0",
    owner: id,
    mac: `02:db:${hex.match(/../g)!.join(":")}`,
    publicIp: undefined,
    metadataHops: undefined,
  };
}

/** Name of a load balancer's container, without the lab's: AWS allows one name once in a region. */
export function loadBalancerResource({ id }: Pick<LoadBalancer, "id">): string {
  return `lb-${id.split("/").at(-2)}`;
}

function loadBalancerPorts(loadBalancer: LoadBalancer): Port[] {
  const { vpcId, groupIds } = loadBalancer;
  const owner = loadBalancerResource(loadBalancer);
  return loadBalancer.interfaces.map(({ subnetId, address, mac, publicIp }, index) => ({
    ...{ vpcId, subnetId, groupIds, address, mac, owner },
    ifname: `lb-${hash(owner)}-${index}`,
    device: `eth${index}`,
    publicIp: publicIp ?? undefined,
    metadataHops: undefined,
  }));
}

/** Name of a task's container, without the lab's. */
export function taskResource({ id }: Pick<Task, "id">): string {
  return `task-${id}`;
}

function taskPort(task: Task): Port {
  const { id, vpcId, subnetId, groupIds, address, mac } = task;
  return {
    ...{ vpcId, subnetId, groupIds, address, mac },
    ifname: `t-${id.slice(-12)}`,
    device: "eth0",
    owner: taskResource(task),
    publicIp: undefined,
    metadataHops: undefined,
    ofTask: true,
  };
}

/** FNV-1a, 32 bits, in hexadecimal: stable across runs and versions. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text))
    value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value.toString(16).padStart(8, "0");
}
