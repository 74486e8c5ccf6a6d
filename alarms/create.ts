import type * as pulumi from "@pulumi/pulumi";
import { awsProvider } from "../aws-provider.ts";
import type { Balancer } from "../compute/tasks/balancer.ts";
import { ops } from "../operations/names.ts";
import type { Settings } from "../settings/settings.ts";
import { Alarms, type Watched } from "./alarms.ts";

/** The alarms of a stack; undefined without the setting alarmEmail. */
export function createAlarms(
  name: string,
  { alarmEmail: email, region }: Pick<Settings, "alarmEmail" | "region">,
  tags: Readonly<Record<"project" | "stack", string>>,
  role: pulumi.Input<string>,
  opts: pulumi.ComponentResourceOptions,
): Alarms | undefined {
  if (!email) return undefined;
  const status = `${ops} status --stack ${tags.stack}`;
  const providerOf = (other: string) => awsProvider(`${name}-${other}`, other, tags);
  return new Alarms(name, { email, region, role, status, providerOf }, opts);
}

/** What the alarms need to know of the stack. */
export interface WatchedArgs {
  readonly settings: Pick<
    Settings,
    | "domain"
    | "https"
    | "appHealthPath"
    | "appHealthStatus"
    | "instanceType"
    | "databaseInstanceClass"
    | "databaseAllocatedStorage"
  >;
  /** Address of the page. */
  readonly url: pulumi.Input<string>;
  readonly appServer: Readonly<Record<"instanceId" | "publicIp", pulumi.Output<string>>>;
  readonly testServer: Readonly<Record<"instanceId", pulumi.Output<string>>>;
  readonly database: Readonly<Record<"identifier", pulumi.Output<string>>>;
  /** The load balancer that serves the app, and for how many tasks; undefined if the app server does. */
  readonly balancer: Pick<Balancer, "resource" | "targetGroupArn"> | undefined;
  readonly taskCount: number | undefined;
}

export function watched({ settings, url, balancer, taskCount, ...args }: WatchedArgs): Watched {
  const { instanceType } = settings;
  return {
    url,
    page: {
      domain: settings.domain,
      address: args.appServer.publicIp,
      https: settings.https,
      health: { path: settings.appHealthPath, status: settings.appHealthStatus },
    },
    machines: [
      { name: "app", instanceId: args.appServer.instanceId, instanceType },
      { name: "test", instanceId: args.testServer.instanceId, instanceType },
    ],
    database: {
      identifier: args.database.identifier,
      instanceClass: settings.databaseInstanceClass,
      allocatedStorage: settings.databaseAllocatedStorage,
    },
    tasks: balancer && {
      balancerArn: balancer.resource.arn,
      targetGroupArn: balancer.targetGroupArn,
      count: taskCount ?? 1,
    },
  };
}
