import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { createPageCheck, pageRule, type WatchedPage } from "./page-check.ts";
import { createAlarm, type AlarmRule } from "./rule.ts";
import {
  databaseRules,
  machineRules,
  reportRules,
  taskRules,
  type WatchedDatabase,
  type WatchedMachine,
  type WatchedTasks,
} from "./rules.ts";
import { AlarmTopic } from "./topic.ts";

/** Where CloudWatch has the results of health checks. */
const healthCheckRegion = "us-east-1";

/** Arguments of {@link Alarms}. */
export interface AlarmsArgs {
  /** Who gets the mails. */
  readonly email: string;
  readonly region: string;
  /** Of the app server's role, which reports, and reads whether the address is confirmed. */
  readonly role: pulumi.Input<string>;
  /** The command that an operator runs first, for the mails. */
  readonly status: string;
  /** Makes a provider for another region, by its name. */
  readonly providerOf: (region: string) => aws.Provider;
}

/** What {@link Alarms.watch} makes alarms for. */
export interface Watched {
  readonly page: WatchedPage;
  /** Of the page. */
  readonly url: pulumi.Input<string>;
  readonly machines: readonly WatchedMachine[];
  readonly database: WatchedDatabase;
  /** Undefined if the app server serves the app. */
  readonly tasks: WatchedTasks | undefined;
}

/** What the app server's scripts have to know. */
export interface AlarmNames {
  /** Of CloudWatch, for what the app server reports. */
  readonly namespace: string;
  /** ARNs, separated by a blank. */
  readonly topics: pulumi.Output<string>;
  readonly email: string;
}

/** Alarms by mail. The topics come first, so that the app server knows them; the alarms come with the first release. */
export class Alarms extends pulumi.ComponentResource {
  readonly names: AlarmNames;
  /** What lets the app server report. */
  readonly permissions: pulumi.Resource;
  private readonly name: string;
  private readonly args: AlarmsArgs;
  /** The one of the stack's region, and the one of the page's alarm, which may be the same. */
  private readonly topics: Readonly<Record<"own" | "page", AlarmTopic>>;
  private readonly pageProvider: aws.Provider | undefined;

  constructor(name: string, args: AlarmsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:alarms:Alarms", name, {}, opts);
    this.name = name;
    this.args = args;
    const isElsewhere = args.region !== healthCheckRegion;
    this.pageProvider = isElsewhere ? args.providerOf(healthCheckRegion) : undefined;

    const { accountId } = aws.getCallerIdentityOutput({}, { parent: this });
    const topic = (suffix: string, region: string, provider?: aws.Provider) =>
      new AlarmTopic(
        `${name}${suffix}`,
        { accountId, region, alarmPrefix: name, email: args.email },
        { parent: this, ...(provider && { providers: [provider] }) },
      );
    const own = topic("", args.region);
    const page = isElsewhere ? topic("-page", healthCheckRegion, this.pageProvider) : own;
    this.topics = { own, page };

    const arns = isElsewhere ? [own.arn, page.arn] : [own.arn];
    this.permissions = this.createPermissions(arns);
    this.names = {
      namespace: name,
      topics: pulumi.all(arns).apply((all) => all.join(" ")),
      email: args.email,
    };
    this.registerOutputs({});
  }

  /**
   * Makes the health check and the alarms. On a new stack there is something to measure only after the first release, so they
   * come after it: an alarm for which silence is bad would else go off before.
   */
  watch(
    { page, url, machines, database, tasks }: Watched,
    after: readonly pulumi.Resource[],
  ): void {
    const { name, args } = this;
    const { status, region } = args;
    const rules = [
      ...machines.flatMap((machine) => machineRules(machine, region, status)),
      ...databaseRules(database),
      ...(tasks ? taskRules(tasks, status) : []),
      ...reportRules(name, page.https, status),
    ];
    for (const rule of rules) this.create(rule, this.topics.own, after);

    const provider = this.pageProvider && { provider: this.pageProvider };
    const options = { parent: this, dependsOn: [...after], ...provider };
    const check = createPageCheck(name, page, options);
    this.create(pageRule(check.id, url, status), this.topics.page, after, provider);
  }

  private create(
    rule: AlarmRule,
    { arn, policy }: AlarmTopic,
    after: readonly pulumi.Resource[],
    more: pulumi.CustomResourceOptions = {},
  ): void {
    createAlarm(this.name, rule, arn, { parent: this, dependsOn: [...after, policy], ...more });
  }

  private createPermissions(topics: pulumi.Output<string>[]): pulumi.Resource {
    // Apart from the role's other rights, so that those of a stack without alarms stay as they are.
    return new aws.iam.RolePolicy(
      this.name,
      {
        role: this.args.role,
        policy: pulumi.jsonStringify({
          Version: "2012-10-17",
          Statement: [
            { Effect: "Allow", Action: "sns:ListSubscriptionsByTopic", Resource: topics },
            {
              Effect: "Allow",
              Action: "cloudwatch:PutMetricData",
              // It knows no resources, but this condition.
              Resource: "*",
              Condition: { StringEquals: { "cloudwatch:namespace": this.name } },
            },
          ],
        }),
      },
      { parent: this },
    );
  }
}
