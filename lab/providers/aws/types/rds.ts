import { type Parameter, RDS } from "@aws-sdk/client-rds";
import type { InstanceState } from "@pulumi/aws/rds/instance.js";
import type { ParameterGroupState } from "@pulumi/aws/rds/parameterGroup.js";
import type { SubnetGroupState } from "@pulumi/aws/rds/subnetGroup.js";

import type { Context } from "../context.ts";
import { ifFound } from "../errors.ts";
import { type Plain, replace, resource, tagList, type Tags, update } from "../resource.ts";
import { type Properties, same, sameIgnoringCase, sameSet } from "../values.ts";
import { managedByPulumi } from "./ec2.ts";
import { afterRestore, isRestored, restoreInstance } from "./rds-restore.ts";

const rds = (context: Context): RDS => context.client(RDS);

async function retag(context: Context, _: string, { set, remove }: Tags, state: { arn?: unknown }) {
  const ResourceName = state.arn as string;
  if (remove.length > 0)
    await rds(context).removeTagsFromResource({ ResourceName, TagKeys: remove });
  if (Object.keys(set).length > 0)
    await rds(context).addTagsToResource({ ResourceName, Tags: tagList(set) });
}

/** What AWS describes, with the tags that it tells only when asked for them. */
async function withTags(context: Context, ResourceName = "", found: object) {
  const { TagList } = await rds(context).listTagsForResource({ ResourceName });
  return { ...found, Arn: ResourceName, TagList };
}

const subnetGroup = resource<Plain<SubnetGroupState>>({
  token: "aws:rds/subnetGroup:SubnetGroup",
  inputs: {
    name: replace({ computed: true, aws: "DBSubnetGroupName" }),
    description: update({ default: managedByPulumi, aws: "DBSubnetGroupDescription" }),
    subnetIds: update({ same: sameSet }),
  },
  outputs: ["arn", "vpcId"],
  autoname: { property: "name", maxLength: 255, separator: "-" },
  retag,
  async create(context, request, { name }) {
    await rds(context).createDBSubnetGroup(request as never);
    return name;
  },
  async find(context, id) {
    const { DBSubnetGroups } = await rds(context).describeDBSubnetGroups({ DBSubnetGroupName: id });
    const found = DBSubnetGroups?.[0];
    const SubnetIds = found?.Subnets?.map(({ SubnetIdentifier }) => SubnetIdentifier);
    return found && withTags(context, found.DBSubnetGroupArn, { ...found, SubnetIds });
  },
  update: (context, { request }) => rds(context).modifyDBSubnetGroup(request as never),
  delete: (context, id) => rds(context).deleteDBSubnetGroup({ DBSubnetGroupName: id }),
});

type Parameters = NonNullable<Plain<ParameterGroupState>["parameters"]>;

/** pulumi-aws takes a changed apply method alone for no change, because AWS does. */
const namesAndValues = (parameters: unknown): string[] =>
  ((parameters ?? []) as Parameters).map(({ name, value }) => `${name}=${value}`);

const toAws = ({ name, value, applyMethod = "immediate" }: Parameters[number]): Parameter => ({
  ParameterName: name,
  ParameterValue: value,
  ApplyMethod: applyMethod as "immediate",
});

async function setParameters(context: Context, id: string, have: Parameters, want: Parameters) {
  const has = new Set(namesAndValues(have));
  const removed = have.filter(({ name }) => want.every((parameter) => parameter.name !== name));
  const changed = want.filter(({ name, value }) => !has.has(`${name}=${value}`));
  const group = { DBParameterGroupName: id };
  if (removed.length > 0)
    await rds(context).resetDBParameterGroup({ ...group, Parameters: removed.map(toAws) });
  if (changed.length > 0)
    await rds(context).modifyDBParameterGroup({ ...group, Parameters: changed.map(toAws) });
}

