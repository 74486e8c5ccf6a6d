/** Lets this computer log in to the app server by SSH: reads and changes the rules of its security group. */
import type { EC2 } from "@aws-sdk/client-ec2";
import { Failure } from "../operations/failure.ts";
import { pulumi } from "../operations/names.ts";
import { operator } from "../operations/operator.ts";
import { findAddress } from "./checkip.ts";
import type { AwsAccount } from "./aws-account.ts";
import { planChanges, type Changes, type SshRule } from "./own-address.ts";

/** Who may log in, and where the rules are. It is the same for everybody who works with the stack. */
export interface SshAccess {
  /** Id of the app server's security group. */
  readonly group: string;
  /** Setting allowOwnAddress. */
  readonly ownAddress: boolean;
  /** Setting adminCidrs. */
  readonly networks: readonly string[];
  readonly account: AwsAccount;
}

/** What {@link allowOwnAddress} has come to know. */
export interface OwnAccess {
  /** IPv4 address of this computer; undefined if it is unknown or not asked for. */
  readonly address: string | undefined;
  /** Whether a rule for it was missing, and is there now. */
  readonly added: boolean;
  readonly problems: readonly Failure[];
}

/** Milliseconds for all calls of AWS together; each takes less than one second. */
const patience = 15_000;
const port = 22;
/** Is not aborted. */
const never = new AbortController().signal;

/** Loads EC2's client, which takes up to a second: previews and most runs of reach.ts do not need it. */
const loadClient = () => import("./ec2-client.ts");

/** The command that lets an address in for good. `flags` are of the command line, with a space before: ` --stack dev`. */
export function allowCommand(
  { networks }: Pick<SshAccess, "networks">,
  flags: string,
  address = "ADDRESS",
): string {
  const set = `${pulumi} config set --path 'adminCidrs[${networks.length}]' ${address}/32${flags}`;
  return `${set} && ${pulumi} up${flags}`;
}

/**
 * Finds the address of this computer, adds or renews its rule and removes the ones that have ended. Without
 * `ownAddress` it removes all temporary rules. It never throws: who is let in by another rule needs none of this.
 *
 * @param flags of the commands in remedies, with a space before: ` --stack dev`
 * @param stop aborted if the result is not wanted any more
 */
export async function allowOwnAddress(
  access: SshAccess,
  flags: string,
  stop: AbortSignal = never,
): Promise<OwnAccess> {
  const problems: Failure[] = [];
  const note = (failure: Failure) => {
    problems.push(failure);
    return undefined;
  };
  const { group, networks, ownAddress: allowed } = access;
  // Before a request is sent: loading holds up this process, and the request would run out of time.
  await loadClient();
  let added = false;
  const finding = allowed
    ? findAddress(allowCommand(access, flags), stop).catch(note)
    : Promise.resolve(undefined);
  const change = async (ec2: EC2, signal: AbortSignal) => {
    const [rules, address] = await Promise.all([sshRules(ec2, group, signal), finding]);
    const caller = address === undefined ? undefined : { address, who: operator() };
    const now = Date.now();
    const changes = planChanges(rules, { networks, allowed, caller, now });
    await apply(ec2, group, changes, signal);
    added = changes.authorize !== undefined;
  };
  await withEc2(access, flags, change, stop).catch(note);
  return { address: await finding, added, problems };
}

/** The rules of the group for SSH, as AWS tells them now. @throws {Failure} if AWS does not */
export function readSshRules(access: SshAccess, flags: string): Promise<SshRule[]> {
  return withEc2(access, flags, (ec2, signal) => sshRules(ec2, access.group, signal));
}

/** @throws {Failure} for whatever goes wrong */
async function withEc2<T>(
  access: SshAccess,
  flags: string,
  work: (ec2: EC2, signal: AbortSignal) => Promise<T>,
  stop: AbortSignal = never,
): Promise<T> {
  const { ec2ClientOf } = await loadClient();
  const late = AbortSignal.timeout(patience);
  const signal = AbortSignal.any([late, stop]);
  try {
    return await work(await ec2ClientOf(access.account, signal), signal);
  } catch (error) {
    const { name, message } = error as Error;
    // Behind the first line, or these words, are hundreds of letters that only AWS can read.
    const [said] = message.split(/\n|Encoded authorization failure/);
    throw new Failure(
      `the SSH rules of ${access.group} are not to be had from AWS: ` +
        (late.aborted ? `no answer within ${patience / 1000} s` : `${name}: ${said!.trim()}`),
      `log in to AWS, and allow ec2:DescribeSecurityGroupRules, ec2:AuthorizeSecurityGroupIngress,
        ec2:RevokeSecurityGroupIngress and ec2:UpdateSecurityGroupRuleDescriptionsIngress;
        or let an address in by hand: ${allowCommand(access, flags)}`,
    );
  }
}

async function sshRules(ec2: EC2, group: string, abortSignal: AbortSignal): Promise<SshRule[]> {
  const { SecurityGroupRules = [] } = await ec2.describeSecurityGroupRules(
    // The most that a group can have are 1,000: one page.
    { Filters: [{ Name: "group-id", Values: [group] }], MaxResults: 1000 },
    { abortSignal },
  );
  return SecurityGroupRules.filter(
    ({ IsEgress, IpProtocol, FromPort, ToPort, CidrIpv4 }) =>
      !IsEgress && IpProtocol === "tcp" && FromPort === port && ToPort === port && CidrIpv4,
  ).map(({ SecurityGroupRuleId, CidrIpv4, Description = "" }) => ({
    ...{ id: SecurityGroupRuleId!, cidr: CidrIpv4!, description: Description },
  }));
}

async function apply(
  ec2: EC2,
  GroupId: string,
  { revoke, renew, authorize }: Changes,
  abortSignal: AbortSignal,
): Promise<void> {
  const permissions = ({ cidr: CidrIp, description: Description }: Omit<SshRule, "id">) => [
    ...[{ IpProtocol: "tcp", FromPort: port, ToPort: port, IpRanges: [{ CidrIp, Description }] }],
  ];
  // One by one: AWS refuses a request as a whole when somebody else has removed one of its rules.
  for (const { id } of revoke)
    await ec2
      .revokeSecurityGroupIngress({ GroupId, SecurityGroupRuleIds: [id] }, { abortSignal })
      .catch(unless("InvalidSecurityGroupRuleId.NotFound", "InvalidPermission.NotFound"));
  if (renew)
    await ec2.updateSecurityGroupRuleDescriptionsIngress(
      { GroupId, IpPermissions: permissions(renew) },
      { abortSignal },
    );
  if (authorize)
    await ec2
      .authorizeSecurityGroupIngress(
        { GroupId, IpPermissions: permissions(authorize) },
        { abortSignal },
      )
      // Somebody with the same address was faster.
      .catch(unless("InvalidPermission.Duplicate"));
}

/** Passes an error on, unless it is one of these of EC2's. */
const unless =
  (...codes: string[]) =>
  (error: Error) => {
    if (!codes.includes(error.name)) throw error;
  };
