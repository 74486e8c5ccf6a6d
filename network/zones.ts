import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { pulumi as pulumiCommand } from "../operations/names.ts";
import { natZones, type NatGateways } from "./network.ts";

/** An availability zone of the region, and what it offers. */
export interface Zone {
  readonly name: string;
  /** Whether EC2 has the instance type of the setting there. */
  readonly hasInstanceType: boolean;
  readonly hasNatGateways: boolean;
}

/** What the zones of a stack depend on. */
export interface ZoneWishes {
  readonly stack: string;
  /** Those of the setting availabilityZones; empty, or two and more. */
  readonly named: readonly string[];
  /** Those of the subnets that exist, by their place in the address plan. */
  readonly existing: readonly (string | undefined)[];
  readonly natGateways: NatGateways;
  readonly instanceType: string;
}

/**
 * Zones without NAT gateways, by the id that is the same in every account. AWS publishes no list. apne1-az3 is reported in
 * github.com/aws/aws-cdk/issues/5847; use1-az3, as old and as little extended, is assumed. A zone that is missing here
 * ends in EC2's error NotAvailableInZone, which docs/troubleshooting.md explains.
 */
const withoutNatGateways = ["use1-az3", "apne1-az3"];

/**
 * The zones of the region, by name.
 *
 * Zones that are out of order for a while are not left out: that would move subnets.
 */
export async function readZones(instanceType: string, provider: aws.Provider): Promise<Zone[]> {
  const opts = { provider };
  const [{ names, zoneIds }, offering] = await Promise.all([
    // Local zones and wavelength zones are of other types, and have no RDS.
    aws.getAvailabilityZones(
      { filters: [{ name: "zone-type", values: ["availability-zone"] }] },
      opts,
    ),
    aws.ec2
      .getInstanceTypeOfferings(
        {
          locationType: "availability-zone",
          filters: [{ name: "instance-type", values: [instanceType] }],
        },
        opts,
      )
      .catch((error: Error) => {
        // EC2 says it when it starts the machine.
        void pulumi.log.debug(`Where ${instanceType} is offered was not read: ${error.message}`);
        return undefined;
      }),
  ]);
  return names
    .map((name, index) => ({
      name,
      hasInstanceType: offering?.locations.includes(name) ?? true,
      hasNatGateways: !withoutNatGateways.includes(zoneIds[index]!),
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The zones of the setting; without it those of the subnets that exist, up to two and more by the region's first that offer
 * all that is needed. RDS wants two. A subnet that exists keeps its zone, whatever the region's first ones are now.
 *
 * @param zones of the region, by name
 * @throws pulumi.RunError with what a zone lacks and the remedy
 */
export function chooseZones(zones: readonly Zone[], wishes: ZoneWishes): readonly string[] {
  const { named } = wishes;
  const unknown = named.filter((name) => zones.every((zone) => zone.name !== name));
  if (unknown.length > 0) throw notThere(unknown, zones);
  const chosen = named.length > 0 ? named : withDefaults(zones, wishes);
  refuseUnfit(chosen, zones, wishes);
  return chosen;
}

/** Whether a zone may have any place in the plan. */
const isFit =
  ({ natGateways }: ZoneWishes) =>
  (zone: Zone) =>
    zone.hasInstanceType && (natGateways === "none" || zone.hasNatGateways);

function withDefaults(zones: readonly Zone[], wishes: ZoneWishes): readonly string[] {
  const { existing } = wishes;
  const free = zones
    .filter(isFit(wishes))
    .map(({ name }) => name)
    .filter((name) => !existing.includes(name));
  const places = Array.from(
    { length: Math.max(2, existing.length) },
    (_, place) => existing[place],
  );
  const chosen = places.map((zone) => zone ?? free.shift());
  if (chosen.every((zone) => zone !== undefined)) return chosen;
  throw tooFew(zones, wishes);
}

/** The machines are in the first zone, and NAT gateways where their mode puts them. */
function refuseUnfit(chosen: readonly string[], zones: readonly Zone[], wishes: ZoneWishes): void {
  const { existing, natGateways, instanceType, stack } = wishes;
  const ofName = (name: string) => zones.find((zone) => zone.name === name);
  const fit = zones.filter(isFit(wishes)).map(({ name }) => name);
  const others = `name only some of these in availabilityZones: ${fit.join(", ") || "none is left"}`;

  const [first = ""] = chosen;
  if (ofName(first)?.hasInstanceType === false) {
    throw new pulumi.RunError(
      `The setting instanceType is ${instanceType}\n` +
        `    but ${first}, the zone of the machines, does not offer it\n` +
        `    remedy: ${pulumiCommand} config set instanceType t3.micro --stack ${stack}` +
        // Machines and database would move, too.
        (existing[0] === first ? "" : `\n            or ${others}`),
    );
  }
  // AWS has the last word where a subnet exists: what is known of the zones may be out of date.
  const lacking = natZones(natGateways, chosen).filter(
    (name) => !existing.includes(name) && ofName(name)?.hasNatGateways === false,
  );
  if (lacking.length > 0) {
    throw new pulumi.RunError(
      `The setting natGateways is ${natGateways}\n` +
        `    but AWS has no NAT gateways in ${lacking.join(", ")}, which availabilityZones names\n` +
        `    remedy: ${pulumiCommand} config set natGateways none --stack ${stack}\n` +
        `            or ${others}`,
    );
  }
}

function notThere(unknown: readonly string[], zones: readonly Zone[]): pulumi.RunError {
  const names = zones.map(({ name }) => name).join(", ");
  return new pulumi.RunError(
    `The setting availabilityZones names ${unknown.join(", ")}\n` +
      `    the region has ${names}\n` +
      "    remedy: name some of these",
  );
}

function tooFew(zones: readonly Zone[], wishes: ZoneWishes): pulumi.RunError {
  const { instanceType, natGateways, stack } = wishes;
  const [only] = zones.filter(isFit(wishes));
  const all = natGateways === "none" ? "offers it" : "offers it and has NAT gateways";
  return new pulumi.RunError(
    `The setting instanceType is ${instanceType}\n` +
      `    but ${only ? `only ${only.name}` : "no zone of the region"} ${all}, and RDS needs two zones\n` +
      `    remedy: ${pulumiCommand} config set instanceType t3.micro --stack ${stack}\n` +
      (only
        ? `            or name ${only.name} first in availabilityZones, and then another zone\n`
        : "") +
      `            or use another region, which is the setting aws:region`,
  );
}
