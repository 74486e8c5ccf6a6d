/** What a new database begins with, unless it begins empty: a snapshot, or the rows that an instance had at a moment. */
import { configCommand, refused, type Problem } from "../settings/problem.ts";

/** The provider's arguments. They count when an instance is created. */
export type Origin =
  | { readonly snapshotIdentifier: string }
  | {
      readonly restoreToPointInTime: {
        /** RFC 3339, UTC. */
        readonly restoreTime: string;
        readonly sourceDbiResourceId: string;
      };
    };

/** The settings that count for an origin. */
export interface OriginSettings {
  /** Identifier or ARN; empty for none. */
  readonly databaseSnapshot: string;
  /** RFC 3339, UTC; empty for none. */
  readonly databaseRestoreTime: string;
  /** Identifier or resource ID of an instance, which may be deleted already; empty for none. */
  readonly databaseRestoreFrom: string;
  /** GiB. */
  readonly databaseAllocatedStorage: number;
  readonly databaseName: string;
}

/** What RDS tells of a snapshot or of the automated backups of an instance. */
export interface Source {
  readonly engine: string;
  /** For example 8.4.5. */
  readonly engineVersion: string;
  /** GiB. */
  readonly allocatedStorage: number;
  readonly masterUser: string;
  readonly encrypted: boolean;
  /** Of the instance, as it was; undefined if it has no tag {@link schemaTag}. */
  readonly schema: string | undefined;
}

/** An instance has its schema in this tag, and RDS copies it to snapshots, of which it tells no schema. */
export const schemaTag = "schema";

/** An instance keeps in this tag what it began with: the engine resolves an ignored input to what the program says now. */
export const originTag = "origin";

/** The value of {@link originTag}, of which AWS allows 256 characters. */
export function originText(origin: Origin): string {
  const text =
    "snapshotIdentifier" in origin
      ? origin.snapshotIdentifier
      : origin.restoreToPointInTime.restoreTime;
  return text.slice(-256);
}

/** Major version of the database, and the name of its master user. */
export const engineVersion = "8.4";
export const masterUser = "dbadmin";

/** The setting that names the source. */
const sourceOf = ({ databaseSnapshot, databaseRestoreFrom }: OriginSettings) =>
  databaseSnapshot
    ? (["databaseSnapshot", databaseSnapshot] as const)
    : (["databaseRestoreFrom", databaseRestoreFrom] as const);

/** What keeps a database with these settings from beginning with the source. */
export function sourceProblems(settings: OriginSettings, source: Source): Problem[] {
  const [key, value] = sourceOf(settings);
  const { engine, engineVersion: version, masterUser: user, schema } = source;
  const found: Problem[] = [];
  if (engine !== "mysql" || !version.startsWith(`${engineVersion}.`)) {
    const limit = `holds ${engine} ${version}, and the database is mysql ${engineVersion}`;
    const remedy =
      engine === "mysql"
        ? 'see "Upgrading a MySQL DB snapshot engine version" in the user guide of RDS'
        : `name one of mysql ${engineVersion}`;
    found.push(refused(key, value, limit, remedy));
  }
  if (user !== masterUser) {
    const limit = `has the master user ${user}, and the releases use ${masterUser}`;
    found.push(refused(key, value, limit, "name one of a database that this program has made"));
  }
  if (!source.encrypted) {
    const limit = "is not encrypted, and the database is";
    const remedy = "name an encrypted copy of a snapshot: aws rds copy-db-snapshot --kms-key-id";
    found.push(refused(key, value, limit, remedy));
  }
  if (source.allocatedStorage > settings.databaseAllocatedStorage) {
    const limit = `must be at least ${source.allocatedStorage} GiB, which ${key} has: storage never shrinks`;
    const remedy = configCommand(`set databaseAllocatedStorage ${source.allocatedStorage}`);
    const size = settings.databaseAllocatedStorage;
    found.push(refused("databaseAllocatedStorage", size, limit, remedy));
  }
  if (schema !== undefined && schema !== settings.databaseName) {
    const limit = `must be ${schema}, the schema that ${key} holds`;
    const remedy = configCommand(`set databaseName ${schema}`);
    found.push(refused("databaseName", settings.databaseName, limit, remedy));
  }
  return found;
}

/** A snapshot whose status is another than `available` cannot be restored yet, or not any more. */
export function statusProblems(snapshot: string, status: string, flags: string): Problem[] {
  if (status === "available") return [];
  const remedy = `wait for it:\naws rds wait db-snapshot-available --db-snapshot-identifier ${snapshot} ${flags}`;
  return [refused("databaseSnapshot", snapshot, `has the status ${status}, not available`, remedy)];
}

/** The moments to which RDS can restore an instance. */
export interface Window {
  readonly earliest: Date;
  /** About five minutes ago while the instance exists. */
  readonly latest: Date;
}

/** As `databaseRestoreTime` is written, to the second: the first in the window after one, the last before another. */
const written = (time: Date) => `${time.toISOString().slice(0, 19)}Z`;
const secondAfter = (time: Date) => new Date(Math.ceil(time.getTime() / 1000) * 1000);

export function windowProblems(
  { databaseRestoreTime: time, databaseRestoreFrom: from }: OriginSettings,
  { earliest, latest }: Window,
): Problem[] {
  const wanted = Date.parse(time);
  if (wanted >= earliest.getTime() && wanted <= latest.getTime()) return [];
  const [first, last] = [written(secondAfter(earliest)), written(latest)];
  const limit = `must be ${first} to ${last}, to which RDS can restore ${from}`;
  return [refused("databaseRestoreTime", time, limit, `use ${last}`)];
}

/** The warning that the database does not come from the origin, as it was there before; undefined without cause. */
export function ignoredOrigin(
  wanted: Origin,
  tags: Readonly<Record<string, string>> | undefined,
): string | undefined {
  const text = originText(wanted);
  if (tags?.[originTag] === text) return undefined;
  const key = "snapshotIdentifier" in wanted ? "databaseSnapshot" : "databaseRestoreTime";
  return (
    `${key} is ${text}, but the database is older, and keeps its rows.\n` +
    'The setting counts when a database is created. docs/database.md, "Go back in time",\n' +
    `tells how to replace the database. Without that: ${configCommand(`rm ${key}`)}`
  );
}
