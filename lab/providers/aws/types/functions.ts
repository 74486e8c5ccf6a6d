/** Functions that a program calls to look things up. */
import { paginateListObjectsV2, S3 } from "@aws-sdk/client-s3";
import { SSM } from "@aws-sdk/client-ssm";
import { STS } from "@aws-sdk/client-sts";
import type { GetRecordsArgs } from "@pulumi/aws/route53/getRecords.js";
import type { GetZoneArgs } from "@pulumi/aws/route53/getZone.js";
import type {
  GetAccountPublicAccessBlockArgs,
  GetAccountPublicAccessBlockResult,
} from "@pulumi/aws/s3/getAccountPublicAccessBlock.js";
import type { GetObjectArgs, GetObjectResult } from "@pulumi/aws/s3/getObject.js";
import type { GetObjectsArgs, GetObjectsResult } from "@pulumi/aws/s3/getObjects.js";
import type {
  GetServiceQuotaArgs,
  GetServiceQuotaResult,
} from "@pulumi/aws/servicequotas/getServiceQuota.js";
import type { GetParameterArgs } from "@pulumi/aws/ssm/getParameter.js";

import { AccountClient } from "../account-client.ts";
import type { Context } from "../context.ts";
import { explain, ifFound } from "../errors.ts";
import { ec2Functions } from "./ec2-functions.ts";
import { type InvokedFunction, known } from "./index.ts";

export const functions: Record<string, InvokedFunction> = {
  ...ec2Functions,

  async "aws:index/getCallerIdentity:getCallerIdentity"(context, args) {
    known(args);
    const { Account, Arn, UserId } = await context.client(STS).getCallerIdentity({});
    return { id: Account, accountId: Account, arn: Arn, userId: UserId };
  },

  async "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider"(context, args) {
    const { getOpenIdConnectProvider } = await import("./iam-functions.ts");
    return { ...(await getOpenIdConnectProvider(context, known(args, "arn"))) };
  },

  // Only a stack with a domain asks for these, and loading a client takes long.
  async "aws:route53/getRecords:getRecords"(context, args) {
    const { getRecords } = await import("./route53-functions.ts");
    return getRecords(context, known<GetRecordsArgs>(args, "zoneId", "nameRegex"));
  },

  async "aws:route53/getZone:getZone"(context, args) {
    const { getZone } = await import("./route53-functions.ts");
    return { ...(await getZone(context, known<GetZoneArgs>(args, "name", "privateZone"))) };
  },

  "aws:s3/getAccountPublicAccessBlock:getAccountPublicAccessBlock": (context, args) =>
    getAccountPublicAccessBlock(context, known<GetAccountPublicAccessBlockArgs>(args, "accountId")),

  "aws:s3/getObject:getObject": (context, args) =>
    getObject(context, known<GetObjectArgs>(args, "bucket", "key")),

  "aws:s3/getObjects:getObjects": (context, args) =>
    getObjects(context, known<GetObjectsArgs>(args, "bucket", "prefix", "maxKeys")),

  "aws:servicequotas/getServiceQuota:getServiceQuota": (context, args) =>
    getServiceQuota(context, known<GetServiceQuotaArgs>(args, "serviceCode", "quotaCode")),

  async "aws:ssm/getParameter:getParameter"(context, args) {
    const { name } = known<GetParameterArgs>(args, "name");
    const found = (await context.client(SSM).getParameter({ Name: name })).Parameter;
    const { Type: type, Value: value, Version: version } = found ?? {};
    return { ...args, id: name, type, value, version, insecureValue: value };
  },
};

async function getAccountPublicAccessBlock(
  context: Context,
  { accountId }: GetAccountPublicAccessBlockArgs,
) {
  const AccountId = accountId ?? (await context.client(STS).getCallerIdentity({})).Account!;
  const request = context.client(AccountClient).getPublicAccessBlock({ AccountId });
  const resource = `S3 Account Public Access Block (${AccountId})`;
  const found = await ifFound(request).catch((error: unknown) => {
    throw explain("reading", resource, error);
  });
  if (!found) throw new Error(`reading ${resource}: couldn't find resource`);
  const block = found.PublicAccessBlockConfiguration!;
  const result: GetAccountPublicAccessBlockResult = {
    id: AccountId,
    blockPublicAcls: block.BlockPublicAcls!,
    blockPublicPolicy: block.BlockPublicPolicy!,
    ignorePublicAcls: block.IgnorePublicAcls!,
    restrictPublicBuckets: block.RestrictPublicBuckets!,
  };
  return { accountId, ...result };
}

