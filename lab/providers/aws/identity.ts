/** Whose credentials the lab's provider uses, and in which accounts it may: settings of the provider. */
import { STS, type Credentials } from "@aws-sdk/client-sts";
import type { AssumedRole, Configuration } from "./configuration.ts";

/** Credentials as the AWS SDK takes them. */
export interface Identity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/**
 * Assumes the roles in their order, and resolves to the credentials of the last; undefined without any role.
 *
 * @throws in the words of the real provider, if a role cannot be assumed or the account is not allowed
 */
export async function identify(
  { region, allowedAccountIds, forbiddenAccountIds, assumeRoles }: Configuration,
  endpoint: string,
): Promise<Identity | undefined> {
  let credentials: Identity | undefined;
  const sts = () => new STS({ region, endpoint, ...(credentials ? { credentials } : {}) });
  for (const role of assumeRoles) credentials = await assume(sts(), role);
  if (!allowedAccountIds && forbiddenAccountIds.length === 0) return credentials;
  const { Account = "" } = await sts().getCallerIdentity();
  if (
    forbiddenAccountIds.includes(Account) ||
    (allowedAccountIds?.includes(Account) ?? true) === false
  )
    throw new Error(`AWS account ID not allowed: ${Account}`);
  return credentials;
}

async function assume(sts: STS, role: AssumedRole): Promise<Identity> {
  const { roleArn: RoleArn, sessionName = "pulumi", externalId: ExternalId } = role;
  try {
    const request = { RoleArn, RoleSessionName: sessionName, ExternalId };
    const { Credentials: found } = await sts.assumeRole(request);
    const { AccessKeyId, SecretAccessKey, SessionToken } = found as Required<Credentials>;
    return {
      accessKeyId: AccessKeyId!,
      secretAccessKey: SecretAccessKey!,
      sessionToken: SessionToken!,
    };
  } catch (error) {
    const reason = (error as Error).message;
    throw new Error(`Cannot assume IAM Role (${RoleArn}): ${reason}`, { cause: error });
  }
}
