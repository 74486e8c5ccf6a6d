/** Users of a lab's account who have nothing but the policies of policies/, and what they call. */
import { IAM } from "@aws-sdk/client-iam";
import type { ApiServer } from "../../lab/support/api-server.ts";
import {
  type FileName,
  policiesOf,
  policyOf,
  type Places,
  type Policy,
  type RoleName,
} from "../../tools/policies.ts";

export interface Principal {
  readonly arn: string;
  /** For the environment of a program, as the AWS CLI has it. */
  readonly environment: Readonly<Record<"AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY", string>>;
  /** For the AWS SDK's clients. */
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** An account of a lab, as its administrator reaches it. */
export interface Account {
  readonly client: ConstructorParameters<typeof IAM>[0] & object;
}

/** Makes a user with these managed policies, by names of theirs. */
export async function makeUser(
  { client }: Account,
  UserName: string,
  policies: ReadonlyMap<string, Policy>,
): Promise<Principal> {
  const iam = new IAM(client);
  const { User } = await iam.createUser({ UserName });
  for (const [name, policy] of policies) {
    const made = await iam.createPolicy({
      PolicyName: `${UserName}-${name}`,
      PolicyDocument: JSON.stringify(policy),
    });
    await iam.attachUserPolicy({ UserName, PolicyArn: made.Policy!.Arn! });
  }
  const { AccessKey } = await iam.createAccessKey({ UserName });
  const { AccessKeyId: accessKeyId = "", SecretAccessKey: secretAccessKey = "" } = AccessKey!;
  return {
    arn: User!.Arn!,
    environment: { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
    credentials: { accessKeyId, secretAccessKey },
  };
}

/** A user with the policies of a role for a stack. `without` removes one action of them. */
export function makeRoleUser(
  account: Account,
  role: RoleName,
  places: Places,
  without?: string,
): Promise<Principal> {
  const policies = new Map<string, Policy>(policiesOf(role, places));
  for (const [file, policy] of policies) policies.set(file, withoutAction(policy, without));
  const name = `${role}-of-${places.stack}${without ? `-without-${without.replace(":", "-")}` : ""}`;
  return makeUser(account, name, policies);
}

/** Makes the policies of `up`, those of previews among them. Resolves to their ARNs, by file. */
export async function makePolicies(
  { client }: Account,
  places: Places,
): Promise<Map<FileName, string>> {
  const iam = new IAM(client);
  const made = [...policiesOf("up", places)].map(async ([file, policy]) => {
    const PolicyName = `${places.project}-${places.stack}-${file}`;
    const { Policy } = await iam.createPolicy({
      ...{ PolicyName, PolicyDocument: JSON.stringify(policy) },
    });
    return [file, Policy!.Arn!] as const;
  });
  return new Map(await Promise.all(made));
}

/** Makes the policy that limits the stack's roles. Resolves to its ARN, for the setting permissionsBoundary. */
export async function makeBoundary({ client }: Account, places: Places): Promise<string> {
  const { Policy } = await new IAM(client).createPolicy({
    PolicyName: `${places.project}-${places.stack}-boundary`,
    PolicyDocument: JSON.stringify(policyOf("boundary", places)),
  });
  return Policy!.Arn!;
}

const list = (action: string | readonly string[]) => [action].flat();

/** The actions that a policy allows. */
export function actionsOf({ Statement }: Policy): string[] {
  return [...new Set(Statement.flatMap(({ Action }) => list(Action)))];
}

function withoutAction(policy: Policy, removed: string | undefined): Policy {
  const Statement = policy.Statement.map((each) => ({
    ...each,
    Action: list(each.Action).filter((action) => action !== removed),
  })).filter(({ Action }) => Action.length > 0);
  return { ...policy, Statement };
}

/** The same actions on everything, without conditions: for programs whose resources have other names. */
export function widened(policies: ReadonlyMap<FileName, Policy>): Map<string, Policy> {
  const wide = [...policies].map(([file, { Version, Statement }]) => {
    const everywhere = Statement.map(({ Sid, Effect, Action }) => ({
      ...{ Sid, Effect, Action, Resource: "*" },
    }));
    return [file, { Version, Statement: everywhere }] as const;
  });
  return new Map(wide);
}

/** What a principal has called so far, by action. */
export async function called(
  { endpoint }: Pick<ApiServer, "endpoint">,
  { arn }: Principal,
): Promise<{ allowed: string[]; refused: string[] }> {
  const answer = await fetch(`${endpoint}/_lab/actions?principal=${encodeURIComponent(arn)}`);
  return (await answer.json()) as { allowed: string[]; refused: string[] };
}
