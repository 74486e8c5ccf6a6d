import { AccountClient } from "../../../../lab/providers/aws/account-client.ts";
import type { ApiServer } from "../../../../lab/support/api-server.ts";
import { type Inputs, ref } from "./subject.ts";

/** A function of the stand-in that is compared with the real provider's data source. */
export interface Lookup {
  /** Pulumi's token. */
  readonly token: string;
  /** Terraform's data source, whose arguments are Pulumi's in snake case. */
  readonly terraform: string;
  readonly args: Inputs;
  /** Address of what must be there before, if it is a subject. */
  readonly after?: string;
}

const accountId = "123456789012";

/** What the lookups find that is no subject. */
export async function prepare({ client }: ApiServer): Promise<void> {
  const PublicAccessBlockConfiguration = { BlockPublicAcls: true };
  await new AccountClient(client).putPublicAccessBlock({
    AccountId: accountId,
    PublicAccessBlockConfiguration,
  });
}

/** One of each function, so that their names tell them apart. */
export const lookups: readonly Lookup[] = [
  {
    token: "aws:s3/getAccountPublicAccessBlock:getAccountPublicAccessBlock",
    terraform: "aws_s3_account_public_access_block",
    args: { accountId },
  },
  {
    token: "aws:s3/getObject:getObject",
    terraform: "aws_s3_object",
    args: { bucket: ref("objects"), key: "index.html" },
    after: "aws_s3_object.leaf",
  },
  {
    token: "aws:s3/getObjects:getObjects",
    terraform: "aws_s3_objects",
    args: { bucket: ref("objects"), prefix: "index" },
    after: "aws_s3_object.leaf",
  },
];

/** What a lookup returned, without what is empty and without what differs by time. */
export function comparable(result: Inputs): Inputs {
  const isEmpty = (value: unknown) =>
    value === null ||
    value === "" ||
    (typeof value === "object" && Object.keys(value).length === 0);
  const timeless = (value: unknown) =>
    typeof value === "string" && /^\w{3}, \d/.test(value)
      ? value.replace(/^\w+|\d+ \w+ \d+|\d\d:\d\d:\d\d/g, "…")
      : value;
  return Object.fromEntries(
    Object.entries(result)
      .filter(([, value]) => !isEmpty(value))
      .map(([name, value]) => [name, timeless(value)]),
  );
}
