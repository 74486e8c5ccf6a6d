/**
 * Which alarms there are, with the reason for each limit. No release may cause one: in a release the page answers all the
 * time, no machine restarts, and builds and migrations get only the processor time that is left.
 */
import type * as pulumi from "@pulumi/pulumi";
import { maxConnections } from "../database/connections.ts";

import type { AlarmRule } from "./rule.ts";

const gib = 1024 ** 3;

/** A machine as its alarms name it. */
export interface WatchedMachine {
  readonly name: "app" | "test";
  readonly instanceId: pulumi.Input<string>;
  readonly instanceType: string;
}

/**
 * Whether an alarm may recover an instance of the type, on other hardware: not one with volumes of its host, and no bare
 * metal. Of families that are not known to allow it, AWS's own recovery, which each instance has by default, takes care.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-recover.html
 */
export function canRecover(instanceType: string): boolean {
  return /^(t[2-4]|[cmr][5-7])(a|g|i|n|an|gn|in)?\.(?!metal)/.test(instanceType);
}

/** EC2 checks each instance once a minute. */
export function machineRules(
  { name, instanceId, instanceType }: WatchedMachine,
  region: string,
  status: string,
): AlarmRule[] {
  const check = {
    namespace: "AWS/EC2",
    dimensions: { InstanceId: instanceId },
    statistic: "Maximum",
    breach: [">=", 1],
    period: 60,
    // A machine that is stopped or replaced reports nothing, and that may be on purpose. AWS asks for it with recovery. A dead
    // app server is found by the check of the page.
    silence: "missing",
  } as const;
  const recovers = canRecover(instanceType);
  return [
    {
      ...check,
      name: `${name}-system`,
      metric: "StatusCheckFailed_System",
      // AWS's advice for recovery: two failed checks in a row.
      periods: 2,
      meaning:
        `The hardware or network of AWS below the ${name} server fails. ` +
        (recovers
          ? "AWS moves the machine to other hardware and boots it there. "
          : "AWS recovers the machine by itself where it can. ") +
        `See: ${status}`,
      ...(recovers && { action: `arn:aws:automate:${region}:ec2:recover` }),
    },
    {
      ...check,
      name: `${name}-instance`,
      metric: "StatusCheckFailed_Instance",
      // A reboot takes less than three minutes. It is not done by the alarm: it would cut off a backup or a release.
      periods: 3,
      meaning:
        `The operating system of the ${name} server does not answer: it is out of memory, or did not boot. ` +
        `Reboot the machine in the console of EC2. See: ${status}`,
    },
  ];
}

/** The database as its alarms name it. */
export interface WatchedDatabase {
  readonly identifier: pulumi.Input<string>;
  readonly instanceClass: string;
  /** GiB that were asked for; storage that has grown has more. */
  readonly allocatedStorage: number;
}

type RdsMetric = Pick<AlarmRule, "namespace" | "dimensions" | "silence">;

export function databaseRules({
  identifier,
  instanceClass,
  allocatedStorage,
}: WatchedDatabase): AlarmRule[] {
  const metric = {
    namespace: "AWS/RDS",
    dimensions: { DBInstanceIdentifier: identifier },
    silence: "missing",
  } as const;
  const most = maxConnections(instanceClass);
  return [
    {
      ...metric,
      name: "database-storage",
      metric: "FreeStorageSpace",
      statistic: "Minimum",
      // RDS lets the storage grow after five minutes below 10 %, unless it has grown within the last six hours.
      breach: ["<", 0.1 * allocatedStorage * gib],
      period: 300,
      periods: 3,
      // The one alarm of the database for which silence is bad: RDS reports each minute while the instance is there. A
      // restart, a failover and a change of the class take less than 15 minutes.
      silence: "breaching",
      meaning:
        `Less than 10 % of the database's ${allocatedStorage} GiB have been free for 15 minutes, or the database reports ` +
        "nothing. A full database is read-only. Raise databaseMaxAllocatedStorage or databaseAllocatedStorage.",
    },
    {
      ...metric,
      name: "database-cpu",
      metric: "CPUUtilization",
      statistic: "Average",
      // The dump and the migration of a release use one of the two or more processors that a class has.
      breach: [">=", 90],
      period: 300,
      periods: 3,
      meaning:
        `The database (${instanceClass}) has used 90 % of its CPU for 15 minutes. Requests become slow. ` +
        "Find slow queries with the setting databaseLogs, or set a larger databaseInstanceClass.",
    },
    ...(most === undefined ? [] : [connectionsRule(metric, instanceClass, most)]),
    ...(/^db\.t\d/.test(instanceClass) ? [creditsRule(metric, instanceClass)] : []),
  ];
}

function connectionsRule(metric: RdsMetric, instanceClass: string, most: number): AlarmRule {
  return {
    ...metric,
    name: "database-connections",
    metric: "DatabaseConnections",
    statistic: "Maximum",
    // During a release, old and new version are connected for less than a minute, and rarely use all of their connections.
    breach: [">=", Math.floor(0.8 * most)],
    period: 60,
    periods: 3,
    meaning:
      `The database (${instanceClass}) has had 80 % of its about ${most} connections in use for 3 minutes. ` +
      "Beyond the limit it refuses clients. Close idle ones, or set a larger databaseInstanceClass.",
  };
}

