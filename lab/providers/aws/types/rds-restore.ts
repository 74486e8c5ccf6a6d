/** DB instances that begin with a snapshot, or with what another instance had at a moment. */
import type { RDS } from "@aws-sdk/client-rds";
import type { InstanceState } from "@pulumi/aws/rds/instance.js";
import type { Aws, Plain } from "../resource.ts";

type State = Plain<InstanceState>;

export const isRestored = ({ snapshotIdentifier, restoreToPointInTime }: State): boolean =>
  Boolean(snapshotIdentifier ?? restoreToPointInTime);

/** What RDS takes from the source, and the real provider sets when the instance is available. */
const later = [
  ...["AllocatedStorage", "BackupRetentionPeriod", "EngineVersion", "MasterUserPassword"],
  ...["MaxAllocatedStorage", "PreferredBackupWindow", "PreferredMaintenanceWindow", "StorageType"],
] as const;

/** Of a creation what RDS has no parameter for, when it restores MySQL. */
const ofSource = ["DBName", "MasterUsername", "StorageEncrypted"] as const;

/** Restores the instance, which has the source's password until {@link afterRestore}. Resolves to its resource ID. */
export async function restoreInstance(
  rds: RDS,
  request: Aws<State>,
  { identifier, snapshotIdentifier, restoreToPointInTime: moment }: State,
): Promise<string | undefined> {
  const without = (...names: readonly string[]) =>
    Object.fromEntries(Object.entries(request).filter(([key]) => !names.includes(key)));
  if (snapshotIdentifier) {
    const restored = without(...later, ...ofSource);
    const from = { ...restored, DBSnapshotIdentifier: snapshotIdentifier };
    return (await rds.restoreDBInstanceFromDBSnapshot(from as never)).DBInstance?.DbiResourceId;
  }
  const from = {
    ...without(...later, ...ofSource, "DBInstanceIdentifier"),
    TargetDBInstanceIdentifier: identifier,
    SourceDbiResourceId: moment?.sourceDbiResourceId,
    RestoreTime: moment && new Date(moment.restoreTime ?? ""),
  };
  return (await rds.restoreDBInstanceToPointInTime(from)).DBInstance?.DbiResourceId;
}

/** Gives a restored instance, which is available, what it has from its source still. */
export async function afterRestore(rds: RDS, inputs: State): Promise<void> {
  await rds.modifyDBInstance({
    DBInstanceIdentifier: inputs.identifier,
    ApplyImmediately: true,
    // Of a moment, the real provider leaves the source's size to the next update.
    AllocatedStorage: inputs.snapshotIdentifier ? inputs.allocatedStorage : undefined,
    BackupRetentionPeriod: inputs.backupRetentionPeriod,
    EngineVersion: inputs.engineVersion,
    MasterUserPassword: inputs.password,
    MaxAllocatedStorage: inputs.maxAllocatedStorage || undefined,
    PreferredBackupWindow: inputs.backupWindow,
    PreferredMaintenanceWindow: inputs.maintenanceWindow,
    StorageType: inputs.storageType,
  });
}
