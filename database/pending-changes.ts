/** What RDS changes in the maintenance window only, unless it is told to apply changes at once. */
export interface Deferred {
  readonly instanceClass: string;
  /** GiB. */
  readonly allocatedStorage: number;
  readonly multiAz: boolean;
  /** A change waits from and to 0 only: user guide, "Settings for DB instances". */
  readonly backupRetentionDays: number;
}

/** The warning that changes wait, with the window, for example `sun:05:00-sun:06:00`; undefined if none waits. */
export function pendingChanges(
  wanted: Deferred,
  actual: Deferred,
  window: string,
): string | undefined {
  const days = [actual.backupRetentionDays, wanted.backupRetentionDays] as const;
  const changes: [setting: string, from: unknown, to: unknown][] = [
    ["databaseInstanceClass", actual.instanceClass, wanted.instanceClass],
    // Storage that grew by itself is larger than the setting.
    [
      "databaseAllocatedStorage",
      Math.min(actual.allocatedStorage, wanted.allocatedStorage),
      wanted.allocatedStorage,
    ],
    ["databaseMultiAz", actual.multiAz, wanted.multiAz],
    ["databaseBackupRetentionDays", days.includes(0) ? days[0] : days[1], days[1]],
  ];
  const waiting = changes
    .filter(([, from, to]) => from !== to)
    .map(([setting, from, to]) => `\n- ${setting} from ${String(from)} to ${String(to)}`);
  if (waiting.length === 0) return undefined;
  return (
    `RDS makes these changes in the next maintenance window, ${window} UTC:${waiting.join("")}\n` +
    "To make them at once, set databaseApplyImmediately to true and run up again."
  );
}
