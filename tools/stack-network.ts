/** The network of a stack as AWS's API tells it now, reduced to what the picture shows. */
import { EC2, type IpPermission, type Route, type Tag } from "@aws-sdk/client-ec2";
import { RDS } from "@aws-sdk/client-rds";

export type StackNetwork = Awaited<ReturnType<typeof readNetwork>>;

/**
 * Reads with the credentials and the region of the environment. Every `name` is the Name tag without the stack's
 * prefix, or the id where there is none; routes and rules are texts, `0.0.0.0/0 → nat`, `in: tcp 22 from 10.0.0.0/8`.
 *
 * @throws Error if there is not one VPC with the tags of the stack.
 */
export async function readNetwork(project: string, stack: string) {
  const [ec2, rds] = [new EC2(), new RDS()];
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
  const filter = [{ Name: "vpc-id", Values: [vpc.VpcId!] }];
  const [subnets, tables, gateways, nats, endpoints, groups, instances, databases] =
    await Promise.all([
      ec2.describeSubnets({ Filters: filter }),
      ec2.describeRouteTables({ Filters: filter }),
      ec2.describeInternetGateways({
        Filters: [{ Name: "attachment.vpc-id", Values: [vpc.VpcId!] }],
      }),
      ec2.describeNatGateways({ Filter: filter }),
      ec2.describeVpcEndpoints({ Filters: filter }),
      ec2.describeSecurityGroups({ Filters: filter }),
      ec2.describeInstances({ Filters: filter }),
      rds.describeDBInstances(),
    ]);

  const names = new Map<string | undefined, string>();
  const withoutPrefix = (name: string) => name.replace(`${project}-${stack}-`, "");
  const learn = (id: string | undefined, of: Tag[] = []) => {
    const name = of.find(({ Key }) => Key === "Name")?.Value;
    if (name) names.set(id, withoutPrefix(name));
  };
  for (const each of gateways.InternetGateways ?? []) learn(each.InternetGatewayId, each.Tags);
  for (const each of nats.NatGateways ?? []) learn(each.NatGatewayId, each.Tags);
  for (const each of endpoints.VpcEndpoints ?? []) learn(each.VpcEndpointId, each.Tags);
  for (const each of groups.SecurityGroups ?? []) learn(each.GroupId, each.Tags);
  learn(vpc.VpcId, vpc.Tags);
  const nameOf = (id: string | undefined) => names.get(id) ?? id ?? "";

  const routesOf = (subnet: string | undefined): Route[] => {
    const all = (tables.RouteTables ?? []).map(({ Associations = [], Routes = [] }) => ({
      Routes,
      own: Associations.some(({ SubnetId }) => SubnetId === subnet),
      main: Associations.some(({ Main }) => Main),
    }));
    return (all.find(({ own }) => own) ?? all.find(({ main }) => main))?.Routes ?? [];
  };
  const routeText = (route: Route) =>
    `${route.DestinationCidrBlock ?? "S3"} → ${nameOf(route.NatGatewayId ?? route.GatewayId)}`;
  const rulesOf = (direction: "in" | "out", permissions: IpPermission[] = []) =>
    permissions.flatMap((permission) => {
      const protocol = permission.IpProtocol === "-1" ? "all" : permission.IpProtocol;
      const { FromPort: from = -1, ToPort: to = -1 } = permission;
      const ports = from < 0 ? "" : from === to ? ` ${from}` : ` ${from}-${to}`;
      const peers = [
        ...(permission.IpRanges ?? []).map(({ CidrIp }) => CidrIp),
        ...(permission.UserIdGroupPairs ?? []).map(({ GroupId }) => `group ${nameOf(GroupId)}`),
      ];
      return peers.map(
        (peer) => `${direction}: ${protocol}${ports} ${direction === "in" ? "from" : "to"} ${peer}`,
      );
    });

  return {
    vpc: { id: vpc.VpcId!, name: nameOf(vpc.VpcId), cidr: vpc.CidrBlock! },
    internetGateway: gateways.InternetGateways?.[0]?.InternetGatewayId,
    subnets: (subnets.Subnets ?? [])
      .map((subnet) => {
        learn(subnet.SubnetId, subnet.Tags);
        const routes = routesOf(subnet.SubnetId);
        return {
          id: subnet.SubnetId!,
          name: nameOf(subnet.SubnetId),
          cidr: subnet.CidrBlock!,
          zone: subnet.AvailabilityZone!,
          routes: routes
            .filter(({ GatewayId }) => GatewayId !== "local")
            .map(routeText)
            .toSorted(),
          public: routes.some(({ GatewayId }) => GatewayId?.startsWith("igw-") ?? false),
        };
      })
      .toSorted((one, other) => one.name.localeCompare(other.name)),
    nats: (nats.NatGateways ?? [])
      .filter(({ State }) => State !== "deleted")
      .map((nat) => ({
        id: nat.NatGatewayId!,
        name: nameOf(nat.NatGatewayId),
        subnetId: nat.SubnetId!,
        publicIp: nat.NatGatewayAddresses?.[0]?.PublicIp ?? "",
        state: nat.State!,
      })),
    machines: (instances.Reservations ?? [])
      .flatMap(({ Instances = [] }) => Instances)
      // A terminated one is told for an hour, without an address.
      .filter(({ PrivateIpAddress }) => PrivateIpAddress)
      .map((machine) => {
        learn(machine.InstanceId, machine.Tags);
        return {
          id: machine.InstanceId!,
          name: nameOf(machine.InstanceId),
          subnetId: machine.SubnetId!,
          address: machine.PrivateIpAddress!,
          publicIp: machine.PublicIpAddress,
          type: machine.InstanceType!,
          state: machine.State!.Name!,
          groups: (machine.SecurityGroups ?? []).map(({ GroupId }) => nameOf(GroupId)),
        };
      }),
    databases: (databases.DBInstances ?? [])
      .filter(({ DBSubnetGroup }) => DBSubnetGroup?.VpcId === vpc.VpcId)
      .map((database) => ({
        id: database.DBInstanceIdentifier!,
        name: withoutPrefix(database.DBInstanceIdentifier!),
        // The one in its zone.
        subnetId: database.DBSubnetGroup?.Subnets?.find(
          ({ SubnetAvailabilityZone: zone }) => zone?.Name === database.AvailabilityZone,
        )?.SubnetIdentifier,
        port: database.Endpoint?.Port,
        state: database.DBInstanceStatus!,
        groups: (database.VpcSecurityGroups ?? []).map(({ VpcSecurityGroupId: id }) => nameOf(id)),
      })),
    groups: (groups.SecurityGroups ?? []).map((group) => ({
      id: group.GroupId!,
      name: nameOf(group.GroupId),
      rules: [...rulesOf("in", group.IpPermissions), ...rulesOf("out", group.IpPermissionsEgress)],
    })),
  };
}