const parameterGroup = resource<Plain<ParameterGroupState>>({
  token: "aws:rds/parameterGroup:ParameterGroup",
  inputs: {
    name: replace({ computed: true, aws: "DBParameterGroupName" }),
    description: replace({ default: managedByPulumi }),
    family: replace({ aws: "DBParameterGroupFamily" }),
    parameters: update({
      same: (have, want) => sameSet(namesAndValues(have), namesAndValues(want)),
    }),
  },
  outputs: ["arn"],
  autoname: { property: "name", maxLength: 255, separator: "-" },
  retag,
  async create(context, request, { name }) {
    await rds(context).createDBParameterGroup(request as never);
    return name;
  },
  complete: (context, id, { parameters = [] }) => setParameters(context, id, [], parameters),
  async find(context, id) {
    const group = { DBParameterGroupName: id };
    const { DBParameterGroups } = await rds(context).describeDBParameterGroups(group);
    const found = DBParameterGroups?.[0];
    // The parameters of another source are the family's own.
    const user = await rds(context).describeDBParameters({ ...group, Source: "user" });
    const Parameters = user.Parameters?.map((parameter) => ({
      Name: parameter.ParameterName,
      Value: parameter.ParameterValue,
      ApplyMethod: parameter.ApplyMethod,
    }));
    return found && withTags(context, found.DBParameterGroupArn, { ...found, Parameters });
  },
  update: (context, { id, olds, news }) =>
    setParameters(context, id, olds.parameters ?? [], news.parameters ?? []),
  delete: (context, id) => rds(context).deleteDBParameterGroup({ DBParameterGroupName: id }),
});

async function findInstance(context: Context, identifier: string) {
  const request = { DBInstanceIdentifier: identifier };
  return (await ifFound(rds(context).describeDBInstances(request)))?.DBInstances?.[0];
}

/** States that an instance passes by itself. */
const passing =
  /^(available|backing-up|creating|deleting|maintenance|modifying|rebooting|renaming|starting|upgrading|(configuring|resetting|storage)-.*)$/;

async function waitUntil(context: Context, identifier: string, to: string, limit: number) {
  const probe = async () => (await findInstance(context, identifier))?.DBInstanceStatus ?? "gone";
  const thing = `database instance ${identifier}`;
  await context.waitFor({ thing, via: passing, to, limit }, probe);
}

/** Storage that has grown by itself is as wanted. */
const sameStorage = (have: unknown, want: unknown, { maxAllocatedStorage: limit }: Properties) =>
  same(have, want) || (Number(have) > Number(want) && Number(limit) > Number(want));

