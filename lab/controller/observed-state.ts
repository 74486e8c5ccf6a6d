/**
 * What exists in the AWS API, as far as it has containers or packets in the lab. It is read by AWS's describe calls, and by calls
 * of the control API for what these do not tell. So it does not matter who made a resource.
 */
import { EC2, type Instance as Machine, type IpPermission } from "@aws-sdk/client-ec2";
import { RDS, type DBInstance, type DBSnapshot } from "@aws-sdk/client-rds";

import { databaseReader, keyPairs, readCloud, tagsOf, userData } from "../../tools/inventory.ts";
import {
  databasePlace,
  loadBalancers,
  publicDns,
  rebooting,
  tasks,
  type LoadBalancer,
  type PublicDns,
  type Task,
} from "./control-api.ts";
import { ec2Type, memorySizes } from "./memory-sizes.ts";

export interface Vpc {
  id: string;
  cidr: string;
}

export interface Subnet {
  id: string;
  vpcId: string;
  cidr: string;
}

export interface InternetGateway {
  id: string;
  vpcId: string;
}

export interface NatGateway {
  id: string;
  subnetId: string;
  publicIp: string;
}

export interface Route {
  cidr: string;
  /** "local", the id of a gateway (igw-…, nat-…) or of a gateway endpoint (vpce-…), or undefined where nothing in the lab carries it. */
  target: string | undefined;
}

export interface RouteTable {
  id: string;
  vpcId: string;
  main: boolean;
  subnetIds: string[];
  routes: Route[];
}

/** One permission of a security group; `from` and `to` are ports, or ICMP type and code; -1 is any. */
export interface Permission {
  /** "tcp", "udp", "icmp", "-1" for all, or an IP protocol number. */
  protocol: string;
  from: number;
  to: number;
  cidrs: string[];
  groupIds: string[];
}

export interface SecurityGroup {
  id: string;
  vpcId: string;
  ingress: Permission[];
  egress: Permission[];
}

export interface Instance {
  id: string;
  /** Its Name tag; empty for none. */
  name: string;
  /** EC2's instance state name: pending, running, stopping, stopped, shutting-down, terminated. */
  state: string;
  /** Told to reboot: AWS calls it running all the same. */
  rebooting: boolean;
  vpcId: string;
  subnetId: string;
  zone: string;
  address: string;
  mac: string;
  publicIp: string | undefined;
  groupIds: string[];
  type: string;
  memoryMiB: number;
  imageId: string;
  keyName: string | undefined;
  publicKey: string | undefined;
  /** Base64, as the API keeps it; empty for none. */
  userData: string;
  metadata: { tokensRequired: boolean; hopLimit: number; enabled: boolean };
  /** ARN of the instance profile. */
  profileArn: string | undefined;
}

export interface Database {
  id: string;
  /** RDS's status: creating, available, … */
  status: string;
  vpcId: string;
  subnetId: string;
  address: string;
  groupIds: string[];
  endpoint: string | undefined;
  port: number;
  name: string;
  masterUser: string;
  memoryMiB: number;
  /** GiB. */
  storageGiB: number;
  parameters: Record<string, string>;
  /** The snapshot whose data it begins with; null for none. */
  snapshot: string | null;
  /** Snapshots of it that wait for their data. */
  pendingSnapshots: string[];
}

export interface ObservedState {
  vpcs: Vpc[];
  subnets: Subnet[];
  internetGateways: InternetGateway[];
  natGateways: NatGateway[];
  routeTables: RouteTable[];
  securityGroups: SecurityGroup[];
  instances: Instance[];
  databases: Database[];
  /** Ids of all DB snapshots that somebody has made, or a deletion. */
  snapshots: string[];
  loadBalancers: LoadBalancer[];
  tasks: Task[];
  dns: PublicDns;
}

const ec2 = new EC2();
const rds = databaseReader(new RDS());

/** Reads the whole state. Errors are the SDK's. */
export async function describe(): Promise<ObservedState> {
  // The control API, not AWS's, as moto takes longer to describe load balancers and tasks.
  const [cloud, lists, ofRds, dns, balancers, ecsTasks] = await Promise.all([
    readCloud(ec2),
    ec2.describePrefixLists(),
    describeRds(),
    publicDns(),
    loadBalancers(),
    tasks(),
  ]);
  const cidrsOf = (list: string | undefined) =>
    lists.PrefixLists?.find(({ PrefixListId }) => PrefixListId === list)?.Cidrs ?? [];
  return {
    vpcs: cloud.vpcs.map((vpc) => ({ id: vpc.VpcId!, cidr: vpc.CidrBlock! })),
    subnets: cloud.subnets.map((subnet) => ({
      id: subnet.SubnetId!,
      vpcId: subnet.VpcId!,
      cidr: subnet.CidrBlock!,
    })),
    internetGateways: cloud.gateways.flatMap((gateway) =>
      (gateway.Attachments ?? []).map((to) => ({
        id: gateway.InternetGatewayId!,
        vpcId: to.VpcId!,
      })),
    ),
    natGateways: cloud.nats.flatMap((nat) => {
      const publicIp = nat.NatGatewayAddresses?.[0]?.PublicIp;
      const translates = nat.State === "pending" || nat.State === "available";
      return publicIp && translates
        ? [{ id: nat.NatGatewayId!, subnetId: nat.SubnetId!, publicIp }]
        : [];
    }),
    routeTables: cloud.tables.map((table) => ({
      id: table.RouteTableId!,
      vpcId: table.VpcId!,
      main: (table.Associations ?? []).some((association) => association.Main === true),
      subnetIds: (table.Associations ?? []).flatMap(({ SubnetId }) => (SubnetId ? [SubnetId] : [])),
      routes: (table.Routes ?? []).flatMap((route) => {
        const { DestinationCidrBlock: cidr, DestinationPrefixListId: list } = route;
        const target = route.NatGatewayId ?? route.GatewayId;
        return (cidr ? [cidr] : cidrsOf(list)).map((each) => ({ cidr: each, target }));
      }),
    })),
    securityGroups: cloud.groups.map((group) => ({
      id: group.GroupId!,
      vpcId: group.VpcId!,
      ingress: (group.IpPermissions ?? []).map(permissionOf),
      egress: (group.IpPermissionsEgress ?? []).map(permissionOf),
    })),
    instances: await describeInstances(cloud.instances),
    ...ofRds,
    loadBalancers: balancers,
    tasks: ecsTasks,
    dns,
  };
}

