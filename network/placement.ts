import type * as aws from "@pulumi/aws";
import type { Cidr } from "./cidr.ts";
import { findNetwork, refuseCidrChange, zonesInPlace } from "./existing.ts";
import type { NatGateways } from "./network.ts";
import { requireQuotas } from "./quotas.ts";
import { chooseZones, readZones } from "./zones.ts";

/** Arguments of {@link placeNetwork}: settings, and the names of the stack. */
export interface PlacementArgs {
  readonly project: string;
  readonly stack: string;
  readonly region: string;
  readonly profile: string | undefined;
  readonly vpcCidr: Cidr;
  readonly availabilityZones: readonly string[];
  readonly natGateways: NatGateways;
  readonly instanceType: string;
}

/**
 * The zones of the stack's network, after it is clear that the account has room for a new one, or that the existing one can
 * stay. It only reads.
 *
 * @throws pulumi.RunError if it has not, or cannot
 */
export async function placeNetwork(
  args: PlacementArgs,
  provider: aws.Provider,
): Promise<readonly string[]> {
  const { project, stack, vpcCidr } = args;
  const [network, offered] = await Promise.all([
    findNetwork({ project, stack }, provider),
    readZones(args.instanceType, provider),
  ]);
  refuseCidrChange(network, { cidr: vpcCidr, stack });
  const zones = chooseZones(offered, {
    ...args,
    named: args.availabilityZones,
    existing: zonesInPlace(network, vpcCidr),
  });
  // A stack that has its VPC has had its room.
  if (network.vpcs.length === 0) await requireQuotas({ ...args, zones }, provider);
  return zones;
}
