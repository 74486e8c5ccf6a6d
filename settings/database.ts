/** Settings of how the database changes and grows and of what it is restored from, and the rules between them. */
import { z } from "zod";
import { growthLimit, largestStorage, leastLimit } from "../database/storage.ts";
import { refuse, text, wholeNumber } from "./fields.ts";
import { configCommand, refused, type Problem } from "./problem.ts";
import { dailyWindow, weeklyWindow, windowsOverlap } from "./windows.ts";

/** RDS: letters, digits and single hyphens, a letter first; `rds:` begins the names of automated snapshots. */
const name = "[a-zA-Z](?:-?[a-zA-Z0-9])*";
const snapshot = `(?:arn:aws:rds:[a-z0-9-]+:\\d{12}:snapshot:)?(?:rds:)?${name}`;

/** A moment that exists, to the second or finer, in UTC. */
const moment = text(
  /^$|^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/,
  "must be a moment in UTC, as in RFC 3339",
  'use "", or one like 2026-01-31T08:30:00Z',
).check((context) => {
  const { value } = context;
  // Date reads 30 February as 2 March.
  const exact = (time: number) => new Date(time).toISOString().startsWith(value.slice(0, 19));
  const time = Date.parse(value);
  if (value === "" || (!Number.isNaN(time) && exact(time))) return;
  refuse(context, "is not in the calendar", 'use "", or another moment');
});

export const database = {
  databaseMaxAllocatedStorage: wholeNumber(0, largestStorage, "GiB, the limit of RDS", "use 0"),
  databaseApplyImmediately: z.boolean(),
  databaseMaintenanceWindow: weeklyWindow,
  databaseBackupWindow: dailyWindow,
  databaseMasterPasswordRotation: wholeNumber(0, 1e6, "and is raised by one each time", "use 0"),
  databaseSnapshot: text(
    new RegExp(`^$|^${snapshot}$`),
    "must be the identifier or the ARN of a DB snapshot",
    'use "", or one of: aws rds describe-db-snapshots',
  ),
  databaseRestoreTime: moment,
  databaseRestoreFrom: text(
    new RegExp(`^$|^${name}$`),
    "must be the identifier or the resource ID of a DB instance",
    'use "", or one of: aws rds describe-db-instance-automated-backups',
  ),
};

type Values = Partial<z.output<z.ZodObject<typeof database>>> & {
  readonly databaseAllocatedStorage?: number | undefined;
};

/** What is wrong with values that are right each by itself. */
export function databaseProblems(values: Values): Problem[] {
  return [...growthProblems(values), ...windowProblems(values), ...restoreProblems(values)];
}

function growthProblems({
  databaseAllocatedStorage: allocated,
  databaseMaxAllocatedStorage: limit,
}: Values): Problem[] {
  if (allocated === undefined || !limit || limit === allocated) return [];
  if (growthLimit(allocated, limit) > 0) return [];
  const least = `must be at least ${leastLimit(allocated)}, 10 % above databaseAllocatedStorage, ${allocated}`;
  const remedy = `use 0, for five times as much, or ${allocated}, to keep the storage from growing`;
  return [refused("databaseMaxAllocatedStorage", limit, least, remedy)];
}

function windowProblems({
  databaseMaintenanceWindow: weekly,
  databaseBackupWindow: daily,
}: Values): Problem[] {
  if (!weekly || !daily || !windowsOverlap(weekly, daily)) return [];
  const limit = `overlaps databaseMaintenanceWindow, ${weekly}`;
  const remedy = "use 03:00-04:00, and sun:05:00-sun:06:00 for databaseMaintenanceWindow";
  return [refused("databaseBackupWindow", daily, limit, remedy)];
}

function restoreProblems({
  databaseSnapshot: snapshot,
  databaseRestoreTime: time,
  databaseRestoreFrom: from,
}: Values): Problem[] {
  // One of them is refused already.
  if (snapshot === undefined || time === undefined || from === undefined) return [];
  const remove = (key: string) => configCommand(`rm ${key}`);
  if (time && !from) {
    const limit = "needs databaseRestoreFrom, the DB instance that had the rows then";
    return [refused("databaseRestoreTime", time, limit, remove("databaseRestoreTime"))];
  }
  if (from && !time) {
    const limit = "needs databaseRestoreTime, the moment to restore";
    return [refused("databaseRestoreFrom", from, limit, remove("databaseRestoreFrom"))];
  }
  if (snapshot && time) {
    const limit = "counts only without databaseRestoreTime and databaseRestoreFrom: one origin";
    return [refused("databaseSnapshot", snapshot, limit, remove("databaseSnapshot"))];
  }
  return [];
}