const instance = resource<Plain<InstanceState>>({
  token: "aws:rds/instance:Instance",
  inputs: {
    identifier: update({ computed: true, aws: "DBInstanceIdentifier" }),
    engine: replace({ computed: true }),
    engineVersion: update({ computed: true }),
    instanceClass: update({ aws: "DBInstanceClass" }),
    allocatedStorage: update({ computed: true, same: sameStorage }),
    maxAllocatedStorage: update(),
    storageType: update({ computed: true }),
    storageEncrypted: replace(),
    dbName: replace({ computed: true, aws: "DBName" }),
    username: replace({ computed: true, aws: "MasterUsername" }),
    password: update({ aws: "MasterUserPassword", writeOnly: true }),
    dbSubnetGroupName: update({ computed: true, aws: "DBSubnetGroupName" }),
    vpcSecurityGroupIds: update({ computed: true, same: sameSet }),
    parameterGroupName: update({ computed: true, aws: "DBParameterGroupName" }),
    publiclyAccessible: update({ default: false }),
    multiAz: update({ computed: true, aws: "MultiAZ" }),
    backupRetentionPeriod: update({ computed: true }),
    backupWindow: update({ computed: true, aws: "PreferredBackupWindow" }),
    maintenanceWindow: update({
      computed: true,
      aws: "PreferredMaintenanceWindow",
      same: sameIgnoringCase,
    }),
    enabledCloudwatchLogsExports: update({ same: sameSet, aws: "EnableCloudwatchLogsExports" }),
    copyTagsToSnapshot: update({ default: false }),
    autoMinorVersionUpgrade: update({ default: true }),
    deletionProtection: update(),
    engineLifecycleSupport: update({ computed: true }),
    applyImmediately: update({ local: true }),
    skipFinalSnapshot: update({ default: false, local: true }),
    finalSnapshotIdentifier: update({ local: true }),
    deleteAutomatedBackups: update({ default: true, local: true }),
    // AWS tells neither of an instance. The real provider replaces it for another snapshot, and for no moment at all.
    snapshotIdentifier: replace({ local: true, computed: true }),
    restoreToPointInTime: replace({
      replaces: (_, { restoreToPointInTime: moment }) => !moment,
      local: true,
      fields: ["restoreTime", "sourceDbiResourceId"],
    }),
  },
  outputs: ["address", "arn", "endpoint", "engineVersionActual", "port", "status"],
  autoname: { property: "identifier", maxLength: 63, separator: "" },
  retag,
  async create(context, request, inputs) {
    if (isRestored(inputs)) return restoreInstance(rds(context), request, inputs);
    // 0 is for the provider alone.
    const MaxAllocatedStorage = request.MaxAllocatedStorage || undefined;
    const call = rds(context).createDBInstance({ ...request, MaxAllocatedStorage } as never);
    return (await call).DBInstance?.DbiResourceId;
  },
  async complete(context, id, inputs) {
    const wait = () => waitUntil(context, inputs.identifier ?? id, "available", 2400);
    await wait();
    if (!isRestored(inputs)) return;
    await afterRestore(rds(context), inputs);
    await wait();
  },
  async find(context, id, { identifier, engineVersion: given }) {
    const found = await findInstance(context, identifier ?? id);
    if (!found) return undefined;
    const { Endpoint: endpoint, EngineVersion: version } = found;
    return {
      ...found,
      Address: endpoint?.Address,
      Arn: found.DBInstanceArn,
      DBParameterGroupName: found.DBParameterGroups?.[0]?.DBParameterGroupName,
      EnableCloudwatchLogsExports: found.EnabledCloudwatchLogsExports,
      DBSubnetGroupName: found.DBSubnetGroup?.DBSubnetGroupName,
      Endpoint: endpoint && `${endpoint.Address}:${endpoint.Port}`,
      // The version as given, e.g. 8.4, while the whole one, e.g. 8.4.5, begins with it.
      EngineVersion: version?.startsWith(`${given}.`) ? given : version,
      EngineVersionActual: version,
      Port: endpoint?.Port,
      Status: found.DBInstanceStatus,
      VpcSecurityGroupIds: found.VpcSecurityGroups?.map((group) => group.VpcSecurityGroupId),
    };
  },
  async update(context, { id, olds, news, changes }) {
    if (Object.keys(changes).length === 0) return; // only how it will be deleted
    const { EnableCloudwatchLogsExports: logs, ...others } = changes as Record<string, unknown>;
    const exported = (of: typeof olds) => of.enabledCloudwatchLogsExports ?? [];
    const growth = !same(olds.maxAllocatedStorage, news.maxAllocatedStorage);
    await rds(context).modifyDBInstance({
      ...others,
      // AWS switches growth off by a limit that the storage has already.
      MaxAllocatedStorage: growth ? news.maxAllocatedStorage || news.allocatedStorage : undefined,
      CloudwatchLogsExportConfiguration: logs
        ? {
            EnableLogTypes: exported(news).filter((log) => !exported(olds).includes(log)),
            DisableLogTypes: exported(olds).filter((log) => !exported(news).includes(log)),
          }
        : undefined,
      DBInstanceIdentifier: olds.identifier,
      NewDBInstanceIdentifier: news.identifier === olds.identifier ? undefined : news.identifier,
      ApplyImmediately: news.applyImmediately ?? false,
    });
    await waitUntil(context, news.identifier ?? id, "available", 4800);
  },
  async delete(context, id, { identifier = id, ...state }) {
    const { skipFinalSnapshot: skip, finalSnapshotIdentifier: snapshot } = state;
    if (!skip && !snapshot)
      throw new Error("finalSnapshotIdentifier is required when skipFinalSnapshot is false");
    const last = skip ? { SkipFinalSnapshot: true } : { FinalDBSnapshotIdentifier: snapshot };
    await rds(context).deleteDBInstance({
      DBInstanceIdentifier: identifier,
      DeleteAutomatedBackups: state.deleteAutomatedBackups ?? true,
      ...last,
    });
    await waitUntil(context, identifier, "gone", 3600);
  },
});

export const types = [subnetGroup, parameterGroup, instance];
