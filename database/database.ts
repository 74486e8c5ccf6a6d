import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { randomSecret } from "../secrets.ts";
import { pendingChanges } from "./pending-changes.ts";
import { growthLimit } from "./storage.ts";

/** Arguments of {@link Database}. */
export interface DatabaseArgs {
  /** Private subnets in two zones at least. */
  readonly subnetIds: pulumi.Input<string>[];
  readonly securityGroupId: pulumi.Input<string>;
  /** For example `db.t4g.micro`, about 12 USD a month. */
  readonly instanceClass: string;
  /** GiB of gp3 storage; it can grow, not shrink. */
  readonly allocatedStorage: number;
  /** GiB up to which the storage grows by itself; 0 means five times `allocatedStorage`, which itself means no growth. */
  readonly maxAllocatedStorage: number;
  /** Make changes of class, storage and standby at once, not in the maintenance window. */
  readonly applyImmediately: boolean;
  /** UTC, for example `sun:05:00-sun:06:00`; if empty, AWS chooses. */
  readonly maintenanceWindow: string;
  /** UTC, for example `03:00-04:00`; if empty, AWS chooses. */
  readonly backupWindow: string;
  /** 0 and up. Each means another password of the master user. */
  readonly masterPasswordRotation: number;
  /** Name of the schema. A change replaces the database. */
  readonly schema: string;
  /** A standby in another zone, which takes over within two minutes; it doubles the price. */
  readonly multiAz: boolean;
  /** 0 to 35: to any second of that time RDS restores to another instance. */
  readonly backupRetentionDays: number;
  /** Have errors and queries of more than 2 s in CloudWatch Logs. The log groups outlive the instance. */
  readonly logs: boolean;
  /** Leave a last snapshot behind when it is destroyed. */
  readonly finalSnapshot: boolean;
  /** Refuse deletion, by Pulumi and by the API. */
  readonly protect: boolean;
}

function mysqlParameters({ logs }: DatabaseArgs) {
  return [
    { name: "require_secure_transport", value: "1" },
    { name: "character_set_server", value: "utf8mb4" },
    // Without it a dump with triggers or functions cannot be restored: nobody is SUPER on RDS.
    { name: "log_bin_trust_function_creators", value: "1" },
    ...(logs
      ? [
          { name: "slow_query_log", value: "1" },
          { name: "long_query_time", value: "2" },
          // RDS exports files only.
          { name: "log_output", value: "FILE" },
        ]
      : []),
  ];
}

/** After an update, the instance has what RDS has changed; what waits for the maintenance window is as before. */
function warnOfPendingChanges(wanted: DatabaseArgs, instance: aws.rds.Instance): void {
  pulumi
    .all([
      instance.instanceClass,
      instance.allocatedStorage,
      instance.multiAz,
      instance.backupRetentionPeriod,
      instance.maintenanceWindow,
    ])
    .apply(([instanceClass, allocatedStorage, multiAz, backupRetentionDays, window]) => {
      const actual = { instanceClass, allocatedStorage, multiAz, backupRetentionDays };
      const warning = pendingChanges(wanted, actual, window);
      if (warning) void pulumi.log.warn(warning, instance);
    });
}

/** RDS for MySQL 8.4: encrypted, not public, TLS required, automatic backups. */
export class Database extends pulumi.ComponentResource {
  /** Of the RDS instance. */
  readonly identifier: pulumi.Output<string>;
  readonly address: pulumi.Output<string>;
  readonly port: pulumi.Output<number>;
  readonly schema: string;
  readonly masterUser = "dbadmin";
  /** A secret. */
  readonly masterPassword: pulumi.Output<string>;
  readonly masterPasswordRotation: number;

  constructor(name: string, args: DatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:database:Database", name, {}, opts);
    const childOpts = { parent: this };
    const tags = { Name: name };

    this.schema = args.schema;
    this.masterPasswordRotation = args.masterPasswordRotation;
    this.masterPassword = randomSecret(
      `${name}-master-password`,
      16,
      { parent: this },
      args.masterPasswordRotation,
    );

    const subnets = new aws.rds.SubnetGroup(
      name,
      { description: `Private subnets of ${name}`, subnetIds: args.subnetIds, tags },
      childOpts,
    );
    const parameters = new aws.rds.ParameterGroup(
      name,
      {
        description: `Parameters of ${name}`,
        family: "mysql8.4",
        parameters: mysqlParameters(args),
        tags,
      },
      childOpts,
    );
    const instance = this.createInstance(name, args, subnets, parameters);
    if (!args.applyImmediately) warnOfPendingChanges(args, instance);

    this.identifier = instance.identifier;
    this.address = instance.address;
    this.port = instance.port;
    this.registerOutputs({ address: this.address, port: this.port });
  }

  private createInstance(
    name: string,
    args: DatabaseArgs,
    subnets: aws.rds.SubnetGroup,
    parameters: aws.rds.ParameterGroup,
  ): aws.rds.Instance {
    // Identifiers have no underscores and no two hyphens in a row.
    const hyphened = args.schema.split(/_+/).filter(Boolean).join("-");
    return new aws.rds.Instance(
      name,
      {
        engine: "mysql",
        engineVersion: "8.4",
        autoMinorVersionUpgrade: true,
        instanceClass: args.instanceClass,
        // While growth is on, the provider ignores storage that has grown beyond this.
        allocatedStorage: args.allocatedStorage,
        maxAllocatedStorage: growthLimit(args.allocatedStorage, args.maxAllocatedStorage),
        storageType: "gp3",
        storageEncrypted: true,
        dbName: args.schema,
        username: this.masterUser,
        password: this.masterPassword,
        dbSubnetGroupName: subnets.name,
        vpcSecurityGroupIds: [args.securityGroupId],
        parameterGroupName: parameters.name,
        publiclyAccessible: false,
        multiAz: args.multiAz,
        backupRetentionPeriod: args.backupRetentionDays,
        ...(args.backupWindow ? { backupWindow: args.backupWindow } : {}),
        ...(args.maintenanceWindow ? { maintenanceWindow: args.maintenanceWindow } : {}),
        applyImmediately: args.applyImmediately,
        enabledCloudwatchLogsExports: args.logs ? ["error", "slowquery"] : [],
        // AWS charges for MySQL 8.4 after the end of its standard support, unless that is declined at creation.
        engineLifecycleSupport: "open-source-rds-extended-support-disabled",
        copyTagsToSnapshot: true,
        deletionProtection: args.protect,
        skipFinalSnapshot: !args.finalSnapshot,
        // Each name can be taken once: it has the subnet group's random suffix, and the schema for a database that
        // takes another's place.
        ...(args.finalSnapshot
          ? { finalSnapshotIdentifier: pulumi.interpolate`${subnets.name}-${hyphened}-final` }
          : {}),
        tags: { Name: name },
      },
      {
        parent: this,
        protect: args.protect,
        // RDS takes it at creation only: ModifyDBInstance has no such parameter.
        ignoreChanges: ["engineLifecycleSupport"],
      },
    );
  }
}
