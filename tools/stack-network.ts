/** The network of a stack as AWS's API tells it now, reduced to what the picture shows. */
import {
  EC2,
  type Instance,
  type IpPermission,
  type Route,
  type RouteTable,
  type Subnet,
  type Tag,
  type Vpc,
} from "@aws-sdk/client-ec2";
import { type DBInstance, RDS } from "@aws-sdk/client-rds";
import { readTasks } from "./stack-tasks.ts";
import { databaseReader, readCloud, tagsOf, vpcEndpoints } from "./inventory.ts";

export type StackNetwork = Awaited<ReturnType<typeof readNetwork>>;

/**
 * Reads with the credentials and the region of the environment. Every `name` is the Name tag without the stack's
 * prefix, or the id where there is none; routes and rules are texts, `0.0.0.0/0 → nat`, `in: tcp 22 from 10.0.0.0/8`.
 *
 * @throws Error if there is not one VPC with the tags of the stack.
 */
export async function readNetwork(project: string, stack: string) {
  const [ec2, rds] = [new EC2(), new RDS()];
  const vpc = await findVpc(ec2, project, stack);
  const found = await readCloud(ec2, vpc.VpcId);
  const databases = await databaseReader(rds).instances();
  const names = new Names(`${project}-${stack}-`);
  names.learn(vpc.VpcId, vpc.Tags);
  for (const each of found.gateways) names.learn(each.InternetGatewayId, each.Tags);
  for (const each of found.nats) names.learn(each.NatGatewayId, each.Tags);
  for (const each of await vpcEndpoints(ec2, vpc.VpcId)) names.learn(each.VpcEndpointId, each.Tags);
  for (const each of found.groups) names.learn(each.GroupId, each.Tags);
  for (const each of found.subnets) names.learn(each.SubnetId, each.Tags);
  for (const each of found.instances) names.learn(each.InstanceId, each.Tags);

  return {
    ...(await readTasks(vpc.VpcId, `${project}-${stack}`, names)),
    vpc: { id: vpc.VpcId!, name: names.of(vpc.VpcId), cidr: vpc.CidrBlock! },
    internetGateway: found.gateways[0]?.InternetGatewayId,
    subnets: found.subnets
      .map((subnet) => describedSubnet(subnet, found.tables, names))
      .toSorted((one, other) => one.name.localeCompare(other.name)),
    nats: found.nats.map((nat) => ({
      id: nat.NatGatewayId!,
      name: names.of(nat.NatGatewayId),
      subnetId: nat.SubnetId!,
      publicIp: nat.NatGatewayAddresses?.[0]?.PublicIp ?? "",
      state: nat.State!,
    })),
    machines: found.instances.map((machine) => describedMachine(machine, names)),
    databases: databases
      .filter(({ DBSubnetGroup }) => DBSubnetGroup?.VpcId === vpc.VpcId)
      .map((database) => describedDatabase(database, names)),
    groups: found.groups.map((group) => ({
      id: group.GroupId!,
      name: names.of(group.GroupId),
      rules: [
        ...ruleTexts("in", group.IpPermissions, names),
        ...ruleTexts("out", group.IpPermissionsEgress, names),
      ],
    })),
  };
}

async function findVpc(ec2: EC2, project: string, stack: string): Promise<Vpc> {
  const tags = Object.entries({ project, stack });
  const { Vpcs = [] } = await ec2.describeVpcs({
    Filters: tags.map(([key, value]) => ({ Name: `tag:${key}`, Values: [value] })),
  });
  const [vpc, ...others] = Vpcs;
  if (!vpc || others.length > 0) {
    throw new Error(
      `${Vpcs.length} VPCs, not one, have the tags project=${project} and stack=${stack}\n` +
        "remedy: pulumi up, or name another stack by --stack",
    );
  }
  return vpc;
}

/** Names of resources by id. */
class Names {
  private readonly names = new Map<string | undefined, string>();
  private readonly prefix: string;

  /** @param prefix of the stack, which no name keeps */
  constructor(prefix: string) {
    this.prefix = prefix;
  }

  learn(id: string | undefined, tags: Tag[] = []): void {
    const { Name: name } = tagsOf(tags);
    if (name) this.names.set(id, this.withoutPrefix(name));
  }

  /** The Name tag without the prefix, else the id. */
  of(id: string | undefined): string {
    return this.names.get(id) ?? id ?? "";
  }

  withoutPrefix(name: string): string {
    return name.replace(this.prefix, "");
  }
}

function describedSubnet(subnet: Subnet, tables: RouteTable[], names: Names) {
  const routes = routesOf(subnet.SubnetId, tables);
  return {
    id: subnet.SubnetId!,
    name: names.of(subnet.SubnetId),
    cidr: subnet.CidrBlock!,
    zone: subnet.AvailabilityZone!,
    routes: routes
      .filter(({ GatewayId }) => GatewayId !== "local")
      .map((route) => routeText(route, names))
      .toSorted(),
    public: routes.some(({ GatewayId }) => GatewayId?.startsWith("igw-") ?? false),
  };
}

/** The routes of the subnet's own route table, else of the VPC's main one. */
function routesOf(subnet: string | undefined, tables: RouteTable[]): Route[] {
  const all = tables.map(({ Associations = [], Routes = [] }) => ({
    Routes,
    own: Associations.some(({ SubnetId }) => SubnetId === subnet),
    main: Associations.some(({ Main }) => Main),
  }));
  return (all.find(({ own }) => own) ?? all.find(({ main }) => main))?.Routes ?? [];
}

function routeText(route: Route, names: Names): string {
  return `${route.DestinationCidrBlock ?? "S3"} → ${names.of(route.NatGatewayId ?? route.GatewayId)}`;
}

function describedMachine(machine: Instance, names: Names) {
  return {
    id: machine.InstanceId!,
    name: names.of(machine.InstanceId),
    subnetId: machine.SubnetId!,
    address: machine.PrivateIpAddress!,
    publicIp: machine.PublicIpAddress,
    type: machine.InstanceType!,
    state: machine.State!.Name!,
    groups: (machine.SecurityGroups ?? []).map(({ GroupId }) => names.of(GroupId)),
  };
}

function describedDatabase(database: DBInstance, names: Names) {
  return {
    id: database.DBInstanceIdentifier!,
    name: names.withoutPrefix(database.DBInstanceIdentifier!),
    // The one in its zone.
    subnetId: database.DBSubnetGroup?.Subnets?.find(
      ({ SubnetAvailabilityZone: zone }) => zone?.Name === database.AvailabilityZone,
    )?.SubnetIdentifier,
    port: database.Endpoint?.Port,
    state: database.DBInstanceStatus!,
    groups: (database.VpcSecurityGroups ?? []).map(({ VpcSecurityGroupId: id }) => names.of(id)),
  };
}

function ruleTexts(
  direction: "in" | "out",
  permissions: IpPermission[] = [],
  names: Names,
): string[] {
  return permissions.flatMap((permission) => {
    const protocol = permission.IpProtocol === "-1" ? "all" : permission.IpProtocol;
    const { FromPort: from = -1, ToPort: to = -1 } = permission;
    const ports = from < 0 ? "" : from === to ? ` ${from}` : ` ${from}-${to}`;
    const peers = [
      ...(permission.IpRanges ?? []).map(({ CidrIp }) => CidrIp),
      ...(permission.UserIdGroupPairs ?? []).map(({ GroupId }) => `group ${names.of(GroupId)}`),
    ];
    return peers.map(
      (peer) => `${direction}: ${protocol}${ports} ${direction === "in" ? "from" : "to"} ${peer}`,
    );
  });
}