/** The content types of which the real provider downloads the body. */
const readable =
  /^(text\/.+|application\/(json|ld\+json|x-httpd-php|xhtml\+xml|x-csh|x-sh|xml|atom\+xml|x-sql|yaml))$/;

async function getObject(context: Context, { bucket, key }: GetObjectArgs) {
  const s3 = context.client(S3);
  // The real provider does not find "/a//b" either, but "a/b".
  const Key = key.replace(/^\/+/, "").replace(/\/+/g, "/");
  const object = { Bucket: bucket, Key };
  const head = await ifFound(s3.headObject(object));
  if (!head)
    throw new Error(`reading S3 Bucket (${bucket}) Object (${Key}): couldn't find resource`);
  const { ContentType: contentType = "", LastModified, VersionId = "" } = head;
  const result: Partial<GetObjectResult> = {
    arn: `arn:aws:s3:::${bucket}/${Key}`,
    bucket,
    contentLength: head.ContentLength!,
    contentType,
    etag: head.ETag!.replaceAll('"', ""),
    id: `${bucket}/${key}`,
    key,
    // RFC 1123, with the zone as Go names it.
    lastModified: LastModified!.toUTCString().replace("GMT", "UTC"),
    metadata: head.Metadata ?? {},
    region: context.region,
    versionId: VersionId,
  };
  if (!readable.test(contentType)) return result;
  // The version that was described, should somebody write another one meanwhile.
  const { Body } = await s3.getObject({ ...object, VersionId: head.VersionId });
  return { ...result, body: await Body!.transformToString() };
}

async function getObjects(context: Context, args: GetObjectsArgs) {
  const { bucket, prefix, maxKeys = 1000 } = args;
  const request = { Bucket: bucket, Prefix: prefix, MaxKeys: Math.min(maxKeys, 1000) };
  const keys: string[] = [];
  try {
    for await (const page of paginateListObjectsV2({ client: context.client(S3) }, request)) {
      keys.push(...(page.Contents ?? []).map(({ Key }) => Key!));
      if (keys.length >= maxKeys) break;
    }
  } catch (error) {
    throw explain("listing", `S3 Bucket (${bucket}) Objects`, error);
  }
  const result: Partial<GetObjectsResult> = {
    bucket,
    commonPrefixes: [],
    id: bucket,
    keys: keys.slice(0, maxKeys),
    maxKeys,
    owners: [],
    region: context.region,
    requestCharged: "",
  };
  return { ...args, ...result };
}

async function getServiceQuota(
  context: Context,
  { serviceCode: ServiceCode, quotaCode: QuotaCode }: GetServiceQuotaArgs,
) {
  // Only a new stack asks for it, and loading a client takes long.
  const { ServiceQuotas } = await import("@aws-sdk/client-service-quotas");
  const client = context.client(ServiceQuotas);
  const request = { ServiceCode, QuotaCode };
  const { Quota: usual } = await client.getAWSDefaultServiceQuota(request);
  const { Quota: applied } = (await ifFound(client.getServiceQuota(request))) ?? { Quota: usual };
  const result: Partial<GetServiceQuotaResult> = {
    adjustable: usual!.Adjustable!,
    arn: applied!.QuotaArn!,
    defaultValue: usual!.Value!,
    globalQuota: usual!.GlobalQuota!,
    id: usual!.QuotaArn!,
    quotaCode: usual!.QuotaCode!,
    quotaName: usual!.QuotaName!,
    serviceCode: usual!.ServiceCode!,
    serviceName: usual!.ServiceName!,
    value: applied!.Value!,
  };
  return result;
}
