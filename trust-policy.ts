import type { RoleArgs } from "@pulumi/aws/iam/role.js";
import * as pulumi from "@pulumi/pulumi";
import { ciPath } from "./ci/github.ts";

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

/**
 * Gives every role that the program makes from here on a permissions boundary: who may make roles could else make one
 * that may do everything, and use it.
 *
 * @param boundary ARN of a policy, or "" for none
 */
export function limitRoles(boundary: string): void {
  if (boundary === "") return;
  pulumi.runtime.registerStackTransformation(({ type, props, opts }) => {
    // Those of CI are made by an administrator, and may do what makes the other ones.
    if (type !== "aws:iam/role:Role" || (props as RoleArgs).path === ciPath) return undefined;
    const limited: RoleArgs = { ...(props as RoleArgs), permissionsBoundary: boundary };
    return { props: limited, opts };
  });
}
