/** Reads from RDS what a database is to be restored from, and checks it, before the program creates anything. */
import type {
  DBInstanceAutomatedBackup,
  DBSnapshot,
  DescribeDBInstancesCommandOutput,
  RDS,
  Tag,
} from "@aws-sdk/client-rds";
import * as pulumi from "@pulumi/pulumi";
import { clientOptionsOf, type AwsAccount } from "../network/aws-account.ts";
import { errorOf, refused, type Problem } from "../settings/problem.ts";
import {
  schemaTag,
  sourceProblems,
  statusProblems,
  windowProblems,
  type Origin,
  type OriginSettings,
} from "./origin.ts";

/** Whose database it is: the tags of all resources of a stack. */
export interface Owner {
  readonly project: string;
  readonly stack: string;
}

/** Milliseconds for all calls of AWS together; each takes less than one second. */
const patience = 15_000;

interface Found {
  readonly origin: Origin;
  readonly problems: readonly Problem[];
}

/**
 * What the database begins with; undefined for an empty one. It only reads.
 *
 * For a stack that has its database already, problems are warnings: the origin counts when a database is created, and a
 * snapshot that was restored once may be gone.
 *
 * @throws pulumi.RunError with all problems, or if RDS does not answer
 */
export async function findOrigin(
  settings: OriginSettings,
  account: AwsAccount,
  owner: Owner,
): Promise<Origin | undefined> {
  const { databaseSnapshot, databaseRestoreFrom } = settings;
  if (!databaseSnapshot && !databaseRestoreFrom) return undefined;
  const abortSignal = AbortSignal.timeout(patience);
  const flags = `--region ${account.region}${account.profile ? ` --profile ${account.profile}` : ""}`;
  try {
    // Loaded here, as most stacks do not need it.
    const { RDS, paginateDescribeDBInstances } = await import("@aws-sdk/client-rds");
    const rds = new RDS(await clientOptionsOf(account, abortSignal));
    const options = { abortSignal };
    const [{ origin, problems }, exists] = await Promise.all([
      databaseSnapshot
        ? findSnapshot(rds, settings, flags, options)
        : findMoment(rds, settings, flags, options),
      hasDatabase(paginateDescribeDBInstances({ client: rds }, {}, options), owner),
    ]);
    if (problems.length > 0 && !exists) throw errorOf(problems);
    if (problems.length > 0) void pulumi.log.warn(errorOf(problems).message);
    return origin;
  } catch (error) {
    if (error instanceof pulumi.RunError) throw error;
    const { name, message } = error as Error;
    throw new pulumi.RunError(
      `What the database is to be restored from cannot be read: ${name}: ${message}\n` +
        "remedy: log in to AWS, and allow rds:DescribeDBInstances, rds:DescribeDBSnapshots and\n" +
        "        rds:DescribeDBInstanceAutomatedBackups",
    );
  }
}

type Options = Parameters<RDS["describeDBSnapshots"]>[1] & object;

/** For `catch`: AWS's errors for what is not there. */
function ifNotFound(error: Error): undefined {
  if (!/NotFound(Fault)?$/.test(error.name)) throw error;
}

const tagOf = (tags: readonly Tag[] | undefined, key: string) =>
  tags?.find(({ Key }) => Key === key)?.Value;

async function hasDatabase(
  instances: AsyncIterable<DescribeDBInstancesCommandOutput>,
  owner: Owner,
): Promise<boolean> {
  for await (const { DBInstances = [] } of instances)
    for (const { TagList, DBInstanceStatus } of DBInstances) {
      const owned = Object.entries(owner).every(([key, value]) => tagOf(TagList, key) === value);
      if (owned && DBInstanceStatus !== "deleting") return true;
    }
  return false;
}

const factsOf = (found: DBSnapshot | DBInstanceAutomatedBackup) => ({
  engine: found.Engine ?? "",
  engineVersion: found.EngineVersion ?? "",
  allocatedStorage: found.AllocatedStorage ?? 0,
  masterUser: found.MasterUsername ?? "",
  encrypted: found.Encrypted ?? false,
  schema: tagOf(found.TagList, schemaTag),
});

async function findSnapshot(
  rds: RDS,
  settings: OriginSettings,
  flags: string,
  options: Options,
): Promise<Found> {
  const { databaseSnapshot: name } = settings;
  const origin = { snapshotIdentifier: name };
  const asked = { DBSnapshotIdentifier: name };
  const answer = await rds.describeDBSnapshots(asked, options).catch(ifNotFound);
  const [snapshot] = answer?.DBSnapshots ?? [];
  if (!snapshot) {
    const limit = `is no DB snapshot of this account in ${await rds.config.region()}`;
    const remedy = `use one of: aws rds describe-db-snapshots ${flags}`;
    return { origin, problems: [refused("databaseSnapshot", name, limit, remedy)] };
  }
  const problems = [
    ...statusProblems(name, snapshot.Status ?? "", flags),
    ...sourceProblems(settings, factsOf(snapshot)),
  ];
  return { origin, problems };
}

async function findMoment(
  rds: RDS,
  settings: OriginSettings,
  flags: string,
  options: Options,
): Promise<Found> {
  const { databaseRestoreFrom: from, databaseRestoreTime: restoreTime } = settings;
  const originOf = (sourceDbiResourceId: string) => ({
    restoreToPointInTime: { restoreTime, sourceDbiResourceId },
  });
  const asked = /^db-[A-Z0-9]+$/.test(from)
    ? { DbiResourceId: from }
    : { DBInstanceIdentifier: from };
  const answer = await rds.describeDBInstanceAutomatedBackups(asked, options).catch(ifNotFound);
  // An identifier may have been another instance's before.
  const backups = (answer?.DBInstanceAutomatedBackups ?? []).flatMap((backup) => {
    const { EarliestTime: earliest, LatestTime: latest } = backup.RestoreWindow ?? {};
    if (!earliest || !latest) return [];
    return [{ backup, problems: windowProblems(settings, { earliest, latest }) }];
  });
  const chosen = backups.find(({ problems }) => problems.length === 0) ?? backups[0];
  if (!chosen) {
    const limit = `has no automated backups in ${await rds.config.region()} to restore from`;
    const remedy = `use one of: aws rds describe-db-instance-automated-backups ${flags}`;
    const problems = [refused("databaseRestoreFrom", from, limit, remedy)];
    return { origin: originOf(from), problems };
  }
  const problems = [...chosen.problems, ...sourceProblems(settings, factsOf(chosen.backup))];
  return { origin: originOf(chosen.backup.DbiResourceId ?? from), problems };
}
