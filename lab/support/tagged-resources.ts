/** Every resource of the AWS API that carries given tags. */
import { CloudWatchLogs, type LogGroup } from "@aws-sdk/client-cloudwatch-logs";
import { EC2, type TagDescription } from "@aws-sdk/client-ec2";
import { IAM, type InstanceProfile, type Role } from "@aws-sdk/client-iam";
import { RDS } from "@aws-sdk/client-rds";
import { S3 } from "@aws-sdk/client-s3";
import { databaseReader, flowLogs, keyPairs, readCloud, tagsOf } from "../../tools/inventory.ts";
import type { Unrecorded } from "./orphans.ts";
import { serviceResources } from "./tagged-services.ts";

type Tags = Record<string, string>;

/** EC2's resource types that the program makes, as Pulumi's. What others they bring along is not listed. */
const ec2Types: Partial<Record<string, string>> = {
  "elastic-ip": "aws:ec2/eip:Eip",
  instance: "aws:ec2/instance:Instance",
  "internet-gateway": "aws:ec2/internetGateway:InternetGateway",
  "key-pair": "aws:ec2/keyPair:KeyPair",
  natgateway: "aws:ec2/natGateway:NatGateway",
  "route-table": "aws:ec2/routeTable:RouteTable",
  "security-group": "aws:ec2/securityGroup:SecurityGroup",
  subnet: "aws:ec2/subnet:Subnet",
  vpc: "aws:ec2/vpc:Vpc",
  "vpc-endpoint": "aws:ec2/vpcEndpoint:VpcEndpoint",
  "vpc-flow-log": "aws:ec2/flowLog:FlowLog",
};

export type Tagged = readonly [resource: Unrecorded, tags: Tags];
export const resource = (type: string, id = "", tags: Tags = {}): Tagged => [
  { id, type, name: id },
  tags,
];

async function ec2Resources(): Promise<Tagged[]> {
  const ec2 = new EC2();
  const byId = new Map<string, TagDescription[]>();
  for (const tag of (await ec2.describeTags()).Tags ?? []) {
    byId.set(tag.ResourceId ?? "", [...(byId.get(tag.ResourceId ?? "") ?? []), tag]);
  }
  const { instances, nats } = await readCloud(ec2);
  // These keep their tags after their end: instances and NAT gateways for an hour, flow logs in moto for good.
  const existing: Partial<Record<string, (string | undefined)[]>> = {
    instance: instances
      .filter(({ State }) => State?.Name !== "shutting-down")
      .map(({ InstanceId }) => InstanceId),
    natgateway: nats
      .filter(({ State }) => State !== "deleting")
      .map(({ NatGatewayId }) => NatGatewayId),
    "vpc-flow-log": (await flowLogs(ec2)).map(({ FlowLogId }) => FlowLogId),
  };
  // Pulumi's id of a key pair is its name.
  const keys = new Map((await keyPairs(ec2)).map((key) => [key.KeyPairId, key.KeyName]));
  return [...byId].flatMap(([id, list]) => {
    const kind = list[0]?.ResourceType ?? "";
    const type = ec2Types[kind];
    if (!type || existing[kind]?.includes(id) === false) return [];
    const tags = tagsOf(list);
    return [[{ id: keys.get(id) ?? id, type, name: tags.Name ?? "" }, tags]];
  });
}

async function databaseResources(): Promise<Tagged[]> {
  const of = databaseReader(new RDS());
  const tagged = async (type: string, id?: string, arn?: string) =>
    resource(type, id, tagsOf(await of.tags(arn)));
  return Promise.all([
    ...(await of.instances()).map(({ DBInstanceIdentifier: id, DBInstanceArn: arn }) =>
      tagged("aws:rds/instance:Instance", id, arn),
    ),
    ...(await of.subnetGroups()).map(({ DBSubnetGroupName: id, DBSubnetGroupArn: arn }) =>
      tagged("aws:rds/subnetGroup:SubnetGroup", id, arn),
    ),
    ...(await of.parameterGroups()).map(({ DBParameterGroupName: id, DBParameterGroupArn: arn }) =>
      tagged("aws:rds/parameterGroup:ParameterGroup", id, arn),
    ),
  ]);
}

async function buckets(): Promise<Tagged[]> {
  const s3 = new S3({ forcePathStyle: true });
  const { Buckets = [] } = await s3.listBuckets();
  return Promise.all(
    Buckets.map(async ({ Name: id = "" }) => {
      // A bucket without tags answers with an error.
      const { TagSet } = await s3.getBucketTagging({ Bucket: id }).catch(() => ({ TagSet: [] }));
      return resource("aws:s3/bucket:Bucket", id, tagsOf(TagSet));
    }),
  );
}

/** With the tags, which the list lacks. */
export async function roles(iam: IAM): Promise<Role[]> {
  const { Roles = [] } = await iam.listRoles();
  return Promise.all(Roles.map(async ({ RoleName }) => (await iam.getRole({ RoleName })).Role!));
}

/** With the tags, which the list lacks. */
export async function instanceProfiles(iam: IAM): Promise<InstanceProfile[]> {
  const { InstanceProfiles = [] } = await iam.listInstanceProfiles();
  const names = InstanceProfiles.map(({ InstanceProfileName }) => ({ InstanceProfileName }));
  return Promise.all(
    names.map(async (name) => (await iam.getInstanceProfile(name)).InstanceProfile!),
  );
}

async function identities(): Promise<Tagged[]> {
  const iam = new IAM();
  return [
    ...(await roles(iam)).map(({ RoleName, Tags }) =>
      resource("aws:iam/role:Role", RoleName, tagsOf(Tags)),
    ),
    ...(await instanceProfiles(iam)).map(({ InstanceProfileName, Tags }) =>
      resource("aws:iam/instanceProfile:InstanceProfile", InstanceProfileName, tagsOf(Tags)),
    ),
  ];
}

/** With their tags. */
export async function logGroups(logs: CloudWatchLogs): Promise<(LogGroup & { tags?: Tags })[]> {
  const { logGroups: found = [] } = await logs.describeLogGroups();
  return Promise.all(
    found.map(async (group) => ({
      ...group,
      tags: (await logs.listTagsForResource({ resourceArn: group.logGroupArn })).tags ?? {},
    })),
  );
}

async function logGroupResources(): Promise<Tagged[]> {
  return (await logGroups(new CloudWatchLogs())).map(({ logGroupName, tags }) =>
    resource("aws:cloudwatch/logGroup:LogGroup", logGroupName, tags),
  );
}

/** All resources of the kinds that the program makes which carry every one of `tags`. */
export async function taggedResources(tags: Tags): Promise<Unrecorded[]> {
  const of = [
    ...[ec2Resources(), databaseResources(), buckets(), identities(), logGroupResources()],
    serviceResources(),
  ];
  return (await Promise.all(of))
    .flat()
    .filter(([, own]) => Object.entries(tags).every(([key, value]) => own[key] === value))
    .map(([found]) => found);
}
