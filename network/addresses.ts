import { formatCidr, parseCidr, sizeOf, type Cidr } from "./cidr.ts";

/** Kinds of subnet that every zone gets: `public` is routed to the internet gateway, `private` to NAT. */
export const tiers = ["public", "private"] as const;
export type Tier = (typeof tiers)[number];

/** A subnet to be made. */
export interface SubnetPlan {
  readonly tier: Tier;
  readonly zone: string;
  readonly cidr: string;
}

/** The smallest subnet that AWS makes, https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html */
const smallestSubnet = 28;

/** How many zones fit into a VPC of this size. */
export function zoneCapacity(vpc: Cidr): number {
  return Math.floor(2 ** (subnetPrefix(vpc) - vpc.prefix) / tiers.length);
}

/**
 * One subnet for each zone and tier, all of one size.
 *
 * Subnets are numbered zone by zone and their size depends on the VPC alone, so a zone that is
 * added at the end leaves the others where they are.
 *
 * @throws RangeError if the VPC has no room for so many zones.
 */
export function planSubnets(vpc: Cidr, zones: readonly string[]): SubnetPlan[] {
  if (zones.length > zoneCapacity(vpc)) {
    throw new RangeError(
      `${formatCidr(vpc)} has room for ${zoneCapacity(vpc)} zones, not for ${zones.length}`,
    );
  }
  const prefix = subnetPrefix(vpc);
  return zones.flatMap((zone, z) =>
    tiers.map((tier, t) => {
      const base = vpc.base + (z * tiers.length + t) * sizeOf(prefix);
      return { tier, zone, cidr: formatCidr({ base, prefix }) };
    }),
  );
}

/** For which zone, counted from 0, the plan has this subnet; undefined if it is none of the plan's. */
export function zoneIndex(vpc: Cidr, subnet: string): number | undefined {
  const prefix = subnetPrefix(vpc);
  const parsed = parseCidr(subnet);
  if (parsed?.prefix !== prefix) return undefined;
  const index = Math.floor((parsed.base - vpc.base) / sizeOf(prefix) / tiers.length);
  return index >= 0 && index < zoneCapacity(vpc) ? index : undefined;
}

/** /24 where 16 of them fit, else a sixteenth of the VPC, else the smallest that AWS makes. */
function subnetPrefix(vpc: Cidr): number {
  return Math.min(smallestSubnet, Math.max(24, vpc.prefix + 4));
}
