import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { randomSecret } from "../secrets.ts";

/** Arguments of {@link Database}. */
export interface DatabaseArgs {
  /** Private subnets in two zones at least. */
  readonly subnetIds: pulumi.Input<string>[];
  readonly securityGroupId: pulumi.Input<string>;
  /** For example `db.t4g.micro`, about 12 USD a month. */
  readonly instanceClass: string;
  /** GiB of gp3 storage; it can grow, not shrink. */
  readonly allocatedStorage: number;
  /** Name of the schema. A change replaces the database. */
  readonly schema: string;
  /** Refuse deletion by the API, and leave a final snapshot behind. */
  readonly protect: boolean;
}

/** A database server and its master user. */
export interface DatabaseServer {
  readonly address: pulumi.Output<string>;
  readonly port: pulumi.Output<number>;
  readonly schema: string;
  readonly masterUser: string;
  /** A secret. */
  readonly masterPassword: pulumi.Output<string>;
}

/** RDS for MySQL 8.4: encrypted, not public, TLS required, a week of automatic backups. */
export class Database extends pulumi.ComponentResource implements DatabaseServer {
  readonly address: pulumi.Output<string>;
  readonly port: pulumi.Output<number>;
  readonly schema: string;
  readonly masterUser = "dbadmin";
  readonly masterPassword: pulumi.Output<string>;

  constructor(name: string, args: DatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:database:Database", name, {}, opts);
    const mine = { parent: this };
    const tags = { Name: name };

    this.schema = args.schema;
    this.masterPassword = randomSecret(`${name}-master-password`, 16, { parent: this });

    const subnets = new aws.rds.SubnetGroup(
      name,
      { description: `Private subnets of ${name}`, subnetIds: args.subnetIds, tags },
      mine,
    );
    const parameters = new aws.rds.ParameterGroup(
      name,
      {
        description: `Parameters of ${name}`,
        family: "mysql8.4",
        parameters: [
          { name: "require_secure_transport", value: "1" },
          { name: "character_set_server", value: "utf8mb4" },
          // Without it a dump with triggers or functions cannot be restored: nobody is SUPER on RDS.
          { name: "log_bin_trust_function_creators", value: "1" },
        ],
        tags,
      },
      mine,
    );
    const instance = new aws.rds.Instance(
      name,
      {
        engine: "mysql",
        engineVersion: "8.4",
        autoMinorVersionUpgrade: true,
        instanceClass: args.instanceClass,
        allocatedStorage: args.allocatedStorage,
        storageType: "gp3",
        storageEncrypted: true,
        dbName: args.schema,
        username: this.masterUser,
        password: this.masterPassword,
        dbSubnetGroupName: subnets.name,
        vpcSecurityGroupIds: [args.securityGroupId],
        parameterGroupName: parameters.name,
        publiclyAccessible: false,
        backupRetentionPeriod: 7,
        copyTagsToSnapshot: true,
        deletionProtection: args.protect,
        skipFinalSnapshot: !args.protect,
        // Named after the subnet group's random suffix: a fixed name could be taken only once.
        ...(args.protect
          ? { finalSnapshotIdentifier: pulumi.interpolate`${subnets.name}-final` }
          : {}),
        tags,
      },
      mine,
    );

    this.address = instance.address;
    this.port = instance.port;
    this.registerOutputs({ address: this.address, port: this.port });
  }
}
