import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { trustPolicy } from "../trust-policy.ts";
import { Machine, type MachineArgs } from "./machine.ts";

/** Arguments of {@link AppServer}. */
export interface AppServerArgs extends Omit<MachineArgs, "instanceProfile"> {
  /** The buckets that the machine's role may read and write, but not delete from. */
  readonly bucketArns: pulumi.Input<string>[];
  /** The DB instance, with wildcards for what is known after its creation only. */
  readonly databaseArn: string;
  /** What the machine writes to the site; empty if there is none. */
  readonly siteObjectArns: pulumi.Input<string>[];
}

/** What the role may do. */
function permissionsPolicy({
  bucketArns,
  databaseArn,
  siteObjectArns,
}: Pick<AppServerArgs, "bucketArns" | "databaseArn" | "siteObjectArns">): pulumi.Output<string> {
  return pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      // Names the rule that is missing when the database cannot be reached. It knows no resources.
      { Effect: "Allow", Action: "ec2:DescribeSecurityGroupRules", Resource: "*" },
      // How much room the database has for a restore. The first one knows no resources either.
      { Effect: "Allow", Action: "cloudwatch:GetMetricStatistics", Resource: "*" },
      { Effect: "Allow", Action: "rds:DescribeDBInstances", Resource: databaseArn },
      { Effect: "Allow", Action: ["s3:ListBucket", "s3:ListBucketVersions"], Resource: bucketArns },
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"],
        Resource: bucketArns.map((arn) => pulumi.interpolate`${arn}/*`),
      },
      // IAM refuses a statement without a resource.
      ...(siteObjectArns.length > 0
        ? [{ Effect: "Allow", Action: "s3:PutObject", Resource: siteObjectArns }]
        : []),
    ],
  });
}

/** The public machine: a {@link Machine} with an Elastic IP and a role. */
export class AppServer extends pulumi.ComponentResource {
  readonly instanceId: pulumi.Output<string>;
  /** Known only when it leads to the machine. */
  readonly publicIp: pulumi.Output<string>;
  /** As of {@link Machine}. */
  readonly firstContactKey: pulumi.Output<string>;
  /** Id of its role. */
  readonly role: pulumi.Output<string>;
  /** What its role may do. */
  readonly permissions: pulumi.Resource;

  constructor(name: string, args: AppServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:compute:AppServer", name, {}, opts);
    const childOpts = { parent: this };
    const tags = { Name: name };

    const role = new aws.iam.Role(
      name,
      {
        description: `What ${name} may do`,
        assumeRolePolicy: trustPolicy("ec2.amazonaws.com"),
        tags,
      },
      childOpts,
    );
    this.role = role.id;
    this.permissions = new aws.iam.RolePolicy(
      name,
      { role: role.id, policy: permissionsPolicy(args) },
      childOpts,
    );
    const profile = new aws.iam.InstanceProfile(name, { role: role.name, tags }, childOpts);

    const machine = new Machine(
      `${name}-machine`,
      { ...args, instanceProfile: profile.name },
      childOpts,
    );
    // Apart from the machine, so that the address outlives it.
    const address = new aws.ec2.Eip(
      name,
      { domain: "vpc", tags },
      { parent: this, dependsOn: args.routes },
    );
    const association = new aws.ec2.EipAssociation(
      name,
      { allocationId: address.id, instanceId: machine.instanceId },
      childOpts,
    );

    this.instanceId = machine.instanceId;
    this.publicIp = pulumi.all([address.publicIp, association.id]).apply(([ip]) => ip);
    this.firstContactKey = machine.firstContactKey;
    this.registerOutputs({ instanceId: this.instanceId, publicIp: this.publicIp });
  }
}
