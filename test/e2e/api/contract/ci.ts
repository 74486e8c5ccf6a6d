import { IAM } from "@aws-sdk/client-iam";
import { ciTrustPolicy } from "../../../../ci/github.ts";
import type { ApiServer } from "../../../../lab/support/api-server.ts";
import { ref, type Subject, subject } from "./subject.ts";

export const providerArn =
  "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";
const managed = (name: string) => `arn:aws:iam::aws:policy/${name}`;
const trusting = (repository: string) =>
  ciTrustPolicy("deploy", { repository, stack: "dev", providerArn });

/** The account's provider for GitHub Actions, which no stack makes. */
export async function makeGithubProvider({ client }: ApiServer): Promise<void> {
  await new IAM(client).createOpenIDConnectProvider({
    Url: "https://token.actions.githubusercontent.com",
    ClientIDList: ["sts.amazonaws.com"],
    Tags: [{ Key: "owner", Value: "the account" }],
  });
}

/** The roles of GitHub Actions and their policies. */
export const ci: Subject[] = [
  subject(
    "iam/role",
    "aws_iam_role",
    "pipeline",
    {
      name: "pipeline",
      path: "/ci/",
      description: "ci",
      assumeRolePolicy: trusting("octo-org/octo-repo"),
    },
    [{ assumeRolePolicy: trusting("octo-org@1/octo-repo@2"), tags: { Name: "pipeline" } }],
  ),
  subject(
    "iam/role",
    "aws_iam_role",
    "other-pipeline",
    { name: "other-pipeline", path: "/ci/", assumeRolePolicy: trusting("octo-org/octo-repo") },
    [{}, { path: "/other/" }, { path: undefined }],
  ),
  subject(
    "iam/rolePolicyAttachment",
    "aws_iam_role_policy_attachment",
    "leaf",
    { role: ref("pipeline", "name"), policyArn: managed("ReadOnlyAccess") },
    [
      { policyArn: managed("SecurityAudit") },
      { role: ref("other-pipeline", "name") },
      { policyArn: managed("ReadOnlyAccess") },
    ],
  ),
];
