/** A client of EC2's API with the same account, region and roles as Pulumi's provider. */
import { EC2 } from "@aws-sdk/client-ec2";
import { clientOptionsOf, type AwsAccount } from "./aws-account.ts";

/** @throws what STS says, if a role cannot be assumed */
export async function ec2ClientOf(account: AwsAccount, abortSignal: AbortSignal): Promise<EC2> {
  return new EC2(await clientOptionsOf(account, abortSignal));
}
