import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { randomBytes } from "node:crypto";
import { randomSecret } from "../secrets.ts";
import {
  engineVersion,
  ignoredOrigin,
  masterUser,
  originTag,
  originText,
  schemaTag,
  type Origin,
} from "./origin.ts";
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
  /** What it begins with, when it is created; undefined for an empty schema. */
  readonly origin: Origin | undefined;
  /** Have errors and queries of more than 2 s in CloudWatch Logs. The log groups outlive the instance. */
  readonly logs: boolean;
  /** Leave a last snapshot and the automated backups behind when it is destroyed. */
  readonly finalSnapshot: boolean;
  /** Refuse deletion, by Pulumi and by the API. */
  readonly protect: boolean;
}

/** Inputs of an instance that tell its origin. */
const ofOrigin = ["snapshotIdentifier", "restoreToPointInTime", `tags.${originTag}`];

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

function warnOfIgnoredOrigin(origin: Origin, instance: aws.rds.Instance): void {
  instance.tagsAll.apply((tags) => {
    const warning = ignoredOrigin(origin, tags);
    if (warning) void pulumi.log.warn(warning, instance);
  });
}

/**
 * A name that no snapshot has, also when a database is in the place of another one: each run has another random part, and
 * an instance keeps that of its creation. Without a final snapshot it is not used, and stays the same: a stack may ask for
 * a final snapshot later.
 */
function nameFinalSnapshot(
  { schema, finalSnapshot }: DatabaseArgs,
  subnets: aws.rds.SubnetGroup,
): pulumi.Output<string> {
  // Identifiers have no underscores and no two hyphens in a row.
  const hyphened = schema.split(/_+/).filter(Boolean).join("-");
  const suffix = finalSnapshot ? `${randomBytes(4).toString("hex")}-final` : "final";
  return pulumi.interpolate`${subnets.name}-${hyphened}-${suffix}`;
}

/** RDS for MySQL 8.4: encrypted, not public, TLS required, automatic backups. */
export class Database extends pulumi.ComponentResource {
  /** Of the RDS instance. */
  readonly identifier: pulumi.Output<string>;
  readonly address: pulumi.Output<string>;
  readonly port: pulumi.Output<number>;
  readonly schema: string;
  readonly masterUser = masterUser;
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
    if (args.origin) warnOfIgnoredOrigin(args.origin, instance);

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
    return new aws.rds.Instance(
      name,
      {
        engine: "mysql",
        engineVersion,
        autoMinorVersionUpgrade: true,
        instanceClass: args.instanceClass,
        // While growth is on, the provider ignores storage that has grown beyond this.
        allocatedStorage: args.allocatedStorage,
        maxAllocatedStorage: growthLimit(args.allocatedStorage, args.maxAllocatedStorage),
        storageType: "gp3",
        storageEncrypted: true,
        ...args.origin,
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
        deleteAutomatedBackups: !args.finalSnapshot,
        finalSnapshotIdentifier: nameFinalSnapshot(args, subnets),
        tags: {
          Name: name,
          [schemaTag]: args.schema,
          ...(args.origin ? { [originTag]: originText(args.origin) } : {}),
        },
      },
      {
        parent: this,
        protect: args.protect,
        // A changed origin would replace the database, and lose its rows; RDS takes an origin, and the life cycle support,
        // at creation only. The engine ignores no change where it creates an instance, be it in the place of another.
        ignoreChanges: [
          "engineLifecycleSupport",
          ...ofOrigin,
          ...(args.finalSnapshot ? ["finalSnapshotIdentifier"] : []),
        ],
      },
    );
  }
}
