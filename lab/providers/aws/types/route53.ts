/** DNS records in Route 53. */
import { type ResourceRecordSet, Route53, type RRType } from "@aws-sdk/client-route-53";
import type { RecordState } from "@pulumi/aws/route53/record.js";

import type { Context } from "../context.ts";
import { type Plain, replace, resource, update } from "../resource.ts";
import { members, same, sameSet } from "../values.ts";

type State = Plain<RecordState>;

export const route53 = (context: Context): Route53 => context.client(Route53);

/** As the DNS compares names, without the dot at the end. */
const plainName = (name: unknown) => String(name).toLowerCase().replace(/\.$/, "");

/** The record's whole name; the program may leave the zone's name out. */
async function fullName(context: Context, { zoneId, name }: State): Promise<string> {
  const { HostedZone } = await route53(context).getHostedZone({ Id: zoneId });
  const zone = plainName(HostedZone?.Name);
  const own = plainName(name ?? "");
  if (own === "") return zone;
  return own === zone || own.endsWith(`.${zone}`) ? own : `${own}.${zone}`;
}

type Alias = NonNullable<State["aliases"]>[number];

const toTarget = ({ name, zoneId, evaluateTargetHealth }: Alias) => ({
  DNSName: name,
  HostedZoneId: zoneId,
  EvaluateTargetHealth: evaluateTargetHealth,
});

/** Names compare as in the DNS; the console's "dualstack." is left out. */
const sameAliases = (have: unknown, want: unknown) => {
  const plain = (aliases: unknown) =>
    members<Alias>(aliases).map((alias) => ({
      ...alias,
      name: plainName(alias.name).replace(/^dualstack\./, ""),
    }));
  return same(plain(have), plain(want));
};

/** `before` is what AWS has of another type in the record's place. */
async function change(
  context: Context,
  Action: "CREATE" | "UPSERT" | "DELETE",
  state: State,
  before?: State,
): Promise<void> {
  const Name = await fullName(context, state);
  const setOf = ({ type, ttl, records = [], aliases = [] }: State): ResourceRecordSet => ({
    Name,
    Type: type as RRType,
    ...(aliases[0]
      ? { AliasTarget: toTarget(aliases[0]) }
      : { TTL: ttl, ResourceRecords: records.map((Value) => ({ Value })) }),
  });
  const removal = before ? [{ Action: "DELETE" as const, ResourceRecordSet: setOf(before) }] : [];
  const Changes = [...removal, { Action, ResourceRecordSet: setOf(state) }];
  const { ChangeInfo } = await route53(context).changeResourceRecordSets({
    HostedZoneId: state.zoneId,
    ChangeBatch: { Changes, Comment: "Managed by Pulumi" },
  });
  const probe = async () =>
    (await route53(context).getChange({ Id: ChangeInfo!.Id })).ChangeInfo?.Status;
  const thing = `the change of ${Name}`;
  await context.waitFor({ thing, via: /PENDING/, to: "INSYNC", limit: 1800 }, probe);
}

const record = resource<State>({
  token: "aws:route53/record:Record",
  inputs: {
    zoneId: replace(),
    name: replace({ same: (have, want) => plainName(have) === plainName(want) }),
    type: update(),
    ttl: update({ aws: "TTL" }),
    records: update({ same: sameSet }),
    aliases: update({ same: sameAliases }),
    allowOverwrite: update({ computed: true, local: true }),
  },
  outputs: ["fqdn"],
  async create(context, _, inputs) {
    await change(context, inputs.allowOverwrite ? "UPSERT" : "CREATE", inputs);
    return `${inputs.zoneId}_${plainName(inputs.name)}_${inputs.type}`;
  },
  async find(context, _, known) {
    const fqdn = await fullName(context, known);
    const { ResourceRecordSets = [] } = await route53(context).listResourceRecordSets({
      HostedZoneId: known.zoneId,
      StartRecordName: fqdn,
      StartRecordType: known.type as RRType,
      MaxItems: 1,
    });
    const [found] = ResourceRecordSets;
    if (plainName(found?.Name) !== fqdn || found?.Type !== known.type) return undefined;
    const Records = (found?.ResourceRecords ?? []).map(({ Value }) => Value);
    const target = found?.AliasTarget;
    const alias = target && {
      Name: plainName(target.DNSName),
      ZoneId: target.HostedZoneId,
      EvaluateTargetHealth: target.EvaluateTargetHealth,
    };
    return {
      ZoneId: known.zoneId,
      Name: known.name,
      Type: found?.Type,
      TTL: found?.TTL,
      Records,
      Aliases: alias && [alias],
      Fqdn: fqdn,
    };
  },
  update: (context, { olds, news }) =>
    change(context, "UPSERT", news, same(olds.type, news.type) ? undefined : olds),
  delete: (context, _, state) => change(context, "DELETE", state),
});

export const types = [record];
