/** Route 53's functions that a program calls to look things up. */
import {
  type ListResourceRecordSetsRequest,
  type ListResourceRecordSetsResponse,
  paginateListHostedZones,
  type ResourceRecordSet,
} from "@aws-sdk/client-route-53";
import type { GetRecordsArgs } from "@pulumi/aws/route53/getRecords.js";
import type { GetZoneArgs, GetZoneResult } from "@pulumi/aws/route53/getZone.js";

import type { Context } from "../context.ts";
import { explain } from "../errors.ts";
import { route53 } from "./route53.ts";

/** As the real provider compares and shows names of zones. */
const plainName = (name = "") => name.toLowerCase().replace(/\.$/, "");

/** The only zone of that name. @throws in the words of the real provider if there is none, or more than one */
export async function getZone(
  context: Context,
  { name, privateZone = false }: GetZoneArgs,
): Promise<Partial<GetZoneResult>> {
  const client = route53(context);
  const found = [];
  try {
    for await (const { HostedZones = [] } of paginateListHostedZones({ client }, {}))
      for (const zone of HostedZones)
        if (plainName(zone.Name) === plainName(name) && !!zone.Config?.PrivateZone === privateZone)
          found.push(zone);
  } catch (error) {
    throw explain("reading", "Route 53 Hosted Zones", error);
  }
  const kind = "Route 53 Hosted Zone";
  const [zone, ...others] = found;
  if (!zone) throw new Error(`no matching ${kind} found`);
  if (others.length > 0)
    throw new Error(
      `multiple ${kind}s matched; use additional constraints to reduce matches to a single ${kind}`,
    );
  const id = zone.Id!.replace("/hostedzone/", "");
  const { DelegationSet } = await client.getHostedZone({ Id: id });
  const { ResourceTagSet } = await client.listTagsForResource({
    ...{ ResourceType: "hostedzone", ResourceId: id },
  });
  const nameServers = DelegationSet?.NameServers ?? [];
  return {
    arn: `arn:aws:route53:::hostedzone/${id}`,
    callerReference: zone.CallerReference!,
    comment: zone.Config?.Comment ?? "",
    id,
    name: plainName(zone.Name),
    nameServers,
    primaryNameServer: nameServers[0]!,
    privateZone,
    resourceRecordSetCount: zone.ResourceRecordSetCount!,
    tags: Object.fromEntries((ResourceTagSet?.Tags ?? []).map(({ Key, Value }) => [Key!, Value!])),
    zoneId: id,
  };
}

/** The records whose names, with the dot at the end, match. */
export async function getRecords(context: Context, { zoneId, nameRegex = "" }: GetRecordsArgs) {
  const pattern = new RegExp(nameRegex);
  const resourceRecordSets = [];
  try {
    for await (const record of allRecords(context, zoneId))
      if (pattern.test(record.Name!)) resourceRecordSets.push(described(record));
  } catch (error) {
    throw explain("listing", `Route 53 Records (${zoneId})`, error);
  }
  return { nameRegex, resourceRecordSets, zoneId };
}

async function* allRecords(context: Context, HostedZoneId: string) {
  let request: ListResourceRecordSetsRequest | undefined = { HostedZoneId };
  while (request) {
    const page: ListResourceRecordSetsResponse =
      await route53(context).listResourceRecordSets(request);
    yield* page.ResourceRecordSets ?? [];
    request = page.IsTruncated
      ? {
          HostedZoneId,
          StartRecordName: page.NextRecordName,
          StartRecordType: page.NextRecordType,
          StartRecordIdentifier: page.NextRecordIdentifier,
        }
      : undefined;
  }
}

function described({ Name, Type, TTL, ResourceRecords = [], AliasTarget }: ResourceRecordSet) {
  return {
    name: Name,
    type: Type,
    ttl: TTL,
    resourceRecords: ResourceRecords.map(({ Value }) => ({ value: Value })),
    aliasTarget: AliasTarget && {
      dnsName: AliasTarget.DNSName,
      evaluateTargetHealth: AliasTarget.EvaluateTargetHealth,
      hostedZoneId: AliasTarget.HostedZoneId,
    },
  };
}
