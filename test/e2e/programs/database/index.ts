/** The database alone, in a network without a way in, so that a test needs no more than the lab's API. */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { Database, type DatabaseArgs } from "../../../../database/database.ts";

/** The arguments that differ from those below, as JSON. */
const changed = JSON.parse(new pulumi.Config().require("changed")) as Partial<DatabaseArgs>;
const provider = new aws.Provider("database", { region: "us-west-2" });
const vpc = new aws.ec2.Vpc("vpc", { cidrBlock: "10.0.0.0/16" }, { provider });
const subnetIds = ["a", "b"].map(
  (zone, index) =>
    new aws.ec2.Subnet(
      zone,
      {
        vpcId: vpc.id,
        cidrBlock: `10.0.${index}.0/24`,
        availabilityZone: `us-west-2${zone}`,
      },
      { provider },
    ).id,
);
const group = new aws.ec2.SecurityGroup("group", { vpcId: vpc.id }, { provider });
const database = new Database(
  "database",
  {
    subnetIds,
    securityGroupId: group.id,
    instanceClass: "db.t4g.micro",
    allocatedStorage: 20,
    maxAllocatedStorage: 0,
    applyImmediately: false,
    maintenanceWindow: "",
    backupWindow: "",
    masterPasswordRotation: 0,
    schema: "appdb",
    multiAz: false,
    backupRetentionDays: 7,
    origin: undefined,
    logs: false,
    finalSnapshot: false,
    protect: false,
    ...changed,
  },
  { providers: [provider] },
);

export const masterPassword = database.masterPassword;
