import * as aws from "@pulumi/aws";

/** A provider for one region, which signs in as the stack's configuration says. */
export function awsProvider(
  name: string,
  region: string,
  tags: Readonly<Record<"project" | "stack", string>>,
): aws.Provider {
  return new aws.Provider(name, {
    region: region as aws.Region,
    profile: aws.config.profile,
    // A provider of its own takes nothing of the stack's config by itself.
    assumeRoles: aws.config.assumeRoles,
    allowedAccountIds: aws.config.allowedAccountIds,
    forbiddenAccountIds: aws.config.forbiddenAccountIds,
    defaultTags: { tags },
  });
}
