/** Settings of the roles that GitHub Actions use. */
import { z } from "zod";
import { text } from "./fields.ts";
import { configCommand, refused, type Problem } from "./problem.ts";

/** IAM's default quota is 10 managed policies a role: IAM user guide, "IAM and AWS STS quotas". */
const mostPolicies = 10;

const policyArns = z
  .array(
    text(
      /^arn:aws:iam::(\d{12}|aws):policy\/[\w+=,.@/-]+$/,
      "must be the ARN of a managed policy",
      "use the output of: aws iam list-policies --scope Local --query 'Policies[].Arn'",
    ),
  )
  .check(({ value, issues }) => {
    const limit = `must name at most ${mostPolicies} policies, each of them once`;
    const remedy = "leave out some, or join several in one policy";
    if (value.length > mostPolicies || new Set(value).size < value.length)
      issues.push({ code: "custom", input: value, message: limit, params: { limit, remedy } });
  });

/** GitHub's owners have up to 39 of these characters (those of enterprises with _), its repositories up to 100. */
const owner = "[A-Za-z0-9]([-_]?[A-Za-z0-9]){0,38}";
const repository = "(?!\\.{1,2}(@|$)|\\S*\\.git(@|$))[\\w.-]{1,100}";

export const ci = {
  ciRepository: text(
    new RegExp(`^$|^(${owner}/${repository}|${owner}@\\d+/${repository}@\\d+)$`),
    "must be a repository of GitHub as owner/name or owner@ID/name@ID, not its address",
    `use the output of: gh api repos/OWNER/NAME --jq '"\\(.owner.login)@\\(.owner.id)/\\(.name)@\\(.id)"'`,
  ),
  ciDeployPolicies: policyArns,
  ciPreviewPolicies: policyArns,
};

type Values = Partial<z.output<z.ZodObject<typeof ci>>>;

/** Policies need roles. */
export function ciProblems({
  ciRepository,
  ciDeployPolicies = [],
  ciPreviewPolicies = [],
}: Values): Problem[] {
  if (ciRepository !== "") return [];
  return Object.entries({ ciDeployPolicies, ciPreviewPolicies })
    .filter(([, arns]) => arns.length > 0)
    .map(([key, arns]) =>
      refused(
        key,
        arns,
        "counts only with ciRepository, for which the roles are made",
        `${configCommand("set ciRepository OWNER/NAME")}\nor: ${configCommand(`rm ${key}`)}`,
      ),
    );
}
