import * as pulumi from "@pulumi/pulumi";

/**
 * Lets a service of AWS use a role.
 *
 * @param service for example `ec2.amazonaws.com`
 * @param accountId if it is given, only for resources of this account: else somebody in another one could have the service use
 * the role
 */
export function trustPolicy(
  service: string,
  accountId?: pulumi.Input<string>,
): pulumi.Output<string> {
  return pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: service },
        Action: "sts:AssumeRole",
        ...(accountId === undefined
          ? {}
          : { Condition: { StringEquals: { "aws:SourceAccount": accountId } } }),
      },
    ],
  });
}
