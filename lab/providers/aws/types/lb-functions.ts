/** Functions about load balancers that a program calls to look things up. */
import {
  type LoadBalancer,
  paginateDescribeLoadBalancers,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type { GetLoadBalancerArgs, GetLoadBalancerResult } from "@pulumi/aws/lb/getLoadBalancer.js";

import type { Context } from "../context.ts";
import { tagMap } from "../resource.ts";
import { describeBalancer, elb, tagsOf } from "./lb.ts";

/** The only load balancer with these tags. @throws in the words of the real provider if there is none, or more than one */
export async function getLoadBalancer(
  context: Context,
  { tags: wanted = {} }: GetLoadBalancerArgs,
): Promise<Partial<GetLoadBalancerResult>> {
  const found: [LoadBalancer, Record<string, string>][] = [];
  for await (const page of paginateDescribeLoadBalancers({ client: elb(context) }, {}))
    for (const balancer of page.LoadBalancers ?? []) {
      const tags = tagMap(await tagsOf(context, balancer.LoadBalancerArn!));
      if (Object.entries(wanted).every(([key, value]) => tags[key] === value))
        found.push([balancer, tags]);
    }
  const [only, ...others] = found;
  if (!only || others.length > 0)
    throw new Error(
      `Search returned ${found.length} results, please revise so only one is returned`,
    );
  const [balancer, tags] = only;
  const described = await describeBalancer(context, balancer);
  return {
    arn: described.Arn!,
    arnSuffix: described.ArnSuffix!,
    dnsName: described.DnsName!,
    dropInvalidHeaderFields: described.DropInvalidHeaderFields,
    enableDeletionProtection: described.EnableDeletionProtection,
    id: described.Arn!,
    idleTimeout: described.IdleTimeout,
    internal: described.Internal,
    loadBalancerType: described.LoadBalancerType!,
    name: described.Name!,
    securityGroups: described.SecurityGroups!.toSorted(),
    subnets: described.Subnets!.toSorted(),
    tags,
    vpcId: described.VpcId!,
    zoneId: described.ZoneId!,
  };
}
