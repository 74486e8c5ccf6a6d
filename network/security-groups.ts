import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export const groupNames = ["app", "test", "database"] as const;
/** Those of tasks on ECS. */
export const taskGroupNames = ["balancer", "tasks"] as const;
export type GroupName = (typeof groupNames)[number];
export type TaskGroupName = (typeof taskGroupNames)[number];
type AnyGroupName = GroupName | TaskGroupName;

// A change of a description replaces the group.
const purposes: Record<AnyGroupName, string> = {
  app: "The app server: web from anywhere, SSH from the administrators",
  test: "The test server: SSH from the app server",
  database: "The database: MySQL from the app server",
  balancer: "The load balancer: web from anywhere",
  tasks: "The tasks of the app: requests from the load balancer",
};

/** One direction of traffic that a group lets through. */
export interface Rule {
  readonly group: AnyGroupName;
  readonly direction: "ingress" | "egress";
  /** A TCP port, or every protocol and port. */
  readonly port: number | "all";
  /** The other end: a network or a group. */
  readonly peer: { readonly cidr: string } | { readonly group: AnyGroupName };
  readonly description: string;
}

const anywhere = { cidr: "0.0.0.0/0" };

/**
 * Every rule of the system. The database opens no connection, so it has no egress rule.
 *
 * @param port5085 whether everybody may reach port 5085 of the app server
 * @param taskPort where the app listens in tasks; undefined without tasks
 */
export function planRules(
  adminCidrs: readonly string[],
  port5085: boolean,
  taskPort?: number,
): Rule[] {
  const ingress = (group: AnyGroupName, port: number, peer: Rule["peer"], description: string) =>
    ({ group, direction: "ingress", port, peer, description }) as const;
  const outward = (group: AnyGroupName) =>
    ({
      group,
      direction: "egress",
      port: "all",
      peer: anywhere,
      description: "Packages, code and container images",
    }) as const;
  return [
    ingress("app", 80, anywhere, "HTTP"),
    ingress("app", 443, anywhere, "HTTPS"),
    ...(port5085 ? [ingress("app", 5085, anywhere, "The app's port in earlier versions")] : []),
    ...adminCidrs.map((cidr) => ingress("app", 22, { cidr }, "SSH of an administrator")),
    outward("app"),
    ingress("test", 22, { group: "app" }, "SSH through the app server"),
    outward("test"),
    ingress("database", 3306, { group: "app" }, "MySQL"),
    ...(taskPort === undefined
      ? []
      : ([
          ingress("balancer", 80, anywhere, "HTTP, which is redirected"),
          ingress("balancer", 443, anywhere, "HTTPS"),
          {
            group: "balancer",
            direction: "egress",
            port: taskPort,
            peer: { group: "tasks" },
            description: "Requests and health checks",
          },
          ingress("tasks", taskPort, { group: "balancer" }, "Requests and health checks"),
          outward("tasks"),
          ingress("database", 3306, { group: "tasks" }, "MySQL of tasks"),
        ] as const)),
  ];
}

/** Arguments of {@link SecurityGroups}. */
export interface SecurityGroupsArgs {
  readonly vpcId: pulumi.Input<string>;
  /** Networks that may always reach the app server by SSH. */
  readonly adminCidrs: readonly string[];
  /** Whether everybody may reach port 5085 of the app server. */
  readonly port5085: boolean;
  /** Where the app listens in tasks; undefined without tasks. */
  readonly taskPort?: number | undefined;
  /**
   * Runs in each update, not in previews, with the app server's group, which nothing uses before it has resolved: no
   * rule for adminCidrs is made, and nobody connects by SSH.
   */
  readonly openSsh: (group: string) => Promise<void>;
}

/**
 * The security groups of the app server, the test server and the database, with tasks also those of the load balancer and
 * the tasks, and their rules. The VPC's default group has none.
 */
export class SecurityGroups extends pulumi.ComponentResource {
  readonly ids: Readonly<Record<GroupName, pulumi.Output<string>>>;
  /** Undefined without tasks. */
  readonly ofTasks: Readonly<Record<TaskGroupName, pulumi.Output<string>>> | undefined;

  constructor(name: string, args: SecurityGroupsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:network:SecurityGroups", name, {}, opts);
    const idOf = (group: AnyGroupName) =>
      new aws.ec2.SecurityGroup(
        `${name}-${group}`,
        {
          vpcId: args.vpcId,
          description: purposes[group],
          tags: { Name: `${name}-${group}` },
        },
        { parent: this },
      ).id;
    const app = idOf("app").apply(async (id) => {
      if (!pulumi.runtime.isDryRun()) await args.openSsh(id);
      return id;
    });
    this.ids = { app, test: idOf("test"), database: idOf("database") };
    this.ofTasks =
      args.taskPort === undefined
        ? undefined
        : { balancer: idOf("balancer"), tasks: idOf("tasks") };
    const ids = { ...this.ids, ...this.ofTasks } as Record<AnyGroupName, pulumi.Output<string>>;

    // A declaration without rules takes away those that AWS gives the group, which is what a machine
    // gets that is started without naming one.
    new aws.ec2.DefaultSecurityGroup(
      `${name}-default`,
      { vpcId: args.vpcId, tags: { Name: `${name}-default` } },
      { parent: this },
    );

    for (const rule of planRules(args.adminCidrs, args.port5085, args.taskPort)) {
      const peer = "cidr" in rule.peer ? rule.peer.cidr.replace("/", "-") : rule.peer.group;
      const ruleName = `${name}-${rule.group}-${rule.direction}-${rule.port}-${peer}`;
      const properties = {
        securityGroupId: ids[rule.group],
        description: rule.description,
        ...(rule.port === "all"
          ? { ipProtocol: "-1" }
          : { ipProtocol: "tcp", fromPort: rule.port, toPort: rule.port }),
        ...("cidr" in rule.peer
          ? { cidrIpv4: rule.peer.cidr }
          : { referencedSecurityGroupId: ids[rule.peer.group] }),
      };
      const Resource =
        rule.direction === "ingress"
          ? aws.vpc.SecurityGroupIngressRule
          : aws.vpc.SecurityGroupEgressRule;
      new Resource(ruleName, properties, { parent: this });
    }

    this.registerOutputs({ ids: this.ids });
  }
}
