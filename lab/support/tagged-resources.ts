/** Every resource of the AWS API that carries given tags. */
import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { EC2, type TagDescription } from "@aws-sdk/client-ec2";
import { IAM } from "@aws-sdk/client-iam";
import { RDS } from "@aws-sdk/client-rds";
import { S3 } from "@aws-sdk/client-s3";
import type { Unrecorded } from "./orphans.ts";

type Tags = Record<string, string>;
interface Tag {
  Key?: string | undefined;
  Value?: string | undefined;
}

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

const asObject = (tags: Tag[] = []): Tags =>
  Object.fromEntries(tags.map(({ Key = "", Value = "" }) => [Key, Value]));

async function ec2Resources(): Promise<{ tagged: Unrecorded; tags: Tags }[]> {
  const ec2 = new EC2();
  const byId = new Map<string, TagDescription[]>();
  for (const tag of (await ec2.describeTags()).Tags ?? []) {
    byId.set(tag.ResourceId ?? "", [...(byId.get(tag.ResourceId ?? "") ?? []), tag]);
  }
  // Both keep their tags for an hour after their end.
  const { Reservations = [] } = await ec2.describeInstances({
    Filters: [{ Name: "instance-state-name", Values: ["shutting-down", "terminated"] }],
  });
  const { NatGateways = [] } = await ec2.describeNatGateways({
    Filter: [{ Name: "state", Values: ["deleting", "deleted"] }],
  });
  const ended = new Set([
    ...Reservations.flatMap(({ Instances = [] }) => Instances.map((each) => each.InstanceId)),
    ...NatGateways.map((each) => each.NatGatewayId),
  ]);
  // moto keeps the tags of a flow log that was deleted.
  const { FlowLogs = [] } = await ec2.describeFlowLogs();
  const flowLogs = new Set(FlowLogs.map((each) => each.FlowLogId));
  // Pulumi's id of a key pair is its name.
  const { KeyPairs = [] } = await ec2.describeKeyPairs();
  const keyNames = new Map(KeyPairs.map((each) => [each.KeyPairId, each.KeyName]));
  return [...byId].flatMap(([id, list]) => {
    const type = ec2Types[list[0]?.ResourceType ?? ""];
    const tags = asObject(list);
    if (!type || ended.has(id)) return [];
    if (type === ec2Types["vpc-flow-log"] && !flowLogs.has(id)) return [];
    return [{ tagged: { id: keyNames.get(id) ?? id, type, name: tags.Name ?? "" }, tags }];
  });
}

async function databaseResources(): Promise<{ tagged: Unrecorded; tags: Tags }[]> {
  const rds = new RDS();
  const { DBInstances = [] } = await rds.describeDBInstances();
  const { DBSubnetGroups = [] } = await rds.describeDBSubnetGroups();
  const { DBParameterGroups = [] } = await rds.describeDBParameterGroups();
  const found = [
    ...DBInstances.map((each) => ({
      type: "aws:rds/instance:Instance",
      id: each.DBInstanceIdentifier ?? "",
      arn: each.DBInstanceArn,
    })),
    ...DBSubnetGroups.map((each) => ({
      type: "aws:rds/subnetGroup:SubnetGroup",
      id: each.DBSubnetGroupName ?? "",
      arn: each.DBSubnetGroupArn,
    })),
    ...DBParameterGroups.map((each) => ({
      type: "aws:rds/parameterGroup:ParameterGroup",
      id: each.DBParameterGroupName ?? "",
      arn: each.DBParameterGroupArn,
    })),
  ];
  return Promise.all(
    found.map(async ({ type, id, arn }) => {
      const { TagList } = await rds.listTagsForResource({ ResourceName: arn });
      return { tagged: { id, type, name: id }, tags: asObject(TagList) };
    }),
  );
}

async function buckets(): Promise<{ tagged: Unrecorded; tags: Tags }[]> {
  const s3 = new S3({ forcePathStyle: true });
  const { Buckets = [] } = await s3.listBuckets();
  return Promise.all(
    Buckets.map(async ({ Name: id = "" }) => {
      // A bucket without tags answers with an error.
      const { TagSet } = await s3.getBucketTagging({ Bucket: id }).catch(() => ({ TagSet: [] }));
      return { tagged: { id, type: "aws:s3/bucket:Bucket", name: id }, tags: asObject(TagSet) };
    }),
  );
}

async function roles(): Promise<{ tagged: Unrecorded; tags: Tags }[]> {
  const iam = new IAM();
  const { Roles = [] } = await iam.listRoles();
  const { InstanceProfiles = [] } = await iam.listInstanceProfiles();
  const ofRoles = Roles.map(async ({ RoleName: id = "" }) => ({
    tagged: { id, type: "aws:iam/role:Role", name: id },
    tags: asObject((await iam.getRole({ RoleName: id })).Role?.Tags),
  }));
  const ofProfiles = InstanceProfiles.map(async ({ InstanceProfileName: id = "" }) => ({
    tagged: { id, type: "aws:iam/instanceProfile:InstanceProfile", name: id },
    tags: asObject(
      (await iam.getInstanceProfile({ InstanceProfileName: id })).InstanceProfile?.Tags,
    ),
  }));
  return Promise.all([...ofRoles, ...ofProfiles]);
}

async function logGroups(): Promise<{ tagged: Unrecorded; tags: Tags }[]> {
  const logs = new CloudWatchLogs();
  const { logGroups: found = [] } = await logs.describeLogGroups();
  return Promise.all(
    found.map(async ({ logGroupName: id = "", logGroupArn: resourceArn }) => {
      const { tags = {} } = await logs.listTagsForResource({ resourceArn });
      return { tagged: { id, type: "aws:cloudwatch/logGroup:LogGroup", name: id }, tags };
    }),
  );
}

/** All resources of the kinds that the program makes which carry every one of `tags`. */
export async function taggedResources(tags: Tags): Promise<Unrecorded[]> {
  const of = [ec2Resources(), databaseResources(), buckets(), roles(), logGroups()];
  const all = await Promise.all(of);
  return all
    .flat()
    .filter((each) => Object.entries(tags).every(([key, value]) => each.tags[key] === value))
    .map((each) => each.tagged);
}
