import * as rds from "@aws-sdk/client-rds";
import type { Account, Row } from "./account.ts";

const create = (x: Account, more: Partial<rds.CreateDBInstanceCommandInput>) => {
  const input = { ...x.make.database("bad", "db"), ...more };
  return x.make.databases.send(new rds.CreateDBInstanceCommand(input));
};
const modify = (x: Account, more: Partial<rds.ModifyDBInstanceCommandInput>) =>
  x.make.databases.send(new rds.ModifyDBInstanceCommand({ DBInstanceIdentifier: "db", ...more }));

export const databases: Row[] = [
  [
    "a master password of 3 characters",
    "InvalidParameterValue",
    "shorter than 8",
    (x) => create(x, { MasterUserPassword: "abc" }),
  ],
  [
    "a master password of 42 characters",
    "InvalidParameterValue",
    "longer than 41",
    (x) => create(x, { MasterUserPassword: "a".repeat(42) }),
  ],
  ...["/", "@", '"', " "].map((character): Row => [
    `a master password with ${JSON.stringify(character)}`,
    "InvalidParameterValue",
    "Only printable ASCII",
    (x) => create(x, { MasterUserPassword: `correct${character}horse` }),
  ]),
  [
    "a change to a master password of 3 characters",
    "InvalidParameterValue",
    "shorter than 8",
    (x) => modify(x, { MasterUserPassword: "abc" }),
  ],
  [
    "RDS's own user as the master user",
    "InvalidParameterValue",
    "rdsadmin",
    (x) => create(x, { MasterUsername: "rdsadmin" }),
  ],
  [
    "engine version 99.9",
    "InvalidParameterCombination",
    "99.9",
    (x) => create(x, { EngineVersion: "99.9" }),
  ],
  [
    "instance class db.t9.micro",
    "InvalidParameterValue",
    "db.t9.micro",
    (x) => create(x, { DBInstanceClass: "db.t9.micro" }),
  ],
  ["5 GB of storage", "InvalidParameterValue", "gp3: 5", (x) => create(x, { AllocatedStorage: 5 })],
  [
    "storage that may grow to its own size",
    "InvalidParameterCombination",
    "must be greater than storage size",
    (x) => create(x, { MaxAllocatedStorage: 20 }),
  ],
  [
    "storage that may grow by less than 10 %",
    "InvalidParameterCombination",
    "at least 10 percent",
    (x) => create(x, { MaxAllocatedStorage: 21 }),
  ],
  [
    "a change to storage that may grow by less than 10 %",
    "InvalidParameterCombination",
    "at least 10 percent",
    (x) => modify(x, { MaxAllocatedStorage: 21 }),
  ],
  [
    "a backup window that overlaps the maintenance window",
    "InvalidParameterValue",
    "must not overlap",
    (x) =>
      modify(x, {
        PreferredBackupWindow: "05:30-06:30",
        PreferredMaintenanceWindow: "sun:05:00-sun:06:00",
      }),
  ],
  [
    "backups of 99 days",
    "InvalidParameterValue",
    "99",
    (x) => create(x, { BackupRetentionPeriod: 99 }),
  ],
  [
    "a change to backups of 99 days",
    "InvalidParameterValue",
    "99",
    (x) => modify(x, { BackupRetentionPeriod: 99 }),
  ],
  [
    "a parameter group of another version",
    "InvalidParameterCombination",
    "mysql8.0",
    (x) => create(x, { DBParameterGroupName: "old" }),
  ],
  [
    "a database with another VPC's security group",
    "InvalidParameterCombination",
    (x) => x.far,
    (x) => create(x, { VpcSecurityGroupIds: [x.farGroup] }),
  ],
  [
    "a database's subnets in one zone",
    "DBSubnetGroupDoesNotCoverEnoughAZs",
    "us-west-2a",
    (x) => x.make.subnetGroup("one-zone", [x.a, x.data]),
  ],
  [
    "a database's subnets in two VPCs",
    "InvalidSubnet",
    (x) => x.far,
    (x) => x.make.subnetGroup("two-vpcs", [x.a, x.farSubnet]),
  ],
];
