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
    // An explicit provider does not read the stack's configuration, so these settings are passed on.
    assumeRoles: aws.config.assumeRoles,
    allowedAccountIds: aws.config.allowedAccountIds,
    forbiddenAccountIds: aws.config.forbiddenAccountIds,
    defaultTags: { tags },
  });
}
