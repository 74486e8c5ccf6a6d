import { AccountClient } from "../../../../lab/providers/aws/account-client.ts";
import type { ApiServer } from "../../../../lab/support/api-server.ts";
import { type Inputs, ref } from "./subject.ts";
import { makeGithubProvider, providerArn } from "./ci.ts";
import { makeSource } from "./source.ts";
import { makeZone, zoneId } from "./zone.ts";

/** A function of the lab's provider that is compared with the real provider's data source. */
export interface Lookup {
  /** Pulumi's token. */
  readonly token: string;
  /** Terraform's data source, whose arguments are Pulumi's in snake case. */
  readonly terraform: string;
  readonly args: Inputs;
  /** Address of what must be there before, if it is a subject. */
  readonly after?: string;
  /** Outputs that say who calls: each provider is its own user. */
  readonly ofCaller?: readonly string[];
}

const accountId = "123456789012";

/** What the lookups find that is no subject. */
export async function prepare(api: ApiServer): Promise<void> {
  const { client } = api;
  await makeZone(api);
  await makeSource(api);
  await makeGithubProvider(api);
  const PublicAccessBlockConfiguration = { BlockPublicAcls: true };
  await new AccountClient(client).putPublicAccessBlock({
    AccountId: accountId,
    PublicAccessBlockConfiguration,
  });
}

const filter = (name: string, ...values: unknown[]) => [{ name, values }];

/** One of each function, so that their names tell them apart. */
export const lookups: readonly Lookup[] = [
  {
    token: "aws:index/getAvailabilityZones:getAvailabilityZones",
    terraform: "aws_availability_zones",
    args: { filters: filter("zone-type", "availability-zone") },
  },
  {
    token: "aws:index/getCallerIdentity:getCallerIdentity",
    terraform: "aws_caller_identity",
    args: {},
    ofCaller: ["arn", "userId"],
  },
  { token: "aws:index/getRegions:getRegions", terraform: "aws_regions", args: {} },
  {
    token: "aws:ec2/getEips:getEips",
    terraform: "aws_eips",
    args: { filters: filter("allocation-id", ref("translated")) },
    after: "aws_eip.translated",
  },
  {
    token: "aws:ec2/getInstance:getInstance",
    terraform: "aws_instance",
    args: { instanceId: ref("like-the-program") },
    after: "aws_instance.like-the-program",
  },
  {
    token: "aws:ec2/getInstances:getInstances",
    terraform: "aws_instances",
    args: {
      instanceStateNames: ["pending", "running"],
      filters: filter("instance-id", ref("like-the-program")),
    },
    after: "aws_instance.like-the-program",
  },
  {
    token: "aws:ec2/getInstanceType:getInstanceType",
    terraform: "aws_ec2_instance_type",
    args: { instanceType: "t3.micro" },
  },
  {
    token: "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings",
    terraform: "aws_ec2_instance_type_offerings",
    args: { locationType: "availability-zone", filters: filter("instance-type", "t3.micro") },
  },
  {
    token: "aws:ec2/getSubnet:getSubnet",
    terraform: "aws_subnet",
    args: { id: ref("zone-b") },
    after: "aws_subnet.zone-b",
  },
  {
    token: "aws:ec2/getSubnets:getSubnets",
    terraform: "aws_subnets",
    args: { filters: filter("subnet-id", ref("zone-b"), ref("zone-c")) },
    after: "aws_subnet.zone-c",
  },
  {
    token: "aws:ec2/getVpc:getVpc",
    terraform: "aws_vpc",
    args: { id: ref("other") },
    after: "aws_vpc.other",
  },
  {
    token: "aws:ec2/getVpcs:getVpcs",
    terraform: "aws_vpcs",
    args: { tags: { project: "contract" }, filters: filter("cidr", "10.1.0.0/16") },
    after: "aws_vpc.other",
  },
  {
    token: "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider",
    terraform: "aws_iam_openid_connect_provider",
    args: { arn: providerArn },
  },
  {
    token: "aws:route53/getRecords:getRecords",
    terraform: "aws_route53_records",
    args: { zoneId, nameRegex: "^app\\.example\\.test\\.$" },
    after: "aws_route53_record.leaf",
  },
  {
    token: "aws:route53/getZone:getZone",
    terraform: "aws_route53_zone",
    args: { name: "Example.test", privateZone: false },
    // The last of the records, which waits for a load balancer.
    after: "aws_route53_record.alias",
  },
  {
    token: "aws:servicequotas/getServiceQuota:getServiceQuota",
    terraform: "aws_servicequotas_service_quota",
    args: { serviceCode: "ec2", quotaCode: "L-0263D0A3" },
  },
  {
    token: "aws:s3/getAccountPublicAccessBlock:getAccountPublicAccessBlock",
    terraform: "aws_s3_account_public_access_block",
    args: { accountId },
  },
  {
    token: "aws:s3/getObject:getObject",
    terraform: "aws_s3_object",
    args: { bucket: ref("objects"), key: "index.html" },
    after: "aws_s3_object.leaf",
  },
  {
    token: "aws:s3/getObjects:getObjects",
    terraform: "aws_s3_objects",
    args: { bucket: ref("objects"), prefix: "index" },
    after: "aws_s3_object.leaf",
  },
];

/** What a lookup returned, without what is empty and without what differs by time or by account. */
export function comparable(result: Inputs): Inputs {
  const isEmpty = (value: unknown) =>
    value === null ||
    value === undefined ||
    value === "" ||
    (typeof value === "object" && Object.keys(value).length === 0);
  // Members of members have Terraform's names where the real provider returns them.
  const camelCase = (name: string) =>
    name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const timeless = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(timeless);
    if (typeof value === "object" && value !== null) return comparable(value as Inputs);
    if (typeof value !== "string") return value;
    return /^\w{3}, \d/.test(value)
      ? value.replace(/^\w+|\d+ \w+ \d+|\d\d:\d\d:\d\d/g, "…")
      : value.replace(/(\b[a-z]+-[0-9a-f]{17}|\b[0-9a-f]{16}|^\d+(\.\d+){3})$/, "…");
  };
  return Object.fromEntries(
    Object.entries(result)
      .filter(([, value]) => !isEmpty(value))
      .map(([name, value]) => [camelCase(name), timeless(value)]),
  );
}
