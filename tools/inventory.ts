/** What an AWS account has in a region: all pages of AWS's answers, without what has ended. */
import * as ec2 from "@aws-sdk/client-ec2";
import * as rds from "@aws-sdk/client-rds";

/** Of EC2. @param vpcId reads what is in this VPC only */
export async function readCloud(client: ec2.EC2, vpcId?: string) {
  const [cloud, filter] = [{ client }, within("vpc-id", vpcId)];
  const of = { Filters: filter };
  const attached = { Filters: within("attachment.vpc-id", vpcId) };
  const [vpcs, subnets, tables, gateways, nats, groups, instances] = await Promise.all([
    all(ec2.paginateDescribeVpcs(cloud, of), (page) => page.Vpcs),
    all(ec2.paginateDescribeSubnets(cloud, of), (page) => page.Subnets),
    all(ec2.paginateDescribeRouteTables(cloud, of), (page) => page.RouteTables),
    all(ec2.paginateDescribeInternetGateways(cloud, attached), (page) => page.InternetGateways),
    all(ec2.paginateDescribeNatGateways(cloud, { Filter: filter }), (page) => page.NatGateways),
    all(ec2.paginateDescribeSecurityGroups(cloud, of), (page) => page.SecurityGroups),
    all(ec2.paginateDescribeInstances(cloud, of), ({ Reservations = [] }) =>
      Reservations.flatMap(({ Instances = [] }) => Instances),
    ),
  ]);
  return {
    ...{ vpcs, subnets, tables, gateways, groups },
    // These stay in the answers for an hour after their end.
    nats: nats.filter(({ State }) => State !== "deleted"),
    instances: instances.filter(({ State }) => State?.Name !== "terminated"),
  };
}

/** Filters for what is in the VPC; undefined without a VPC. */
function within(Name: string, vpcId: string | undefined) {
  return vpcId === undefined ? undefined : [{ Name, Values: [vpcId] }];
}

/** @param vpcId reads those of this VPC only */
export function vpcEndpoints(client: ec2.EC2, vpcId?: string): Promise<ec2.VpcEndpoint[]> {
  const of = { Filters: within("vpc-id", vpcId) };
  return all(ec2.paginateDescribeVpcEndpoints({ client }, of), (page) => page.VpcEndpoints);
}

export function flowLogs(client: ec2.EC2): Promise<ec2.FlowLog[]> {
  return all(ec2.paginateDescribeFlowLogs({ client }, {}), (page) => page.FlowLogs);
}

export async function keyPairs(client: ec2.EC2): Promise<ec2.KeyPairInfo[]> {
  return (await client.describeKeyPairs({ IncludePublicKey: true })).KeyPairs ?? [];
}

/** Base64; empty for none. */
export async function userData(client: ec2.EC2, InstanceId: string): Promise<string> {
  const asked = { InstanceId, Attribute: "userData" } as const;
  return (await client.describeInstanceAttribute(asked)).UserData?.Value ?? "";
}

/** Of RDS. */
export function databaseReader(client: rds.RDS) {
  const of = { client };
  return {
    instances: () => all(rds.paginateDescribeDBInstances(of, {}), (page) => page.DBInstances),
    /** Those that somebody has made, or a deletion: not the automated ones. */
    snapshots: () =>
      all(
        rds.paginateDescribeDBSnapshots(of, { SnapshotType: "manual" }),
        (page) => page.DBSnapshots,
      ),
    subnetGroups: () =>
      all(rds.paginateDescribeDBSubnetGroups(of, {}), (page) => page.DBSubnetGroups),
    parameterGroups: () =>
      all(rds.paginateDescribeDBParameterGroups(of, {}), (page) => page.DBParameterGroups),
    /** Those of the group whose values are not the engine's defaults. */
    parameters: (DBParameterGroupName: string | undefined) => {
      const own = { DBParameterGroupName, Source: "user" };
      return all(rds.paginateDescribeDBParameters(of, own), (page) => page.Parameters);
    },
    tags: async (ResourceName = "") => (await client.listTagsForResource({ ResourceName })).TagList,
  };
}

/** Tags as an object. */
export function tagsOf(tags: readonly ec2.Tag[] = []): Record<string, string> {
  return Object.fromEntries(tags.map(({ Key = "", Value = "" }) => [Key, Value]));
}

async function all<Page, Item>(
  pages: AsyncIterable<Page>,
  items: (page: Page) => Item[] | undefined,
): Promise<Item[]> {
  const found: Item[] = [];
  for await (const page of pages) found.push(...(items(page) ?? []));
  return found;
}
