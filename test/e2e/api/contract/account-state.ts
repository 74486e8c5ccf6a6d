/** All that the subjects are in an AWS account, in a form in which two accounts can be compared. */
import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { EC2 } from "@aws-sdk/client-ec2";
import { IAM } from "@aws-sdk/client-iam";
import { RDS } from "@aws-sdk/client-rds";
import { S3 } from "@aws-sdk/client-s3";

import type { ApiServer } from "../../../../lab/support/api-server.ts";

type Client = ApiServer["client"];

/**
 * What AWS describes, by kind.
 *
 * @param ids the ids of resources by the names under which they are compared
 */
export async function accountState(
  client: Client,
  ids: ReadonlyMap<string, string>,
): Promise<Record<string, unknown>> {
  const names = new Map([...ids].map(([name, id]) => [id, name]));
  const described = {
    ...(await network(client)),
    ...(await machines(client)),
    ...(await identities(client)),
  };
  const all = { ...described, ...(await databases(client)), ...(await buckets(client)) };
  return normalised(all, names) as Record<string, unknown>;
}

async function network(client: Client) {
  const ec2 = new EC2(client);
  const { Vpcs } = await ec2.describeVpcs();
  const attributes = await Promise.all(
    (Vpcs ?? []).flatMap(({ VpcId }) => [
      ec2.describeVpcAttribute({ VpcId, Attribute: "enableDnsSupport" }),
      ec2.describeVpcAttribute({ VpcId, Attribute: "enableDnsHostnames" }),
    ]),
  );
  const { NatGateways } = await ec2.describeNatGateways();
  return {
    Vpcs,
    attributes,
    Subnets: (await ec2.describeSubnets()).Subnets,
    InternetGateways: (await ec2.describeInternetGateways()).InternetGateways,
    Addresses: (await ec2.describeAddresses()).Addresses,
    NatGateways: NatGateways?.filter(({ State }) => State !== "deleted"),
    RouteTables: (await ec2.describeRouteTables()).RouteTables,
    SecurityGroups: (await ec2.describeSecurityGroups()).SecurityGroups,
    VpcEndpoints: (await ec2.describeVpcEndpoints()).VpcEndpoints,
    FlowLogs: (await ec2.describeFlowLogs()).FlowLogs,
    logGroups: await logGroups(client),
    SecurityGroupRules: (await ec2.describeSecurityGroupRules()).SecurityGroupRules,
  };
}

async function logGroups(client: Client) {
  const logs = new CloudWatchLogs(client);
  return Promise.all(
    ((await logs.describeLogGroups()).logGroups ?? []).map(async (group) => {
      const { tags } = await logs.listTagsForResource({ resourceArn: group.logGroupArn });
      return [group, tags];
    }),
  );
}

async function machines(client: Client) {
  const ec2 = new EC2(client);
  const Filters = [{ Name: "instance-state-name", Values: ["pending", "running", "stopped"] }];
  const { Reservations = [] } = await ec2.describeInstances({ Filters });
  const instances = Reservations.flatMap(({ Instances = [] }) => Instances);
  return {
    KeyPairs: (await ec2.describeKeyPairs({ IncludePublicKey: true })).KeyPairs,
    Volumes: (await ec2.describeVolumes()).Volumes,
    instances: await Promise.all(
      instances.map(async (instance) => {
        const request = { InstanceId: instance.InstanceId, Attribute: "userData" } as const;
        const { UserData } = await ec2.describeInstanceAttribute(request);
        const credits = await ec2.describeInstanceCreditSpecifications({
          InstanceIds: [instance.InstanceId!],
        });
        return { ...instance, UserData, credits: credits.InstanceCreditSpecifications };
      }),
    ),
  };
}

