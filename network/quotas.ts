import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { pulumi as pulumiCommand } from "../operations/names.ts";
import { natZones, type NatGateways } from "./network.ts";

/** What a new stack is going to make, and where. */
export interface Demand {
  readonly stack: string;
  readonly region: string;
  /** Of the AWS CLI, which the remedies use. */
  readonly profile: string | undefined;
  readonly zones: readonly string[];
  readonly natGateways: NatGateways;
  /** Of both machines. */
  readonly instanceType: string;
}

/** A quota of the account in one region, and what is left of it. */
export interface Usage {
  /** As AWS names it, for a sentence. */
  readonly what: string;
  readonly quota: QuotaId;
  readonly limit: number;
  readonly used: number;
  readonly needed: number;
}

/** Codes of Service Quotas: `aws service-quotas list-service-quotas --service-code ec2`. */
export interface QuotaId {
  readonly serviceCode: "ec2" | "vpc";
  readonly quotaCode: string;
}
const vpcsPerRegion: QuotaId = { serviceCode: "vpc", quotaCode: "L-F678F1CE" };
const elasticIps: QuotaId = { serviceCode: "ec2", quotaCode: "L-0263D0A3" };
/** vCPUs of running on-demand instances of the families A, C, D, H, I, M, R, T and Z. */
const standardVcpus: QuotaId = { serviceCode: "ec2", quotaCode: "L-1216C47A" };

/** Whether an instance type counts for {@link standardVcpus}. Other families have quotas of their own. */
export const isStandard = (instanceType: string): boolean =>
  /^([acdhimrtz]|im|is)\d/.test(instanceType);

/** Machines of a stack: the app server and the test server. */
const machines = 2;

/**
 * Stops before anything is created if the account's quotas leave no room for the stack.
 *
 * A quota that cannot be read is left to AWS, which refuses what exceeds it.
 *
 * @throws pulumi.RunError that lists every quota that is too small, with the numbers and the remedies
 */
export async function requireQuotas(demand: Demand, provider: aws.Provider): Promise<void> {
  const opts = { provider };
  const reads = [vpcUsage(opts), elasticIpUsage(demand, opts), vcpuUsage(demand, opts)];
  const usages = await Promise.all(
    reads.map((read) =>
      read.catch((error: Error) => {
        void pulumi.log.debug(`A quota was not read: ${error.message}`);
        return undefined;
      }),
    ),
  );
  const text = quotaProblems(
    usages.filter((usage) => usage !== undefined),
    demand,
  );
  if (text) throw new pulumi.RunError(text);
}

/** Every quota that is too small, with the remedies; empty if there is none. */
export function quotaProblems(usages: readonly Usage[], demand: Demand): string {
  const problems = usages
    .filter(({ used, needed, limit }) => used + needed > limit)
    .map((usage) => {
      const { what, used, needed, limit } = usage;
      const numbers = `${used} in use and ${needed} more needed, but the quota is ${limit}`;
      return `- ${what}: ${numbers}\n    remedy: ${remedies(usage, demand)}`;
    });
  if (problems.length === 0) return "";
  return (
    `The AWS account has no room for stack ${demand.stack} in ${demand.region}:\n` +
    problems.join("\n")
  );
}

/** Of what follows the first line of a remedy. */
const indent = " ".repeat(12);

function remedies({ quota, used, needed, limit }: Usage, demand: Demand): string {
  const { stack, region, profile, natGateways } = demand;
  const flags = `--region ${region}${profile ? ` --profile ${profile}` : ""}`;
  const remedy =
    `aws service-quotas request-service-quota-increase ${flags} \\\n${indent}  ` +
    `--service-code ${quota.serviceCode} --quota-code ${quota.quotaCode} --desired-value ${used + needed}`;
  const lines = [remedy];
  if (quota === vpcsPerRegion)
    lines.push(`or delete a VPC that nothing uses: aws ec2 describe-vpcs ${flags}`);
  if (quota === elasticIps) {
    lines.push(`or release an address that nothing uses: aws ec2 describe-addresses ${flags}`);
    // The app server's own address is then the only one.
    if (natGateways !== "none" && used + 1 <= limit)
      lines.push(`or ${pulumiCommand} config set natGateways none --stack ${stack}`);
  }
  if (quota === standardVcpus)
    lines.push(`or stop an instance that nothing uses: aws ec2 describe-instances ${flags}`);
  return lines.join(`\n${indent}`);
}

const limitOf = async (quota: QuotaId, opts: pulumi.InvokeOptions): Promise<number> =>
  (await aws.servicequotas.getServiceQuota({ ...quota }, opts)).value;

async function vpcUsage(opts: pulumi.InvokeOptions): Promise<Usage> {
  const [limit, { accountId }] = await Promise.all([
    limitOf(vpcsPerRegion, opts),
    aws.getCallerIdentity({}, opts),
  ]);
  // VPCs that other accounts share with this one count for theirs.
  const filters = [{ name: "owner-id", values: [accountId] }];
  const { ids } = await aws.ec2.getVpcs({ filters }, opts);
  return { what: "VPCs", quota: vpcsPerRegion, limit, used: ids.length, needed: 1 };
}

async function elasticIpUsage(
  { natGateways, zones }: Demand,
  opts: pulumi.InvokeOptions,
): Promise<Usage> {
  const [limit, { allocationIds }] = await Promise.all([
    limitOf(elasticIps, opts),
    aws.ec2.getEips({}, opts),
  ]);
  const needed = 1 + natZones(natGateways, zones).length;
  return { what: "Elastic IPs", quota: elasticIps, limit, used: allocationIds.length, needed };
}

async function vcpuUsage(
  { instanceType }: Demand,
  opts: pulumi.InvokeOptions,
): Promise<Usage | undefined> {
  if (!isStandard(instanceType)) return undefined;
  const [limit, types] = await Promise.all([
    limitOf(standardVcpus, opts),
    runningOnDemandTypes(opts),
  ]);
  const counted = types.filter(isStandard);
  const distinct = [...new Set([instanceType, ...counted])];
  const vcpus = new Map(
    await Promise.all(
      distinct.map(async (type) => {
        const { defaultVcpus } = await aws.ec2.getInstanceType({ instanceType: type }, opts);
        return [type, defaultVcpus] as const;
      }),
    ),
  );
  return {
    what: "vCPUs of standard instances",
    quota: standardVcpus,
    limit,
    used: counted.reduce((sum, type) => sum + vcpus.get(type)!, 0),
    needed: machines * vcpus.get(instanceType)!,
  };
}

/** The instance type of each running on-demand instance. */
async function runningOnDemandTypes(opts: pulumi.InvokeOptions): Promise<string[]> {
  const instanceStateNames = ["pending", "running"];
  const [all, spot] = await Promise.all([
    aws.ec2.getInstances({ instanceStateNames }, opts),
    aws.ec2.getInstances(
      { instanceStateNames, filters: [{ name: "instance-lifecycle", values: ["spot"] }] },
      opts,
    ),
  ]);
  const ids = all.ids.filter((id) => !spot.ids.includes(id));
  // Each takes the provider several calls, and an account with so many has a quota far above the default.
  if (ids.length > 50)
    throw new Error(`${ids.length} instances run, too many to count their vCPUs`);
  const instances = ids.map((instanceId) => aws.ec2.getInstance({ instanceId }, opts));
  return (await Promise.all(instances)).map((instance) => instance.instanceType);
}
