import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { trustPolicy } from "../trust-policy.ts";

/** Arguments of {@link FlowLogs}. */
export interface FlowLogsArgs {
  readonly vpcId: pulumi.Input<string>;
  /** The AWS account of the VPC. */
  readonly accountId: pulumi.Input<string>;
}

/** Lets the role write to the log group. */
function permissionsPolicy(logGroupArn: pulumi.Output<string>): pulumi.Output<string> {
  return pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        // Without CreateLogGroup: records that come late must not make a destroyed group again.
        Action: [
          "logs:CreateLogStream",
          "logs:DescribeLogGroups",
          "logs:DescribeLogStreams",
          "logs:PutLogEvents",
        ],
        Resource: pulumi.interpolate`${logGroupArn}:*`,
      },
    ],
  });
}

/**
 * A record of every connection in a VPC, accepted or rejected, kept in CloudWatch Logs for 30 days.
 * CloudWatch takes about 0.50 USD a GB of records.
 */
export class FlowLogs extends pulumi.ComponentResource {
  constructor(name: string, args: FlowLogsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:network:FlowLogs", name, {}, opts);
    const childOpts = { parent: this };
    const tags = { Name: name };

    const group = new aws.cloudwatch.LogGroup(name, { retentionInDays: 30, tags }, childOpts);
    const role = new aws.iam.Role(
      name,
      {
        description: "Writes the flow logs",
        assumeRolePolicy: trustPolicy("vpc-flow-logs.amazonaws.com", args.accountId),
        tags,
      },
      childOpts,
    );
    const policy = new aws.iam.RolePolicy(
      name,
      { role: role.id, policy: permissionsPolicy(group.arn) },
      childOpts,
    );
    new aws.ec2.FlowLog(
      name,
      {
        vpcId: args.vpcId,
        trafficType: "ALL",
        logDestination: group.arn,
        iamRoleArn: role.arn,
        tags,
      },
      { parent: this, dependsOn: policy },
    );

    this.registerOutputs({});
  }
}
