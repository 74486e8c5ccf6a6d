/** All that the subjects are in an AWS account, in a form in which two accounts can be compared. */
import { ACM } from "@aws-sdk/client-acm";
import { ApplicationAutoScaling } from "@aws-sdk/client-application-auto-scaling";
import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { EC2 } from "@aws-sdk/client-ec2";
import { ECR } from "@aws-sdk/client-ecr";
import { ECS } from "@aws-sdk/client-ecs";
import { ElasticLoadBalancingV2 } from "@aws-sdk/client-elastic-load-balancing-v2";
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
import { alarmState } from "./alarms-state.ts";

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
    ...(await balancers(client)),
    ...(await containers(client)),
    ...(await scaling(client)),
    ...(await alarmState(client)),
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
        const { AttachedPolicies } = await iam.listAttachedRolePolicies({ RoleName });
        return { ...role, AttachedPolicies, policies: await Promise.all(policies) };
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
        lock: await orNone(s3.getObjectLockConfiguration({ Bucket })),
        lifecycle: await orNone(s3.getBucketLifecycleConfiguration({ Bucket })),
        policy: await orNone(s3.getBucketPolicy({ Bucket })),
        replication: await orNone(s3.getBucketReplication({ Bucket })),
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

async function balancers(client: Client) {
  const elb = new ElasticLoadBalancingV2(client);
  const acm = new ACM(client);
  const tags = async (arn = "") =>
    (await elb.describeTags({ ResourceArns: [arn] })).TagDescriptions?.[0]?.Tags;
  // Of the others the real provider sets some to AWS's defaults.
  const known =
    /^(idle_timeout|deletion_protection|deregistration_delay|routing.http.drop_invalid)/;
  const some = (attributes: { Key?: string | undefined }[] = []) =>
    attributes.filter(({ Key = "" }) => known.test(Key));
  const { LoadBalancers = [] } = await elb.describeLoadBalancers();
  const { TargetGroups = [] } = await elb.describeTargetGroups();
  const { CertificateSummaryList = [] } = await acm.listCertificates();
  return {
    loadBalancers: await Promise.all(
      LoadBalancers.map(async (one) => {
        const { LoadBalancerArn } = one;
        const { Listeners = [] } = await elb.describeListeners({ LoadBalancerArn });
        const { Attributes } = await elb.describeLoadBalancerAttributes({ LoadBalancerArn });
        const listeners = Listeners.map(async (each) => [each, await tags(each.ListenerArn)]);
        return [one, some(Attributes), await tags(LoadBalancerArn), await Promise.all(listeners)];
      }),
    ),
    targetGroups: await Promise.all(
      TargetGroups.map(async (one) => {
        const { TargetGroupArn } = one;
        const { Attributes } = await elb.describeTargetGroupAttributes({ TargetGroupArn });
        const { TargetHealthDescriptions = [] } = await elb.describeTargetHealth({
          TargetGroupArn,
        });
        const health = TargetHealthDescriptions.map(({ TargetHealth }) => TargetHealth);
        return [one, some(Attributes), await tags(TargetGroupArn), health];
      }),
    ),
    certificates: await Promise.all(
      CertificateSummaryList.map(async ({ CertificateArn }) => [
        (await acm.describeCertificate({ CertificateArn })).Certificate,
        (await acm.listTagsForCertificate({ CertificateArn })).Tags,
      ]),
    ),
  };
}

async function containers(client: Client) {
  const [ecr, ecs] = [new ECR(client), new ECS(client)];
  const { repositories = [] } = await ecr.describeRepositories();
  const { clusterArns = [] } = await ecs.listClusters();
  const include = ["TAGS" as const];
  const { clusters } = await ecs.describeClusters({
    ...{ clusters: clusterArns, include: ["SETTINGS", "TAGS"] },
  });
  const { taskDefinitionArns = [] } = await ecs.listTaskDefinitions();
  const services = clusterArns.map(async (cluster) => {
    const { serviceArns = [] } = await ecs.listServices({ cluster });
    if (serviceArns.length === 0) return [];
    const found = await ecs.describeServices({ cluster, services: serviceArns, include });
    // The story of a service differs in its times and ids.
    return found.services!.map(({ events, deployments = [], ...service }) => ({
      ...service,
      rollouts: deployments.map(({ rolloutState, taskDefinition }) => [
        ...[rolloutState, taskDefinition, events!.length > 0],
      ]),
    }));
  });
  return {
    repositories: await Promise.all(
      repositories.map(async (one) => {
        const { repositoryName, repositoryArn: resourceArn } = one;
        const policy = ecr.getLifecyclePolicy({ repositoryName }).then(
          ({ lifecyclePolicyText }) => lifecyclePolicyText,
          (error: Error) => error.name,
        );
        const { tags } = await ecr.listTagsForResource({ resourceArn });
        return [one, await policy, tags];
      }),
    ),
    clusters,
    services: await Promise.all(services),
    taskDefinitions: await Promise.all(
      taskDefinitionArns.map((taskDefinition) =>
        ecs.describeTaskDefinition({ taskDefinition, include }),
      ),
    ),
  };
}

async function scaling(client: Client) {
  const of = new ApplicationAutoScaling(client);
  const ecs = { ServiceNamespace: "ecs" } as const;
  const { ScalableTargets = [] } = await of.describeScalableTargets(ecs);
  const { ScalingPolicies = [] } = await of.describeScalingPolicies(ecs);
  return {
    scalableTargets: await Promise.all(
      // The end of its ARN is random.
      ScalableTargets.map(async ({ ScalableTargetARN: ResourceARN, ...one }) => [
        ...[one, (await of.listTagsForResource({ ResourceARN })).Tags],
      ]),
    ),
    scalingPolicies: ScalingPolicies,
  };
}

/** Members that differ from one account to the next by chance, time or AWS's own choice of a name. */
const accidental =
  /^(\$metadata|.*(Time|Date|Timestamp)|LastModified|.*DnsName|PublicIp(Address)?|PrivateIp(Address)?|MacAddress|ReservationId|ClientToken|(Role|InstanceProfile)Id|VersionId|DbiResourceId|KeyFingerprint|KmsKeyId|AvailableIpAddressCount|RouteTableAssociationId|HibernationOptions|.*(At|NotAfter|NotBefore)|Serial)$/;

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
  if (text.startsWith("arn:") && names.has(text)) return names.get(text);
  // Of load balancers in ARNs and in descriptions of interfaces, and of tasks' interfaces.
  text = text
    .replace(/\/[0-9a-f]{16}\b/g, "/…")
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, "…");
  return text.replace(/\b[a-z]+-[0-9a-f]{17}\b/g, (id) => names.get(id) ?? `${id.split("-")[0]}-…`);
}
