import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { balancerName } from "./names.ts";
import { deregistrationDelay, healthCheck, idleTimeout } from "./timings.ts";

/** Arguments of {@link Balancer}. */
export interface BalancerArgs {
  readonly vpcId: pulumi.Input<string>;
  /** Public ones, in two zones or more. */
  readonly subnetIds: pulumi.Input<string>[];
  /** The subnets' way to the internet: there before the load balancer, and gone after it. */
  readonly routes: pulumi.Resource[];
  readonly securityGroupId: pulumi.Input<string>;
  /** In ACM, issued. */
  readonly certificateArn: pulumi.Input<string>;
  /** Where the app listens in a task. A change replaces the target group. */
  readonly port: number;
  /** The page that a task must answer with this status; by default, any page or redirect at `/`. */
  readonly health: { readonly path: string; readonly status: number };
  /** Whether AWS refuses to delete the load balancer. It has to be lifted by an update before the one that removes it. */
  readonly protect: boolean;
}

/**
 * An Application Load Balancer for the app's domain, charged by the hour and by traffic: HTTPS in all public subnets, a
 * redirect from HTTP, and a target group for tasks.
 */
export class Balancer extends pulumi.ComponentResource {
  readonly targetGroupArn: pulumi.Output<string>;
  readonly dnsName: pulumi.Output<string>;
  /** Of the zone that AWS keeps the name in. */
  readonly zoneId: pulumi.Output<string>;
  /** A target group takes tasks only once a listener uses it. */
  readonly listener: pulumi.Resource;
  /** The load balancer, with its protection as the arguments say. */
  readonly resource: aws.lb.LoadBalancer;

  constructor(name: string, args: BalancerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:compute:Balancer", name, {}, opts);
    const childOpts = { parent: this };
    const tags = { Name: name };

    const balancer = new aws.lb.LoadBalancer(
      name,
      {
        name: balancerName(name),
        loadBalancerType: "application",
        internal: false,
        subnets: args.subnetIds,
        securityGroups: [args.securityGroupId],
        idleTimeout,
        // A request whose headers HTTP does not allow may mean two things to the load balancer and the app.
        dropInvalidHeaderFields: true,
        enableDeletionProtection: args.protect,
        tags,
      },
      { parent: this, dependsOn: args.routes },
    );
    const targets = this.createTargetGroup(name, args);
    new aws.lb.Listener(
      `${name}-http`,
      {
        loadBalancerArn: balancer.arn,
        port: 80,
        protocol: "HTTP",
        defaultActions: [
          {
            type: "redirect",
            // A load balancer has no 308, which would keep a POST a POST.
            redirect: { port: "443", protocol: "HTTPS", statusCode: "HTTP_301" },
          },
        ],
        tags,
      },
      childOpts,
    );
    this.listener = new aws.lb.Listener(
      `${name}-https`,
      {
        loadBalancerArn: balancer.arn,
        port: 443,
        protocol: "HTTPS",
        // TLS 1.3, and 1.2 with ciphers that have forward secrecy and authenticate: control ELB.17 names the policies.
        sslPolicy: "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
        certificateArn: args.certificateArn,
        defaultActions: [{ type: "forward", targetGroupArn: targets.arn }],
        tags,
      },
      childOpts,
    );

    this.resource = balancer;
    this.targetGroupArn = targets.arn;
    this.dnsName = balancer.dnsName;
    this.zoneId = balancer.zoneId;
    this.registerOutputs({ dnsName: this.dnsName });
  }

  private createTargetGroup(name: string, args: BalancerArgs): aws.lb.TargetGroup {
    return new aws.lb.TargetGroup(
      name,
      {
        name: balancerName(name, args.port),
        vpcId: args.vpcId,
        targetType: "ip",
        protocol: "HTTP",
        port: args.port,
        deregistrationDelay,
        healthCheck: { ...healthCheck, ...pageOf(args.health) },
        tags: { Name: name },
      },
      { parent: this },
    );
  }
}

/**
 * The page as the target group checks it. Which page an app has is found in its files, and may differ between two versions
 * that serve side by side; the app server has checked the right one before.
 */
function pageOf({ path, status }: BalancerArgs["health"]): {
  readonly path: string;
  readonly matcher: string;
} {
  return path === "" ? { path: "/", matcher: "200-399" } : { path, matcher: String(status) };
}