async function identities(client: Client) {
  const iam = new IAM(client);
  const { Roles = [] } = await iam.listRoles();
  return {
    roles: await Promise.all(
      Roles.map(async ({ RoleName }) => ({
        ...(await iam.getRole({ RoleName })).Role,
        policies: await Promise.all(
          ((await iam.listRolePolicies({ RoleName })).PolicyNames ?? []).map((PolicyName) =>
            iam.getRolePolicy({ RoleName, PolicyName }),
          ),
        ),
      })),
    ),
    profiles: await Promise.all(
      ((await iam.listInstanceProfiles()).InstanceProfiles ?? []).map(
        async ({ InstanceProfileName }) =>
          (await iam.getInstanceProfile({ InstanceProfileName })).InstanceProfile,
      ),
    ),
  };
}

async function databases(client: Client) {
  const rds = new RDS(client);
  const tags = async (ResourceName: string | undefined) =>
    (await rds.listTagsForResource({ ResourceName })).TagList;
  const { DBSubnetGroups = [] } = await rds.describeDBSubnetGroups();
  const { DBParameterGroups = [] } = await rds.describeDBParameterGroups();
  const { DBInstances } = await rds.describeDBInstances();
  return {
    // AWS chooses one of the subnet group's zones.
    DBInstances: DBInstances?.map((instance) => ({ ...instance, AvailabilityZone: undefined })),
    subnetGroups: await Promise.all(
      DBSubnetGroups.map(async (group) => [group, await tags(group.DBSubnetGroupArn)]),
    ),
    parameterGroups: await Promise.all(
      DBParameterGroups.map(async (group) => {
        const { DBParameterGroupName } = group;
        const request = { DBParameterGroupName, Source: "user" };
        const { Parameters } = await rds.describeDBParameters(request);
        return [group, Parameters, await tags(group.DBParameterGroupArn)];
      }),
    ),
  };
}

async function buckets(client: Client) {
  const s3 = new S3(client);
  const { Buckets = [] } = await s3.listBuckets();
  const orNone = async <T>(call: Promise<T>) => call.catch((error: Error) => error.name);
  return {
    buckets: await Promise.all(
      Buckets.map(async ({ Name: Bucket }) => ({
        Bucket,
        block: await orNone(s3.getPublicAccessBlock({ Bucket })),
        encryption: await orNone(s3.getBucketEncryption({ Bucket })),
        lifecycle: await orNone(s3.getBucketLifecycleConfiguration({ Bucket })),
        policy: await orNone(s3.getBucketPolicy({ Bucket })),
        tags: await orNone(s3.getBucketTagging({ Bucket })),
        versioning: await orNone(s3.getBucketVersioning({ Bucket })),
        website: await orNone(s3.getBucketWebsite({ Bucket })),
        objects: await Promise.all(
          ((await s3.listObjectsV2({ Bucket })).Contents ?? []).map(async ({ Key }) => {
            const object = { Bucket, Key };
            const { Body, ...head } = await s3.getObject(object);
            return [head, await Body?.transformToString(), await s3.getObjectTagging(object)];
          }),
        ),
      })),
    ),
  };
}

/** Members that differ from one account to the next by chance, time or AWS's own choice of a name. */
const accidental =
  /^(\$metadata|.*(Time|Date|Timestamp)|LastModified|.*DnsName|PublicIp(Address)?|PrivateIp(Address)?|MacAddress|ReservationId|ClientToken|(Role|InstanceProfile)Id|VersionId|DbiResourceId|KeyFingerprint|KmsKeyId|AvailableIpAddressCount|RouteTableAssociationId|HibernationOptions)$/;

/** The value without accidents, known ids by name, policies parsed, and lists, which AWS does not order, sorted. */
function normalised(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value))
    return value
      .map((element) => normalised(element, names))
      .map((element) => [JSON.stringify(element), element] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, element]) => element);
  if (typeof value === "string") return normalisedText(value, names);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, member]) => member !== undefined && !accidental.test(key))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => [key, normalised(member, names)]),
  );
}

function normalisedText(text: string, names: ReadonlyMap<string, string>): unknown {
  for (const candidate of [text, text.startsWith("%7B") ? decodeURIComponent(text) : ""])
    if (candidate.startsWith("{")) return normalised(JSON.parse(candidate), names);
  return text.replace(/\b[a-z]+-[0-9a-f]{17}\b/g, (id) => names.get(id) ?? `${id.split("-")[0]}-…`);
}
