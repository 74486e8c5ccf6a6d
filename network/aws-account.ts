/** Which AWS account, region and roles a stack uses, for clients beside Pulumi's provider. */
import { STS, type STSClientConfig } from "@aws-sdk/client-sts";

/** A role as the setting aws:assumeRoles names it, as far as it counts for calls by these clients. */
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

/** Options of a client of the AWS SDK. */
export interface ClientOptions {
  readonly region: string;
  readonly profile?: string;
  readonly credentials?: NonNullable<STSClientConfig["credentials"]>;
}

/**
 * The options by which a client has the same account, region and roles as Pulumi's provider.
 *
 * @throws what STS says, if a role cannot be assumed
 */
export async function clientOptionsOf(
  { region, profile, assumeRoles = [] }: AwsAccount,
  abortSignal: AbortSignal,
): Promise<ClientOptions> {
  let options: ClientOptions = profile ? { region, profile } : { region };
  for (const role of assumeRoles) {
    const { Credentials } = await new STS(options).assumeRole(assumption(role), { abortSignal });
    const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials!;
    const credentials = {
      accessKeyId: AccessKeyId!,
      secretAccessKey: SecretAccessKey!,
      sessionToken: SessionToken!,
    };
    options = { region, credentials };
  }
  return options;
}

/** The request that the provider sends. Its duration is left out: calls take seconds, and a download that has begun goes on. */
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
