/** Functions of IAM. */
import { IAM } from "@aws-sdk/client-iam";
import type {
  GetOpenIdConnectProviderArgs,
  GetOpenIdConnectProviderResult,
} from "@pulumi/aws/iam/getOpenIdConnectProvider.js";

import type { Context } from "../context.ts";
import { explain, ifFound } from "../errors.ts";
import { tagMap } from "../resource.ts";

/** @throws in the words of the real provider, also if there is none */
export async function getOpenIdConnectProvider(
  context: Context,
  { arn = "" }: GetOpenIdConnectProviderArgs,
): Promise<GetOpenIdConnectProviderResult> {
  const request = { OpenIDConnectProviderArn: arn };
  const found = await ifFound(context.client(IAM).getOpenIDConnectProvider(request)).catch(
    (error: unknown) => {
      throw explain("reading", "IAM OIDC Provider", error);
    },
  );
  if (!found) throw new Error("reading IAM OIDC Provider: couldn't find resource");
  return {
    ...{ arn, id: arn, url: found.Url! },
    clientIdLists: found.ClientIDList ?? [],
    thumbprintLists: found.ThumbprintList ?? [],
    tags: tagMap(found.Tags ?? []),
  };
}
