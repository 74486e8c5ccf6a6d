/** What the types of EC2 have in common. */
import { EC2, type ResourceType as Ec2Type, type Tag } from "@aws-sdk/client-ec2";

import type { Context } from "../context.ts";
import { tagList, type Tags } from "../resource.ts";

export const ec2 = (context: Context): EC2 => context.client(EC2);

/** A request whose tags are where EC2 expects those of a resource that it creates; it refuses an empty list. */
export const tagged = <R extends { Tags: Tag[] }>(type: Ec2Type, { Tags, ...request }: R) => ({
  ...request,
  ...(Tags.length > 0 ? { TagSpecifications: [{ ResourceType: type, Tags }] } : {}),
});

export async function retag(
  context: Context,
  id: string,
  { set, remove }: Omit<Tags, "all">,
): Promise<void> {
  const Resources = [id];
  if (remove.length > 0)
    await ec2(context).deleteTags({ Resources, Tags: remove.map((Key) => ({ Key })) });
  if (Object.keys(set).length > 0) await ec2(context).createTags({ Resources, Tags: tagList(set) });
}

/** pulumi-aws's own text where AWS wants a description. */
export const managedByPulumi = "Managed by Pulumi";
