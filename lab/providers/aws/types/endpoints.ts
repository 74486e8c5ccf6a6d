/** What leads out of a VPC to AWS's other services: gateway endpoints and flow logs. */
import type { UnsuccessfulItem } from "@aws-sdk/client-ec2";
import type { FlowLogState } from "@pulumi/aws/ec2/flowLog.js";
import type { VpcEndpointState } from "@pulumi/aws/ec2/vpcEndpoint.js";

import type { Context } from "../context.ts";
import { ifFound } from "../errors.ts";
import { type Plain, replace, resource, update } from "../resource.ts";
import { sameJson, sameSet } from "../values.ts";
import { ec2, retag, tagged } from "./ec2.ts";

/** These calls succeed though what they were for did not. */
function refuse(items: UnsuccessfulItem[] = []): void {
  for (const { Error: { Code: name = "", Message } = {} } of items)
    throw Object.assign(new Error(Message), { name });
}

async function findEndpoint(context: Context, id: string) {
  const found = await ifFound(ec2(context).describeVpcEndpoints({ VpcEndpointIds: [id] }));
  return found?.VpcEndpoints?.[0];
}

async function waitForEndpoint(context: Context, id: string, via: RegExp, to: string) {
  // AWS's documentation begins states with a capital, and its answers do not.
  const probe = async () => (await findEndpoint(context, id))?.State?.toLowerCase() ?? "deleted";
  await context.waitFor({ thing: `VPC endpoint ${id}`, via, to, limit: 600 }, probe);
}

const endpoint = resource<Plain<VpcEndpointState>>({
  token: "aws:ec2/vpcEndpoint:VpcEndpoint",
  inputs: {
    vpcId: replace(),
    serviceName: replace(),
    vpcEndpointType: replace({ default: "Gateway" }),
    policy: update({ computed: true, same: sameJson, aws: "PolicyDocument" }),
    routeTableIds: update({ computed: true, same: sameSet }),
  },
  outputs: ["cidrBlocks", "ownerId", "prefixListId", "requesterManaged", "state"],
  retag,
  async create(context, { Tags, ...request }) {
    const { VpcEndpoint } = await ec2(context).createVpcEndpoint({
      ...(request as { VpcId: string; ServiceName: string }),
      ...tagged("vpc-endpoint", { Tags }),
    });
    return VpcEndpoint?.VpcEndpointId;
  },
  complete: (context, id) => waitForEndpoint(context, id, /pending/, "available"),
  async find(context, id) {
    const found = await findEndpoint(context, id);
    const Filters = [{ Name: "prefix-list-name", Values: [found?.ServiceName ?? ""] }];
    const [list] = (await ec2(context).describePrefixLists({ Filters })).PrefixLists ?? [];
    return found && { ...found, CidrBlocks: list?.Cidrs, PrefixListId: list?.PrefixListId };
  },
  async update(context, { id, olds, news }) {
    const [had = [], wanted = []] = [olds.routeTableIds, news.routeTableIds];
    const { policy: PolicyDocument } = news;
    await ec2(context).modifyVpcEndpoint({
      ...{ VpcEndpointId: id, ...(PolicyDocument ? { PolicyDocument } : {}) },
      AddRouteTableIds: wanted.filter((table) => !had.includes(table)),
      RemoveRouteTableIds: had.filter((table) => !wanted.includes(table)),
    });
  },
  async delete(context, id) {
    refuse((await ec2(context).deleteVpcEndpoints({ VpcEndpointIds: [id] })).Unsuccessful);
    await waitForEndpoint(context, id, /available|deleting/, "deleted");
  },
});

const flowLog = resource<Plain<FlowLogState>>({
  token: "aws:ec2/flowLog:FlowLog",
  inputs: {
    vpcId: replace({ aws: "ResourceId" }),
    trafficType: replace(),
    logDestination: replace({ computed: true }),
    logDestinationType: replace({ default: "cloud-watch-logs" }),
    iamRoleArn: replace({ aws: "DeliverLogsPermissionArn" }),
    maxAggregationInterval: replace({ default: 600 }),
  },
  retag,
  async create(context, { Tags, ...request }, { vpcId = "" }) {
    const { FlowLogIds, Unsuccessful } = await ec2(context).createFlowLogs({
      ...(request as object),
      ResourceType: "VPC",
      ResourceIds: [vpcId],
      ...tagged("vpc-flow-log", { Tags }),
    });
    refuse(Unsuccessful);
    return FlowLogIds?.[0];
  },
  find: async (context, id) =>
    (await ec2(context).describeFlowLogs({ FlowLogIds: [id] })).FlowLogs?.[0],
  delete: async (context, id) =>
    refuse((await ec2(context).deleteFlowLogs({ FlowLogIds: [id] })).Unsuccessful),
});

export const types = [endpoint, flowLog];
