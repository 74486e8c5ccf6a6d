import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { planSubnets, type Tier } from "./addresses.ts";
import { formatCidr, type Cidr } from "./cidr.ts";
import { FlowLogs } from "./flow-logs.ts";

/** Arguments of {@link Network}. */
export interface NetworkArgs {
  readonly region: string;
  readonly cidr: Cidr;
  /** Availability zones, two or more, in a lasting order. */
  readonly zones: readonly string[];
  /** A change updates routes in place; machines in private subnets are cut off for some minutes. */
  readonly natGateways: NatGateways;
  /** See {@link FlowLogs}. */
  readonly flowLogs: boolean;
}

/**
 * NAT gateways, about 33 USD a month each: one in the first zone for all, one in each zone, so that
 * a zone that fails takes no other with it, or none, which leaves private machines without a way out.
 */
export const natGatewayModes = ["single", "per-zone", "none"] as const;
export type NatGateways = (typeof natGatewayModes)[number];

/** The zones that have a NAT gateway in this mode. */
export function natZones(mode: NatGateways, zones: readonly string[]): readonly string[] {
  return { none: [], single: zones.slice(0, 1), "per-zone": zones }[mode];
}

/** One tier of the network: a subnet for each zone. */
export interface Subnets {
  /** In the order of the zones. */
  readonly ids: pulumi.Output<string>[];
  /** The subnet of the first zone. */
  readonly first: pulumi.Output<string>;
  /** What a machine in this tier needs before it can reach the internet. */
  readonly routes: pulumi.Resource[];
}

/**
 * A VPC over several zones, with an internet gateway, NAT gateways, a private route table for each
 * zone, and S3's gateway endpoint in every route table.
 */
export class Network extends pulumi.ComponentResource {
  readonly vpcId: pulumi.Output<string>;
  readonly public: Subnets;
  readonly private: Subnets;

  constructor(name: string, args: NetworkArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:network:Network", name, {}, opts);
    const childOpts = { parent: this };
    const tags = (suffix: string) => ({ Name: `${name}-${suffix}` });

    const vpc = new aws.ec2.Vpc(
      `${name}-vpc`,
      {
        cidrBlock: formatCidr(args.cidr),
        enableDnsSupport: true,
        enableDnsHostnames: true,
        tags: tags("vpc"),
      },
      childOpts,
    );
    const vpcId = vpc.id;
    this.vpcId = vpcId;

    const subnets = new Map(
      planSubnets(args.cidr, args.zones).map(({ tier, zone, cidr }) => [
        `${tier}-${zone}`,
        new aws.ec2.Subnet(
          `${name}-${tier}-${zone}`,
          { vpcId, cidrBlock: cidr, availabilityZone: zone, tags: tags(`${tier}-${zone}`) },
          childOpts,
        ),
      ]),
    );
    const subnetId = (tier: Tier, zone: string) => subnets.get(`${tier}-${zone}`)!.id;

    const routeTableIds: pulumi.Output<string>[] = [];
    /** A route table with one way out, or none, for the subnets of a tier in some zones. */
    const routed = (
      suffix: string,
      tier: Tier,
      zones: readonly string[],
      wayOut?: { gatewayId: pulumi.Output<string> } | { natGatewayId: pulumi.Output<string> },
    ): pulumi.Resource[] => {
      const table = new aws.ec2.RouteTable(
        `${name}-${suffix}`,
        { vpcId, tags: tags(suffix) },
        childOpts,
      );
      routeTableIds.push(table.id);
      const routes = wayOut
        ? [
            new aws.ec2.Route(
              `${name}-${suffix}-internet`,
              { routeTableId: table.id, destinationCidrBlock: "0.0.0.0/0", ...wayOut },
              childOpts,
            ),
          ]
        : [];
      return [
        ...routes,
        ...zones.map(
          (zone) =>
            new aws.ec2.RouteTableAssociation(
              `${name}-${tier}-${zone}`,
              { routeTableId: table.id, subnetId: subnetId(tier, zone) },
              childOpts,
            ),
        ),
      ];
    };

    const gateway = new aws.ec2.InternetGateway(
      `${name}-gateway`,
      { vpcId, tags: tags("gateway") },
      childOpts,
    );
    this.public = {
      ids: args.zones.map((zone) => subnetId("public", zone)),
      first: subnetId("public", args.zones[0]!),
      routes: routed("public", "public", args.zones, { gatewayId: gateway.id }),
    };

    // AWS refuses to detach a gateway while a mapped public address is left, so the address and
    // the NAT gateway depend on the gateway's routes: `destroy` then takes them away first.
    const behindGateway = { parent: this, dependsOn: this.public.routes };
    const nats = natZones(args.natGateways, args.zones).map((zone, index) => {
      // The first zone's is named alike in every mode, so that a change of mode keeps its address.
      const suffix = index === 0 ? "nat" : `nat-${zone}`;
      const address = new aws.ec2.Eip(
        `${name}-${suffix}`,
        { domain: "vpc", tags: tags(suffix) },
        behindGateway,
      );
      return new aws.ec2.NatGateway(
        `${name}-${suffix}`,
        { allocationId: address.id, subnetId: subnetId("public", zone), tags: tags(suffix) },
        behindGateway,
      );
    });
    this.private = {
      ids: args.zones.map((zone) => subnetId("private", zone)),
      first: subnetId("private", args.zones[0]!),
      routes: args.zones.flatMap((zone, index) => {
        const nat = nats[index] ?? nats[0];
        return routed(`private-${zone}`, "private", [zone], nat && { natGatewayId: nat.id });
      }),
    };

    // It costs nothing, spares what NAT gateways charge a GB, and works without one. AWS itself puts
    // its routes into the tables, by prefix list, where they are in no Route's way.
    new aws.ec2.VpcEndpoint(
      `${name}-s3`,
      {
        vpcId,
        serviceName: `com.amazonaws.${args.region}.s3`,
        vpcEndpointType: "Gateway",
        routeTableIds,
        tags: tags("s3"),
      },
      childOpts,
    );
    if (args.flowLogs) {
      new FlowLogs(`${name}-flow-logs`, { vpcId, accountId: vpc.ownerId }, childOpts);
    }

    this.registerOutputs({ vpcId });
  }
}
