/** Clients of AWS's API with the same account, region and roles as Pulumi's provider. */
import { EC2, type EC2ClientConfig } from "@aws-sdk/client-ec2";
import { STS } from "@aws-sdk/client-sts";

/** A role as the setting aws:assumeRoles names it, as far as it counts for calls by this client. */
export interface AssumedRole {
  readonly roleArn?: string;
  readonly sessionName?: string;
  readonly externalId?: string;
  readonly policy?: string;
  readonly policyArns?: readonly string[];
  readonly sourceIdentity?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly transitiveTagKeys?: readonly string[];
}

/** Where the calls go. Credentials and endpoint come from the environment, as the AWS CLI takes them. */
export interface AwsAccount {
  readonly region: string;
  /** Setting aws:profile. */
  readonly profile?: string | undefined;
  /** Setting aws:assumeRoles: each is assumed with the credentials of the one before. */
  readonly assumeRoles?: readonly AssumedRole[] | undefined;
}

type Identity = Pick<EC2ClientConfig, "profile" | "credentials">;

/** @throws what STS says, if a role cannot be assumed */
export async function ec2ClientOf(account: AwsAccount, abortSignal: AbortSignal): Promise<EC2> {
  return new EC2(await clientConfigOf(account, abortSignal));
}

/** What a client of any service is made with. @throws what STS says, if a role cannot be assumed */
export async function clientConfigOf(
  { region, profile, assumeRoles = [] }: AwsAccount,
  abortSignal: AbortSignal,
): Promise<Identity & { region: string }> {
  let identity: Identity = profile ? { profile } : {};
  for (const role of assumeRoles) {
    const sts = new STS({ region, ...identity });
    const { Credentials } = await sts.assumeRole(assumption(role), { abortSignal });
    const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials!;
    identity = {
      credentials: {
        accessKeyId: AccessKeyId!,
        secretAccessKey: SecretAccessKey!,
        sessionToken: SessionToken!,
      },
    };
  }
  return { region, ...identity };
}

/** The request that the provider sends. Its duration is left out: the calls take seconds. */
function assumption(role: AssumedRole) {
  return {
    RoleArn: role.roleArn,
    RoleSessionName: role.sessionName ?? "flask-on-aws",
    ExternalId: role.externalId,
    Policy: role.policy,
    PolicyArns: role.policyArns?.map((arn) => ({ arn })),
    SourceIdentity: role.sourceIdentity,
    Tags: Object.entries(role.tags ?? {}).map(([Key, Value]) => ({ Key, Value })),
    TransitiveTagKeys: role.transitiveTagKeys ? [...role.transitiveTagKeys] : undefined,
  };
}
