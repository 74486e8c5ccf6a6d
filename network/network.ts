import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { planSubnets, type Tier } from "./addresses.ts";
import { formatCidr, type Cidr } from "./cidr.ts";
import { FlowLogs } from "./flow-logs.ts";
import { s3Endpoint } from "./s3-endpoint.ts";

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
  /** Names of S3 buckets of the region that the app uses, beside the stack's own. */
  readonly buckets: readonly string[];
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

/** A subnet and its place in the address plan. */
interface PlacedSubnet {
  readonly tier: Tier;
  readonly zone: string;
  readonly id: pulumi.Output<string>;
}

function tierOf(subnets: readonly PlacedSubnet[], routes: pulumi.Resource[]): Subnets {
  return { ids: subnets.map(({ id }) => id), first: subnets[0]!.id, routes };
}

function nameTag(name: string, suffix: string) {
  return { Name: `${name}-${suffix}` };
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

    const vpc = new aws.ec2.Vpc(
      `${name}-vpc`,
      {
        cidrBlock: formatCidr(args.cidr),
        enableDnsSupport: true,
        enableDnsHostnames: true,
        tags: nameTag(name, "vpc"),
      },
      childOpts,
    );
    const vpcId = vpc.id;
    this.vpcId = vpcId;

    const subnets = this.createSubnets(name, args);
    const gateway = new aws.ec2.InternetGateway(
      `${name}-gateway`,
      { vpcId, tags: nameTag(name, "gateway") },
      childOpts,
    );
    const publicTable = this.createRouteTable(name, "public", subnets.public, {
      gatewayId: gateway.id,
    });
    this.public = tierOf(subnets.public, publicTable.routes);

    const nats = this.createNatGateways(name, args, subnets.public);
    const privateTables = subnets.private.map((subnet, index) => {
      const nat = nats[index] ?? nats[0];
      const wayOut = nat && { natGatewayId: nat.id };
      return this.createRouteTable(name, `private-${subnet.zone}`, [subnet], wayOut);
    });
    this.private = tierOf(
      subnets.private,
      privateTables.flatMap(({ routes }) => routes),
    );

    const routeTableIds = [publicTable, ...privateTables].map(({ id }) => id);
    const { region, buckets } = args;
    s3Endpoint(`${name}-s3`, { stack: name, region, buckets, vpc, routeTableIds }, this);
    if (args.flowLogs) {
      new FlowLogs(`${name}-flow-logs`, { vpcId, accountId: vpc.ownerId }, childOpts);
    }

    this.registerOutputs({ vpcId });
  }

  private createSubnets(
    name: string,
    { cidr, zones }: NetworkArgs,
  ): Record<Tier, readonly PlacedSubnet[]> {
    const ids = new Map(
      planSubnets(cidr, zones).map(({ tier, zone, cidr }) => [
        `${tier}-${zone}`,
        new aws.ec2.Subnet(
          `${name}-${tier}-${zone}`,
          {
            vpcId: this.vpcId,
            cidrBlock: cidr,
            availabilityZone: zone,
            tags: nameTag(name, `${tier}-${zone}`),
          },
          { parent: this },
        ).id,
      ]),
    );
    const inTier = (tier: Tier) =>
      zones.map((zone) => ({ tier, zone, id: ids.get(`${tier}-${zone}`)! }));
    return { public: inTier("public"), private: inTier("private") };
  }

  /** A route table with one way out, or none, for these subnets. */
  private createRouteTable(
    name: string,
    suffix: string,
    subnets: readonly PlacedSubnet[],
    wayOut?: { gatewayId: pulumi.Output<string> } | { natGatewayId: pulumi.Output<string> },
  ): { id: pulumi.Output<string>; routes: pulumi.Resource[] } {
    const childOpts = { parent: this };
    const { id } = new aws.ec2.RouteTable(
      `${name}-${suffix}`,
      { vpcId: this.vpcId, tags: nameTag(name, suffix) },
      childOpts,
    );
    const routes = wayOut
      ? [
          new aws.ec2.Route(
            `${name}-${suffix}-internet`,
            { routeTableId: id, destinationCidrBlock: "0.0.0.0/0", ...wayOut },
            childOpts,
          ),
        ]
      : [];
    const associations = subnets.map(
      ({ tier, zone, id: subnetId }) =>
        new aws.ec2.RouteTableAssociation(
          `${name}-${tier}-${zone}`,
          { routeTableId: id, subnetId },
          childOpts,
        ),
    );
    return { id, routes: [...routes, ...associations] };
  }

  private createNatGateways(
    name: string,
    { natGateways, zones }: NetworkArgs,
    publicSubnets: readonly PlacedSubnet[],
  ): aws.ec2.NatGateway[] {
    // AWS refuses to detach a gateway while a mapped public address is left, so the address and
    // the NAT gateway depend on the gateway's routes: `destroy` then takes them away first.
    const behindGateway = { parent: this, dependsOn: this.public.routes };
    return natZones(natGateways, zones).map((zone, index) => {
      // The first zone's is named alike in every mode, so that a change of mode keeps its address.
      const suffix = index === 0 ? "nat" : `nat-${zone}`;
      const address = new aws.ec2.Eip(
        `${name}-${suffix}`,
        { domain: "vpc", tags: nameTag(name, suffix) },
        behindGateway,
      );
      return new aws.ec2.NatGateway(
        `${name}-${suffix}`,
        {
          allocationId: address.id,
          subnetId: publicSubnets.find((subnet) => subnet.zone === zone)!.id,
          tags: nameTag(name, suffix),
        },
        behindGateway,
      );
    });
  }
}
