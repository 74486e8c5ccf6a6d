import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

/**
 * The zones that were asked for, or the region's first two by name if none were; every region has two, which RDS wants.
 *
 * Zones that are out of order for a while are not left out: that would move subnets.
 */
export async function lookUpZones(
  wanted: readonly string[],
  provider: aws.Provider,
): Promise<readonly string[]> {
  // Local zones and wavelength zones are of other types, and have no RDS.
  const filters = [{ name: "zone-type", values: ["availability-zone"] }];
  const { names } = await aws.getAvailabilityZones({ filters }, { provider });
  const unknown = wanted.filter((zone) => !names.includes(zone));
  if (unknown.length > 0) {
    throw new pulumi.RunError(
      `The setting availabilityZones names ${unknown.join(", ")}\n    the region has ${names.join(", ")}\n` +
        "    remedy: name some of these",
    );
  }
  return wanted.length > 0 ? wanted : names.toSorted().slice(0, 2);
}
