/**
 * Computes from the observed state which routers, instances and databases should exist. It is pure, so tests need no
 * Docker.
 */
import type {
  ObservedState,
  Database,
  Instance,
  Permission,
  RouteTable,
  Subnet,
} from "./observed-state.ts";
import type { LoadBalancer, PublicDns, Task } from "./control-api.ts";
import { nth, range } from "./ipv4.ts";
import { portsOf, type Port } from "./ports.ts";

/** Where a packet that leaves a machine goes, by the most specific route of its subnet's table. */
export interface NextHop {
  cidr: string;
  via: "local" | "internet" | "endpoint" | { nat: string } | "blackhole";
}

/** A network interface. An instance, a database and a task have one, a load balancer has one in each of its subnets. */
export interface Interface {
  /** Name of the end of the veth pair in the router; Linux allows 15 characters. */
  ifname: string;
  /** Name of the other end: eth0, eth1, … */
  device: string;
  /** Name of the resource that it belongs to, as its container's label has it. */
  owner: string;
  address: string;
  prefix: number;
  gateway: string;
  mac: string;
  publicIp: string | undefined;
  /** Longest prefix first. */
  routes: NextHop[];
  groupIds: string[];
  ingress: Permission[];
  egress: Permission[];
  /** TTL of metadata replies: the instance's hop limit; undefined if the metadata service is off. */
  metadataHops: number | undefined;
  /** Whether it may ask for the credentials of a task's role. */
  ofTask?: true | undefined;
}

/** The router of one VPC. */
export interface Router {
  vpcId: string;
  /** Address of the VPC's resolver: base + 2, as on AWS. */
  resolver: string;
  interfaces: Interface[];
  /** Public addresses of the NAT gateways that packets can leave by. */
  nats: { id: string; publicIp: string }[];
  /** Names that only this VPC resolves. */
  hosts: { name: string; address: string }[];
}

export interface DesiredState {
  routers: Router[];
  instances: Instance[];
  databases: Database[];
  snapshots: string[];
  loadBalancers: LoadBalancer[];
  tasks: Task[];
  /** What the internet's name servers answer. */
  dns: PublicDns;
}

/** A VPC without a network interface needs no router, so it has none. */
export function desiredState(observed: ObservedState): DesiredState {
  const instances = observed.instances.filter(({ state }) => state !== "terminated");
  const { databases, snapshots, loadBalancers, tasks, dns } = observed;
  const ports = portsOf({ instances, databases, loadBalancers, tasks });
  const routers = observed.vpcs
    .map((vpc): Router => ({
      vpcId: vpc.id,
      resolver: nth(vpc.cidr, 2),
      interfaces: ports
        .filter(({ vpcId }) => vpcId === vpc.id)
        .map((port) => connect(observed, port)),
      nats: usableNats(observed, vpc.id),
      hosts: databases
        .filter(({ vpcId, endpoint }) => vpcId === vpc.id && endpoint)
        .map(({ endpoint, address }) => ({ name: endpoint!, address })),
    }))
    .filter(({ interfaces }) => interfaces.length > 0);
  return { routers, instances, databases, snapshots, loadBalancers, tasks, dns };
}

function connect(observed: ObservedState, port: Port): Interface {
  const { ifname, device, owner, address, mac, publicIp, metadataHops, ofTask, groupIds } = port;
  const subnet = observed.subnets.find(({ id }) => id === port.subnetId)!;
  const groups = observed.securityGroups.filter(({ id }) => groupIds.includes(id));
  return {
    ...{ ifname, device, owner, address, mac, publicIp, metadataHops, ofTask, groupIds },
    prefix: range(subnet.cidr).prefix,
    gateway: nth(subnet.cidr, 1),
    routes: routesOf(observed, subnet),
    ingress: groups.flatMap(({ ingress }) => ingress),
    egress: groups.flatMap(({ egress }) => egress),
  };
}

function tableOf(observed: ObservedState, subnet: Subnet): RouteTable | undefined {
  const tables = observed.routeTables.filter(({ vpcId }) => vpcId === subnet.vpcId);
  return (
    tables.find(({ subnetIds }) => subnetIds.includes(subnet.id)) ?? tables.find(({ main }) => main)
  );
}

function routesOf(observed: ObservedState, subnet: Subnet): NextHop[] {
  const nats = usableNats(observed, subnet.vpcId).map(({ id }) => id);
  return (tableOf(observed, subnet)?.routes ?? [])
    .map(({ cidr, target }): NextHop => {
      if (target === "local") return { cidr, via: "local" };
      if (target && nats.includes(target)) return { cidr, via: { nat: target } };
      if (target?.startsWith("vpce-")) return { cidr, via: "endpoint" };
      if (isAttached(observed, target, subnet.vpcId)) return { cidr, via: "internet" };
      return { cidr, via: "blackhole" };
    })
    .sort((a, b) => range(b.cidr).prefix - range(a.cidr).prefix);
}

function isAttached(observed: ObservedState, gateway: string | undefined, vpcId: string): boolean {
  return observed.internetGateways.some(({ id, vpcId: to }) => id === gateway && to === vpcId);
}

/** A NAT gateway carries packets only where its own subnet has a default route to the internet gateway. */
function usableNats(observed: ObservedState, vpcId: string): Router["nats"] {
  return observed.natGateways.flatMap(({ id, subnetId, publicIp }) => {
    const subnet = observed.subnets.find((candidate) => candidate.id === subnetId);
    if (subnet?.vpcId !== vpcId) return [];
    const out = tableOf(observed, subnet)?.routes.find(({ cidr }) => cidr === "0.0.0.0/0");
    return isAttached(observed, out?.target, vpcId) ? [{ id, publicIp }] : [];
  });
}
