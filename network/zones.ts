import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/** Availability zones in a lasting order. RDS wants two. */
export type Zones = readonly [string, string, ...string[]];

/**
 * The zones that were asked for, or the region's first two by name if none were.
 *
 * Zones that are out of order for a while are not left out: that would move subnets.
 */
export async function lookUpZones(
  wanted: readonly string[],
  provider: aws.Provider,
): Promise<Zones> {
  // Local zones and wavelength zones are of other types, and have no RDS.
  const filters = [{ name: "zone-type", values: ["availability-zone"] }];
  const { names } = await aws.getAvailabilityZones({ filters }, { provider });
  const unknown = wanted.filter((zone) => !names.includes(zone));
  if (unknown.length > 0) {
    throw new pulumi.RunError(
      `The setting availabilityZones names ${unknown.join(", ")}: the region has ${names.join(", ")}. Name some of these.`,
    );
  }
  const [first, second, ...others] = wanted.length > 0 ? wanted : names.toSorted().slice(0, 2);
  if (!first || !second) {
    throw new pulumi.RunError(
      `The region has the zone ${names.join(", ")} only, and RDS wants two. Set aws:region to another one.`,
    );
  }
  return [first, second, ...others];
}
