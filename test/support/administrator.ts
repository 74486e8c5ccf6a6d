/** Somebody who may call the lab's AWS API over the lab's internet, as the AWS CLI on a machine does. */
import { IAM } from "@aws-sdk/client-iam";
import { STS } from "@aws-sdk/client-sts";
import { statement } from "../e2e/api/contract/subject.ts";
import type { Lab } from "../../lab/support/lab.ts";

/**
 * Makes a role that may do everything of some services; over the lab's internet the API takes calls from roles'
 * sessions only.
 *
 * @param services as actions begin, e.g. `ec2`
 * @returns the AWS CLI's settings for a session of the role, `AWS_NAME=VALUE`
 */
export async function administratorOf(lab: Lab, ...services: string[]): Promise<string[]> {
  const [iam, sts] = [new IAM(await lab.client()), new STS(await lab.client())];
  const RoleName = `administrator-of-${services.join("-")}`;
  const trust = statement({ Action: "sts:AssumeRole", Principal: { AWS: "*" } });
  const { Role } = await iam.createRole({ RoleName, AssumeRolePolicyDocument: trust });
  const actions = services.map((service) => `${service}:*`);
  const PolicyDocument = statement({ Action: actions, Resource: "*" });
  await iam.putRolePolicy({ RoleName, PolicyName: "all", PolicyDocument });
  const session = { RoleArn: Role!.Arn, RoleSessionName: "administrator" };
  const { Credentials } = await sts.assumeRole(session);
  const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials!;
  return [
    `AWS_ACCESS_KEY_ID=${AccessKeyId}`,
    `AWS_SECRET_ACCESS_KEY=${SecretAccessKey}`,
    `AWS_SESSION_TOKEN=${SessionToken}`,
    "AWS_DEFAULT_REGION=us-west-2",
  ];
}