function permissionOf(permission: IpPermission): Permission {
  return {
    protocol: permission.IpProtocol!,
    from: permission.FromPort ?? -1,
    to: permission.ToPort ?? -1,
    cidrs: (permission.IpRanges ?? []).map((range) => range.CidrIp!),
    groupIds: (permission.UserIdGroupPairs ?? []).map((pair) => pair.GroupId!),
  };
}

async function describeInstances(found: readonly Machine[]): Promise<Instance[]> {
  if (found.length === 0) return [];
  const [reboots, keys, memory, data] = await Promise.all([
    rebooting(),
    keyPairs(ec2),
    memorySizes(
      ec2,
      found.map((instance) => instance.InstanceType!),
    ),
    Promise.all(found.map((instance) => userData(ec2, instance.InstanceId!))),
  ]);
  return found.map((instance, index) => ({
    id: instance.InstanceId!,
    name: tagsOf(instance.Tags).Name ?? "",
    state: instance.State!.Name!,
    rebooting: reboots.includes(instance.InstanceId!),
    vpcId: instance.VpcId!,
    subnetId: instance.SubnetId!,
    zone: instance.Placement?.AvailabilityZone ?? "",
    address: instance.PrivateIpAddress!,
    mac: instance.NetworkInterfaces?.[0]?.MacAddress ?? "",
    publicIp: instance.PublicIpAddress,
    groupIds: (instance.SecurityGroups ?? []).map((group) => group.GroupId!),
    type: instance.InstanceType!,
    memoryMiB: memory.get(instance.InstanceType!) ?? 1024,
    imageId: instance.ImageId!,
    keyName: instance.KeyName,
    publicKey: keys.find(({ KeyName }) => KeyName === instance.KeyName)?.PublicKey,
    userData: data[index]!,
    metadata: {
      tokensRequired: instance.MetadataOptions?.HttpTokens === "required",
      hopLimit: instance.MetadataOptions?.HttpPutResponseHopLimit ?? 1,
      enabled: instance.MetadataOptions?.HttpEndpoint !== "disabled",
    },
    profileArn: instance.IamInstanceProfile?.Arn,
  }));
}

async function describeRds(): Promise<Pick<ObservedState, "databases" | "snapshots">> {
  const embodied = (await rds.instances()).filter((database) => database.DBSubnetGroup?.VpcId);
  // After the instances: one that is being deleted would else lose the data of its final snapshot.
  const snapshots = await rds.snapshots();
  return {
    databases: await describeDatabases(embodied, snapshots),
    snapshots: snapshots.map((snapshot) => snapshot.DBSnapshotIdentifier!),
  };
}

async function describeDatabases(
  embodied: readonly DBInstance[],
  snapshots: readonly DBSnapshot[],
): Promise<Database[]> {
  const memory = await memorySizes(
    ec2,
    embodied.map(({ DBInstanceClass }) => ec2Type(DBInstanceClass!)),
  );
  const found = await Promise.all(
    embodied.map(async (database) => {
      // Describe calls tell a name only; on AWS as here its address is the resolver's business.
      const place = await databasePlace(database.DBInstanceIdentifier!);
      if (!place) return [];
      const described: Database = {
        id: database.DBInstanceIdentifier!,
        status: database.DBInstanceStatus!,
        vpcId: database.DBSubnetGroup!.VpcId!,
        ...place,
        groupIds: (database.VpcSecurityGroups ?? []).map((group) => group.VpcSecurityGroupId!),
        endpoint: database.Endpoint?.Address,
        port: database.Endpoint?.Port ?? 3306,
        name: database.DBName ?? "",
        masterUser: database.MasterUsername!,
        memoryMiB: memory.get(ec2Type(database.DBInstanceClass!)) ?? 1024,
        storageGiB: database.AllocatedStorage!,
        parameters: await parametersOf(database),
        pendingSnapshots: snapshots
          .filter(({ DbiResourceId: id }) => id === database.DbiResourceId)
          .filter(({ Status }) => Status === "creating")
          .map(({ DBSnapshotIdentifier: id }) => id!),
      };
      return [described];
    }),
  );
  return found.flat();
}

async function parametersOf(database: DBInstance): Promise<Record<string, string>> {
  const group = database.DBParameterGroups?.[0]?.DBParameterGroupName;
  if (!group || group.startsWith("default.")) return {};
  return Object.fromEntries(
    (await rds.parameters(group)).flatMap(({ ParameterName, ParameterValue }) =>
      ParameterName && ParameterValue ? [[ParameterName, ParameterValue]] : [],
    ),
  );
}
