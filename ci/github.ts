/**
 * GitHub Actions as an identity provider of the AWS account: which of its tokens a role accepts.
 *
 * Sources: GitHub's "OpenID Connect reference" (claims, forms of `sub`); IAM user guide, "Available keys for AWS OIDC
 * federation" (the claims of GitHub that trust policies can name).
 */
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";

const issuer = "token.actions.githubusercontent.com";
/** What the action aws-actions/configure-aws-credentials asks for. */
const audience = "sts.amazonaws.com";
/** Who merges decides what runs on this branch. */
const main = "refs/heads/main";

/** Of the roles of CI. Rights on PROJECT-STACK-* do not reach them, or CI could give itself more. */
export const ciPath = "/ci/";

/** What a role of CI is for: `up`, or to read what `up` would do. */
export const ciUses = ["deploy", "preview"] as const;
export type CiUse = (typeof ciUses)[number];

/**
 * Lets jobs of one repository use a role.
 *
 * To deploy: jobs of the branch main, with no environment or with the one that is named after the stack. The branch
 * counts with an environment, too: GitHub makes an environment that a job names and nobody has protected. To preview: jobs of
 * pull requests, and of main. A tag, another branch, another repository or another audience is refused.
 *
 * @param repository as `sub` begins after `repo:`
 * @param providerArn of the account's provider for GitHub Actions
 */
export function ciTrustPolicy(
  use: CiUse,
  {
    repository,
    stack,
    providerArn,
  }: { readonly repository: string; readonly stack: string; readonly providerArn: string },
): string {
  const ofMain = `repo:${repository}:ref:${main}`;
  const accepted = {
    deploy: { sub: [ofMain, `repo:${repository}:environment:${stack}`], ref: main },
    preview: { sub: [ofMain, `repo:${repository}:pull_request`] },
  }[use];
  const claims = { aud: audience, ...accepted };
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: providerArn },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: Object.fromEntries(
            Object.entries(claims).map(([claim, values]) => [`${issuer}:${claim}`, values]),
          ),
        },
      },
    ],
  });
}

/**
 * The ARN of the account's provider for GitHub Actions; undefined without a repository. An account has one for all
 * stacks, so no stack makes or removes it.
 *
 * @param profile of the AWS CLI, which the remedies use
 * @throws pulumi.RunError if the account has none, or one that does not know AWS's audience, before anything is created
 */
export async function requireGithubProvider(
  { ciRepository }: { readonly ciRepository: string },
  profile: string | undefined,
  provider: aws.Provider,
): Promise<string | undefined> {
  if (ciRepository === "") return undefined;
  const opts = { provider };
  const { accountId } = await aws.getCallerIdentity({}, opts);
  const arn = `arn:aws:iam::${accountId}:oidc-provider/${issuer}`;
  const found = await aws.iam.getOpenIdConnectProvider({ arn }, opts).catch((error: Error) => {
    if (/couldn't find resource|NoSuchEntity/.test(error.message)) return undefined;
    throw error;
  });
  const flags = profile ? ` --profile ${profile}` : "";
  const problem = (what: string, remedy: string) =>
    new pulumi.RunError(
      `The setting ciRepository is ${ciRepository}\n    but AWS account ${accountId} ${what}\n` +
        `    remedy: ${remedy}`,
    );
  if (!found)
    throw problem(
      "has no identity provider for GitHub Actions",
      `aws iam create-open-id-connect-provider${flags} \\\n` +
        `              --url https://${issuer} --client-id-list ${audience}`,
    );
  if (!found.clientIdLists.includes(audience))
    throw problem(
      `has an identity provider for GitHub Actions without the audience ${audience}`,
      `aws iam add-client-id-to-open-id-connect-provider${flags} \\\n` +
        `              --client-id ${audience} --open-id-connect-provider-arn ${arn}`,
    );
  return arn;
}
