import type * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { pulumi as pulumiCommand } from "../operations/names.ts";
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
  ]).catch((error: Error) => {
    throw accountRefused(error, stack) ?? error;
  });
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

/** The provider's error that the account of the credentials is not allowed, with a remedy; undefined for other errors. */
function accountRefused({ message }: Error, stack: string): pulumi.RunError | undefined {
  const [, account] = /AWS account ID not allowed: (\d+)/.exec(message) ?? [];
  if (!account) return undefined;
  return new pulumi.RunError(
    `The AWS credentials are those of account ${account}\n` +
      "    which aws:allowedAccountIds or aws:forbiddenAccountIds does not allow\n" +
      "    remedy: use credentials of another account (AWS_PROFILE, or the setting aws:profile)\n" +
      `            or, if the stack belongs there, see: ${pulumiCommand} config --stack ${stack}`,
  );
}
