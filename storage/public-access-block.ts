import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { pulumi as pulumiCommand } from "../operations/names.ts";

/**
 * Stops before anything is created if the account, or its organization, does not let a bucket be public.
 *
 * S3 answers with the settings in effect, those of the organization included (S3 API reference, GetPublicAccessBlock of
 * S3 Control). BlockPublicPolicy refuses the site's policy, RestrictPublicBuckets makes it have no effect.
 *
 * @throws pulumi.RunError with both ways to continue
 */
export async function requirePublicBuckets(
  { stack, profile }: { readonly stack: string; readonly profile: string | undefined },
  provider: aws.Provider,
): Promise<void> {
  const block = await aws.s3.getAccountPublicAccessBlock({}, { provider }).catch((error: Error) => {
    // The provider has one error for an account without such settings and another for missing permissions. If S3 blocks
    // the policy without being read here, its own error says so: docs/troubleshooting.md.
    void pulumi.log.debug(`The account's public access block was not read: ${error.message}`);
    return undefined;
  });
  const { blockPublicPolicy, restrictPublicBuckets } = block ?? {};
  if (!block || (!blockPublicPolicy && !restrictPublicBuckets)) return;
  const on = [
    ...(blockPublicPolicy ? ["BlockPublicPolicy"] : []),
    ...(restrictPublicBuckets ? ["RestrictPublicBuckets"] : []),
  ];
  const { id, blockPublicAcls, ignorePublicAcls } = block;
  const relaxed =
    `BlockPublicAcls=${blockPublicAcls},IgnorePublicAcls=${ignorePublicAcls},` +
    "BlockPublicPolicy=false,RestrictPublicBuckets=false";
  const flags = profile ? ` --profile ${profile}` : "";
  throw new pulumi.RunError(
    `The setting site is public\n    but AWS account ${id} does not allow public buckets: it has ${on.join(" and ")}\n` +
      `    remedy: ${pulumiCommand} config set site private --stack ${stack}\n` +
      "            or, if the account may have public buckets:\n" +
      `            aws s3control put-public-access-block --account-id ${id}${flags} \\\n` +
      `              --public-access-block-configuration ${relaxed}`,
  );
}
