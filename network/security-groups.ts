import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

export const groupNames = ["app", "test", "database"] as const;
export type GroupName = (typeof groupNames)[number];

const purposes: Record<GroupName, string> = {
  app: "The app server: web from anywhere, SSH from the administrators",
  test: "The test server: SSH from the app server",
  database: "The database: MySQL from the app server",
};

/** One direction of traffic that a group lets through. */
export interface Rule {
  readonly group: GroupName;
  readonly direction: "ingress" | "egress";
  /** A TCP port, or every protocol and port. */
  readonly port: number | "all";
  /** The other end: a network or a group. */
  readonly peer: { readonly cidr: string } | { readonly group: GroupName };
  readonly description: string;
}

const anywhere = { cidr: "0.0.0.0/0" };

/**
 * Every rule of the system. The database opens no connection, so it has no egress rule.
 *
 * @param port5085 whether everybody may reach port 5085 of the app server
 */
export function planRules(adminCidrs: readonly string[], port5085: boolean): Rule[] {
  const ingress = (group: GroupName, port: number, peer: Rule["peer"], description: string) =>
    ({ group, direction: "ingress", port, peer, description }) as const;
  const outward = (group: GroupName) =>
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
  ];
}

/** Arguments of {@link SecurityGroups}. */
export interface SecurityGroupsArgs {
  readonly vpcId: pulumi.Input<string>;
  /** Networks that may always reach the app server by SSH. */
  readonly adminCidrs: readonly string[];
  /** Whether everybody may reach port 5085 of the app server. */
  readonly port5085: boolean;
  /**
   * Runs in each update, not in previews, with the app server's group, which nothing uses before it has resolved: no
   * rule for adminCidrs is made, and nobody connects by SSH.
   */
  readonly openSsh: (group: string) => Promise<void>;
}

/**
 * The security groups of the app server, the test server and the database, and their rules. The
 * VPC's default group has none.
 */
export class SecurityGroups extends pulumi.ComponentResource {
  readonly ids: Readonly<Record<GroupName, pulumi.Output<string>>>;

  constructor(name: string, args: SecurityGroupsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:network:SecurityGroups", name, {}, opts);
    const idOf = (group: GroupName) =>
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

    // A declaration without rules takes away those that AWS gives the group, which is what a machine
    // gets that is started without naming one.
    new aws.ec2.DefaultSecurityGroup(
      `${name}-default`,
      { vpcId: args.vpcId, tags: { Name: `${name}-default` } },
      { parent: this },
    );

    for (const rule of planRules(args.adminCidrs, args.port5085)) {
      const peer = "cidr" in rule.peer ? rule.peer.cidr.replace("/", "-") : rule.peer.group;
      const ruleName = `${name}-${rule.group}-${rule.direction}-${rule.port}-${peer}`;
      const properties = {
        securityGroupId: this.ids[rule.group],
        description: rule.description,
        ...(rule.port === "all"
          ? { ipProtocol: "-1" }
          : { ipProtocol: "tcp", fromPort: rule.port, toPort: rule.port }),
        ...("cidr" in rule.peer
          ? { cidrIpv4: rule.peer.cidr }
          : { referencedSecurityGroupId: this.ids[rule.peer.group] }),
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
