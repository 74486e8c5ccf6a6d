/**
 * From the API's state to the bodies that should exist: a pure function, so that the world can be
 * applied again at any time and tested without Docker.
 */
import type { Cloud, Database, Instance, Permission, RouteTable, Subnet } from "./observed-state.ts";
import { nth, range } from "./ipv4.ts";

/** Where a packet that leaves a machine goes, by the most specific route of its subnet's table. */
export interface PlannedRoute {
  cidr: string;
  via: "local" | "internet" | "endpoint" | { nat: string } | "blackhole";
}

/** A network card of a machine: the router's end is named `ifname`. */
export interface Interface {
  /** Name of the router's end: at most 15 characters, as Linux demands. */
  ifname: string;
  /** Id of the instance or database that it belongs to. */
  owner: string;
  address: string;
  prefix: number;
  gateway: string;
  mac: string;
  publicIp: string | undefined;
  /** Longest prefix first. */
  routes: PlannedRoute[];
  groupIds: string[];
  ingress: Permission[];
  egress: Permission[];
  /** TTL of what the metadata service sends: instances' hop limit; undefined where it does not answer. */
  metadataHops: number | undefined;
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

export interface World {
  routers: Router[];
  instances: Instance[];
  databases: Database[];
}

/** Derives the world. VPCs without a machine have no router: nobody could tell the difference. */
export function plan(cloud: Cloud): World {
  const instances = cloud.instances.filter(({ state }) => state !== "terminated");
  const { databases } = cloud;
  const routers = cloud.vpcs
    .map((vpc): Router => {
      const nats = usableNats(cloud, vpc.id);
      const interfaces = [
        ...instances.map((instance) => ({ machine: instance, port: instancePort(instance) })),
        ...databases.map((database) => ({ machine: database, port: databasePort(database) })),
      ]
        .filter(({ machine }) => machine.vpcId === vpc.id)
        .map(({ machine, port }) => connect(cloud, port, machine.subnetId, machine.groupIds));
      return {
        vpcId: vpc.id,
        resolver: nth(vpc.cidr, 2),
        interfaces,
        nats,
        hosts: databases
          .filter(({ vpcId, endpoint }) => vpcId === vpc.id && endpoint)
          .map(({ endpoint, address }) => ({ name: endpoint!, address })),
      };
    })
    .filter(({ interfaces }) => interfaces.length > 0);
  return { routers, instances, databases };
}

type Port = Pick<Interface, "ifname" | "owner" | "address" | "mac" | "publicIp" | "metadataHops">;

function instancePort(instance: Instance): Port {
  return {
    ifname: `i-${instance.id.slice(-12)}`,
    owner: instance.id,
    address: instance.address,
    mac: instance.mac,
    publicIp: instance.publicIp,
    metadataHops: instance.metadata.enabled ? instance.metadata.hopLimit : undefined,
  };
}

function databasePort(database: Database): Port {
  const hex = hash(database.id).toString(16).padStart(8, "0");
  return {
    ifname: `db-${hex}`,
    owner: database.id,
    address: database.address,
    mac: `02:db:${hex.match(/../g)!.join(":")}`,
    publicIp: undefined,
    metadataHops: undefined,
  };
}

function connect(cloud: Cloud, port: Port, subnetId: string, groupIds: string[]): Interface {
  const subnet = cloud.subnets.find(({ id }) => id === subnetId)!;
  const groups = cloud.securityGroups.filter(({ id }) => groupIds.includes(id));
  return {
    ...port,
    prefix: range(subnet.cidr).prefix,
    gateway: nth(subnet.cidr, 1),
    routes: routesOf(cloud, subnet),
    groupIds,
    ingress: groups.flatMap(({ ingress }) => ingress),
    egress: groups.flatMap(({ egress }) => egress),
  };
}

function tableOf(cloud: Cloud, subnet: Subnet): RouteTable | undefined {
  const tables = cloud.routeTables.filter(({ vpcId }) => vpcId === subnet.vpcId);
  return (
    tables.find(({ subnetIds }) => subnetIds.includes(subnet.id)) ?? tables.find(({ main }) => main)
  );
}

function routesOf(cloud: Cloud, subnet: Subnet): PlannedRoute[] {
  const nats = usableNats(cloud, subnet.vpcId).map(({ id }) => id);
  return (tableOf(cloud, subnet)?.routes ?? [])
    .map(({ cidr, target }): PlannedRoute => {
      if (target === "local") return { cidr, via: "local" };
      if (target && nats.includes(target)) return { cidr, via: { nat: target } };
      if (target?.startsWith("vpce-")) return { cidr, via: "endpoint" };
      if (isAttached(cloud, target, subnet.vpcId)) return { cidr, via: "internet" };
      return { cidr, via: "blackhole" };
    })
    .sort((a, b) => range(b.cidr).prefix - range(a.cidr).prefix);
}

function isAttached(cloud: Cloud, gateway: string | undefined, vpcId: string): boolean {
  return cloud.internetGateways.some(({ id, vpcId: to }) => id === gateway && to === vpcId);
}

/** A NAT gateway carries packets only where its own subnet has a default route to the internet gateway. */
function usableNats(cloud: Cloud, vpcId: string): Router["nats"] {
  return cloud.natGateways.flatMap(({ id, subnetId, publicIp }) => {
    const subnet = cloud.subnets.find((candidate) => candidate.id === subnetId);
    if (subnet?.vpcId !== vpcId) return [];
    const out = tableOf(cloud, subnet)?.routes.find(({ cidr }) => cidr === "0.0.0.0/0");
    return isAttached(cloud, out?.target, vpcId) ? [{ id, publicIp }] : [];
  });
}

/** FNV-1a, 32 bits: stable across runs and versions. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text))
    value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}
