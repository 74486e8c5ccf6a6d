import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { pulumi as pulumiCommand } from "../operations/names.ts";
import { zoneIndex } from "./addresses.ts";
import { formatCidr, type Cidr } from "./cidr.ts";

/** What the account already has of a stack's network. */
export interface ExistingNetwork {
  readonly vpcs: readonly { readonly id: string; readonly cidr: string }[];
  readonly subnets: readonly {
    readonly vpcId: string;
    readonly cidr: string;
    readonly zone: string;
  }[];
}

/** Finds the network of a stack by the tags that its provider gives to everything; empty before the first `up`. */
export async function findNetwork(
  tags: { readonly project: string; readonly stack: string },
  provider: aws.Provider,
): Promise<ExistingNetwork> {
  const opts = { provider };
  const [vpcs, subnets] = await Promise.all([
    aws.ec2.getVpcs({ tags }, opts),
    aws.ec2.getSubnets({ tags }, opts),
  ]);
  const [foundVpcs, foundSubnets] = await Promise.all([
    Promise.all(vpcs.ids.map((id) => aws.ec2.getVpc({ id }, opts))),
    Promise.all(subnets.ids.map((id) => aws.ec2.getSubnet({ id }, opts))),
  ]);
  return {
    vpcs: foundVpcs.map(({ id, cidrBlock }) => ({ id, cidr: cidrBlock })),
    subnets: foundSubnets.map(({ vpcId, cidrBlock, availabilityZone }) => ({
      vpcId,
      cidr: cidrBlock,
      zone: availabilityZone,
    })),
  };
}

/**
 * Another range takes another VPC, and with it another database. Pulumi would begin to replace all of it and fail half way:
 * RDS moves no subnet group to another VPC, and EC2 detaches no gateway that addresses are mapped through.
 *
 * A VPC of another range beside one of the right range is the rest of such an attempt, and no reason to stop.
 *
 * @throws pulumi.RunError with both values, what a new range costs, and the remedy
 */
export function refuseCidrChange(
  { vpcs }: ExistingNetwork,
  { cidr, stack }: { readonly cidr: Cidr; readonly stack: string },
): void {
  const configured = formatCidr(cidr);
  const [existing] = vpcs;
  if (!existing || vpcs.some((vpc) => vpc.cidr === configured)) return;
  throw new pulumi.RunError(
    `The setting vpcCidr is ${configured}\n` +
      `    but ${existing.id}, the VPC of stack ${stack}, has ${existing.cidr}, which no update can change\n` +
      `    remedy: ${pulumiCommand} config set vpcCidr ${existing.cidr} --stack ${stack}\n` +
      "            or, without the stack's database, backups and public address, which are deleted:\n" +
      `            ${pulumiCommand} destroy --stack ${stack} && ${pulumiCommand} up --stack ${stack}\n` +
      '            docs/troubleshooting.md, "Another address range", moves the data',
  );
}

/**
 * The zones of the subnets that exist, by their place in the address plan; undefined for a place without a subnet, as
 * an interrupted first `up` leaves it.
 */
export function zonesInPlace(
  { vpcs, subnets }: ExistingNetwork,
  cidr: Cidr,
): (string | undefined)[] {
  const vpcIds = vpcs.filter((vpc) => vpc.cidr === formatCidr(cidr)).map(({ id }) => id);
  const zones: (string | undefined)[] = [];
  for (const subnet of subnets) {
    const index = vpcIds.includes(subnet.vpcId) ? zoneIndex(cidr, subnet.cidr) : undefined;
    if (index !== undefined) zones[index] = subnet.zone;
  }
  return Array.from(zones);
}