/**
 * RDS runs burstable classes in unlimited mode: they do not slow down, they cost. A new instance has no credits, so their
 * balance says nothing; what AWS charges does.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Concepts.DBInstanceClass.Types.html
 */
function creditsRule(metric: RdsMetric, instanceClass: string): AlarmRule {
  return {
    ...metric,
    name: "database-credits",
    metric: "CPUSurplusCreditsCharged",
    statistic: "Maximum",
    breach: [">", 0],
    // RDS reports credits each five minutes.
    period: 300,
    periods: 3,
    meaning:
      `The database (${instanceClass}) has used more CPU over 24 hours than its class includes, and AWS charges the rest. ` +
      "Set a larger databaseInstanceClass, or find slow queries with the setting databaseLogs.",
  };
}

/** The tasks on ECS, as the alarms name their load balancer. */
export interface WatchedTasks {
  readonly balancerArn: pulumi.Output<string>;
  readonly targetGroupArn: pulumi.Output<string>;
  /** How many are wanted. */
  readonly count: number;
}

/** Both parts of an ARN that CloudWatch names load balancers and target groups by. */
const balancerPart = (arn: string) => arn.split(":loadbalancer/")[1] ?? arn;
const targetGroupPart = (arn: string) => arn.split(":").at(-1)!;

export function taskRules(
  { balancerArn, targetGroupArn, count }: WatchedTasks,
  status: string,
): AlarmRule[] {
  const balancer = { LoadBalancer: balancerArn.apply(balancerPart) };
  const metric = {
    namespace: "AWS/ApplicationELB",
    dimensions: { ...balancer, TargetGroup: targetGroupArn.apply(targetGroupPart) },
    period: 60,
  } as const;
  const errors = {
    ...metric,
    statistic: "Sum",
    // One visitor who repeats a request that the app cannot answer makes fewer. A release fails no request.
    breach: [">=", 10],
    period: 300,
    periods: 2,
    // AWS reports no zeros.
    silence: "notBreaching",
  } as const;
  return [
    {
      ...metric,
      name: "tasks-unhealthy",
      metric: "UnHealthyHostCount",
      statistic: "Minimum",
      breach: [">=", 1],
      // ECS replaces a task that fails its checks within two minutes. New and draining tasks do not count.
      periods: 5,
      silence: "notBreaching",
      meaning: `A task fails its health check, and ECS has not replaced it for 5 minutes. See: ${status}`,
    },
    {
      ...metric,
      name: "tasks-missing",
      metric: "HealthyHostCount",
      statistic: "Maximum",
      breach: ["<", count],
      // A release keeps the wanted number healthy. A lost task is back within two minutes, unless Fargate has no room. An
      // update that lowers the number changes the tasks before this limit.
      periods: 10,
      // Without any task AWS reports nothing.
      silence: "breaching",
      meaning: `Fewer than the ${count} wanted tasks have been healthy for 10 minutes. See: ${status}`,
    },
    {
      ...errors,
      name: "balancer-errors",
      metric: "HTTPCode_ELB_5XX_Count",
      dimensions: balancer,
      meaning: `The load balancer itself answers with 502, 503 or 504: no task answers it in time. See: ${status}`,
    },
    {
      ...errors,
      name: "app-errors",
      metric: "HTTPCode_Target_5XX_Count",
      meaning: `The app answers requests with a server error. See its logs in CloudWatch Logs, and: ${status}`,
    },
  ];
}

/** What the app server reports of itself each five minutes, by scripts/report-metrics.sh: 0 for good, 1 for a problem. */
export function reportRules(namespace: string, https: boolean, status: string): AlarmRule[] {
  const report = {
    namespace,
    dimensions: {},
    statistic: "Maximum",
    breach: [">=", 1],
    period: 300,
    periods: 3,
    // A machine that does not report, makes no backups either. A reboot takes less than 15 minutes.
    silence: "breaching",
  } as const;
  const silent = "or the app server has reported nothing for 15 minutes";
  return [
    {
      ...report,
      name: "backup",
      metric: "BackupProblem",
      meaning: `The nightly backup has failed or is late, ${silent}. See: ${status}`,
    },
    {
      ...report,
      name: "restore-test",
      metric: "RestoreTestProblem",
      meaning: `The weekly restore test has failed or is late, ${silent}. See: ${status}`,
    },
    ...(https
      ? [
          {
            ...report,
            name: "certificate",
            metric: "CertificateProblem",
            // The proxy asks again once an hour. A certificate that is late still is valid for days, or, for an address, for a
            // day and a half.
            periods: 6,
            meaning:
              "The app server's certificate is self-signed, or about to expire and not renewed, for 30 minutes, " +
              `or the app server does not report. See docs/https.md, and: ${status}`,
          } as const,
        ]
      : []),
  ];
}
