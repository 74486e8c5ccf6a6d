/** All that the subjects are in an AWS account, in a form in which two accounts can be compared. */
import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { EC2 } from "@aws-sdk/client-ec2";
import { IAM } from "@aws-sdk/client-iam";
import { RDS } from "@aws-sdk/client-rds";
import { Route53 } from "@aws-sdk/client-route-53";
import { S3 } from "@aws-sdk/client-s3";

import type { ApiServer } from "../../../../lab/support/api-server.ts";
import { instanceProfiles, logGroups, roles } from "../../../../lab/support/tagged-resources.ts";
import {
  databaseReader,
  flowLogs,
  keyPairs,
  readCloud,
  userData,
  vpcEndpoints,
} from "../../../../tools/inventory.ts";

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
  const all = {
    ...(await cloud(client)),
    ...(await identities(client)),
    ...(await databases(client)),
    ...(await buckets(client)),
    ...(await zones(client)),
  };
  return normalised(all, names) as Record<string, unknown>;
}

async function cloud(client: Client) {
  const ec2 = new EC2(client);
  const found = await readCloud(ec2);
  const attributes = found.vpcs.flatMap(({ VpcId }) => [
    ec2.describeVpcAttribute({ VpcId, Attribute: "enableDnsSupport" }),
    ec2.describeVpcAttribute({ VpcId, Attribute: "enableDnsHostnames" }),
  ]);
  const instances = found.instances.map(async (instance) => {
    const InstanceIds = [instance.InstanceId!];
    const credits = await ec2.describeInstanceCreditSpecifications({ InstanceIds });
    return {
      ...instance,
      UserData: await userData(ec2, instance.InstanceId!),
      credits: credits.InstanceCreditSpecifications,
    };
  });
  return {
    ...found,
    attributes: await Promise.all(attributes),
    instances: await Promise.all(instances),
    addresses: (await ec2.describeAddresses()).Addresses,
    rules: (await ec2.describeSecurityGroupRules()).SecurityGroupRules,
    endpoints: await vpcEndpoints(ec2),
    keyPairs: await keyPairs(ec2),
    volumes: (await ec2.describeVolumes()).Volumes,
    flowLogs: await flowLogs(ec2),
    logGroups: await logGroups(new CloudWatchLogs(client)),
  };
}

async function identities(client: Client) {
  const iam = new IAM(client);
  return {
    roles: await Promise.all(
      (await roles(iam)).map(async (role) => {
        const { RoleName } = role;
        const { PolicyNames = [] } = await iam.listRolePolicies({ RoleName });
        const policies = PolicyNames.map((PolicyName) =>
          iam.getRolePolicy({ RoleName, PolicyName }),
        );
        return { ...role, policies: await Promise.all(policies) };
      }),
    ),
    profiles: await instanceProfiles(iam),
  };
}

async function databases(client: Client) {
  const of = databaseReader(new RDS(client));
  const withTags = async (arn?: string, ...described: unknown[]) => [
    ...described,
    await of.tags(arn),
  ];
  return {
    // AWS chooses one of the subnet group's zones.
    databases: (await of.instances()).map((one) => ({ ...one, AvailabilityZone: undefined })),
    subnetGroups: await Promise.all(
      (await of.subnetGroups()).map((group) => withTags(group.DBSubnetGroupArn, group)),
    ),
    parameterGroups: await Promise.all(
      (await of.parameterGroups()).map(async (group) =>
        withTags(group.DBParameterGroupArn, group, await of.parameters(group.DBParameterGroupName)),
      ),
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

async function zones(client: Client) {
  const route53 = new Route53(client);
  const { HostedZones = [] } = await route53.listHostedZones({});
  return {
    zones: await Promise.all(
      HostedZones.map(async (zone) => {
        const found = await route53.listResourceRecordSets({ HostedZoneId: zone.Id });
        // moto's SOA record is not one.
        return [zone, found.ResourceRecordSets?.filter(({ Type }) => Type !== "SOA")];
      }),
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
