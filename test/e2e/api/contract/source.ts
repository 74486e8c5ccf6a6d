/** A database in the account, and a snapshot of it with which another one begins. */
import { RDS } from "@aws-sdk/client-rds";
import type { ApiServer } from "../../../../lab/support/api-server.ts";

export const sourceSnapshot = "contract-snapshot";

export async function makeSource({ client }: ApiServer): Promise<void> {
  const rds = new RDS(client);
  const DBInstanceIdentifier = "source";
  await rds.createDBInstance({
    DBInstanceIdentifier,
    DBInstanceClass: "db.t4g.micro",
    Engine: "mysql",
    EngineVersion: "8.4",
    AllocatedStorage: 20,
    StorageType: "gp3",
    StorageEncrypted: true,
    DBName: "app",
    MasterUsername: "owner",
    MasterUserPassword: "battery-staple",
    BackupRetentionPeriod: 1,
  });
  await rds.createDBSnapshot({ DBInstanceIdentifier, DBSnapshotIdentifier: sourceSnapshot });
}
