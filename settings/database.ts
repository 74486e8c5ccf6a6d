/** Settings of how the database changes and grows, and the rules between them. */
import { z } from "zod";
import { growthLimit, largestStorage, leastLimit } from "../database/storage.ts";
import { wholeNumber } from "./fields.ts";
import { refused, type Problem } from "./problem.ts";
import { dailyWindow, weeklyWindow, windowsOverlap } from "./windows.ts";

export const database = {
  databaseMaxAllocatedStorage: wholeNumber(0, largestStorage, "GiB, the limit of RDS", "use 0"),
  databaseApplyImmediately: z.boolean(),
  databaseMaintenanceWindow: weeklyWindow,
  databaseBackupWindow: dailyWindow,
  databaseMasterPasswordRotation: wholeNumber(0, 1e6, "and is raised by one each time", "use 0"),
};

type Values = Partial<z.output<z.ZodObject<typeof database>>> & {
  readonly databaseAllocatedStorage?: number | undefined;
};

/** What is wrong with values that are right each by itself. */
export function databaseProblems(values: Values): Problem[] {
  return [...growthProblems(values), ...windowProblems(values)];
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
