import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** Arguments of {@link Logs}. */
export interface LogsArgs {
  /** One of {@link retentionDays}. */
  readonly retentionDays: number;
  /** Of the app server's role, which sends the lines. */
  readonly role: pulumi.Input<string>;
}

/** The log group of a stack; undefined with the setting logRetentionDays 0. */
export function createLogs(
  name: string,
  { logRetentionDays: retentionDays }: { readonly logRetentionDays: number },
  role: pulumi.Input<string>,
  opts: pulumi.ComponentResourceOptions,
): Logs | undefined {
  return retentionDays ? new Logs(name, { retentionDays, role }, opts) : undefined;
}

/** The groups that `./ops logs --since` reads, with a blank between two; empty if the logs stay on the machine. */
export function groupNames(
  logs: Logs | undefined,
  ofTasks: pulumi.Output<string> | undefined,
): pulumi.Input<string> {
  if (!logs) return "";
  return ofTasks ? pulumi.interpolate`${logs.group} ${ofTasks}` : logs.group;
}

/** What the setting logRetentionDays may be, beside 0. CloudWatch Logs API reference, "PutRetentionPolicy". */
export const retentionDays: readonly number[] = [
  ...[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731],
  ...[1096, 1827, 2192, 2557, 2922, 3288, 3653],
];

/**
 * The log group of what the app server's containers log, in CloudWatch. It outlives the machine: scripts/ship-logs.sh
 * sends the lines there, and `./ops logs --since` reads them.
 *
 * CloudWatch charges 0.50 USD for a GB that arrives, and 0.03 USD a month for a GB that it keeps, compressed. An
 * account has 5 GB a month free. https://aws.amazon.com/cloudwatch/pricing/
 */
export class Logs extends pulumi.ComponentResource {
  readonly group: pulumi.Output<string>;

  constructor(name: string, args: LogsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:storage:Logs", name, {}, opts);
    const childOpts = { parent: this };

    const group = new aws.cloudwatch.LogGroup(
      name,
      {
        // One that is made again, because somebody has deleted it, has the name that the machine knows.
        name,
        retentionInDays: args.retentionDays,
        tags: { Name: name },
      },
      childOpts,
    );
    // Apart from the role's other rights, so that those of a stack without the setting stay as they are.
    new aws.iam.RolePolicy(
      name,
      {
        role: args.role,
        policy: pulumi.jsonStringify({
          Version: "2012-10-17",
          Statement: [
            {
              Effect: "Allow",
              Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
              Resource: pulumi.interpolate`${group.arn}:*`,
            },
          ],
        }),
      },
      childOpts,
    );

    this.group = group.name;
    this.registerOutputs({ group: this.group });
  }
}
