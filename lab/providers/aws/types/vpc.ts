import type { InternetGatewayState } from "@pulumi/aws/ec2/internetGateway.js";
import type { SubnetState } from "@pulumi/aws/ec2/subnet.js";
import type { VpcState } from "@pulumi/aws/ec2/vpc.js";

import type { Context } from "../context.ts";
import { ifFound } from "../errors.ts";
import { type Plain, replace, resource, update } from "../resource.ts";
import { ec2, retag, tagged } from "./ec2.ts";

type Vpc = Plain<VpcState>;

/** AWS takes one attribute a call. */
async function setAttributes(context: Context, VpcId: string, vpc: Vpc): Promise<void> {
  const { enableDnsSupport: support, enableDnsHostnames: hostnames } = vpc;
  if (support !== undefined)
    await ec2(context).modifyVpcAttribute({ VpcId, EnableDnsSupport: { Value: support } });
  if (hostnames !== undefined)
    await ec2(context).modifyVpcAttribute({ VpcId, EnableDnsHostnames: { Value: hostnames } });
}

const vpc = resource<Vpc>({
  token: "aws:ec2/vpc:Vpc",
  inputs: {
    cidrBlock: replace(),
    enableDnsSupport: update({ default: true }),
    enableDnsHostnames: update({ computed: true }),
  },
  outputs: ["dhcpOptionsId", "instanceTenancy", "ownerId"],
  retag,
  create: async (context, { CidrBlock, Tags }) =>
    (await ec2(context).createVpc(tagged("vpc", { CidrBlock, Tags }))).Vpc?.VpcId,
  complete: setAttributes,
  async find(context, VpcId) {
    const api = ec2(context);
    const [{ Vpcs }, support, hostnames] = await Promise.all([
      api.describeVpcs({ VpcIds: [VpcId] }),
      api.describeVpcAttribute({ VpcId, Attribute: "enableDnsSupport" }),
      api.describeVpcAttribute({ VpcId, Attribute: "enableDnsHostnames" }),
    ]);
    return {
      ...Vpcs?.[0],
      EnableDnsSupport: support.EnableDnsSupport?.Value,
      EnableDnsHostnames: hostnames.EnableDnsHostnames?.Value,
    };
  },
  update: (context, { id, news }) => setAttributes(context, id, news),
  delete: (context, VpcId) => ec2(context).deleteVpc({ VpcId }),
});

const subnet = resource<Plain<SubnetState>>({
  token: "aws:ec2/subnet:Subnet",
  inputs: {
    vpcId: replace(),
    cidrBlock: replace(),
    availabilityZone: replace({ computed: true }),
  },
  outputs: ["availabilityZoneId", "mapPublicIpOnLaunch", "ownerId"],
  retag,
  create: async (context, request) =>
    (await ec2(context).createSubnet(tagged("subnet", request))).Subnet?.SubnetId,
  find: async (context, id) =>
    (await ec2(context).describeSubnets({ SubnetIds: [id] })).Subnets?.[0],
  delete: (context, SubnetId) => ec2(context).deleteSubnet({ SubnetId }),
});

const internetGateway = resource<Plain<InternetGatewayState>>({
  token: "aws:ec2/internetGateway:InternetGateway",
  inputs: { vpcId: update({ computed: true }) },
  outputs: ["ownerId"],
  retag,
  async create(context, { Tags }) {
    const request = tagged("internet-gateway", { Tags });
    const { InternetGateway } = await ec2(context).createInternetGateway(request);
    return InternetGateway?.InternetGatewayId;
  },
  async complete(context, InternetGatewayId, { vpcId: VpcId }) {
    if (VpcId) await ec2(context).attachInternetGateway({ InternetGatewayId, VpcId });
  },
  async find(context, id) {
    const request = { InternetGatewayIds: [id] };
    const found = (await ec2(context).describeInternetGateways(request)).InternetGateways?.[0];
    return found && { ...found, VpcId: found.Attachments?.[0]?.VpcId };
  },
  async update(context, { id: InternetGatewayId, olds, news }) {
    if (olds.vpcId)
      await ec2(context).detachInternetGateway({ InternetGatewayId, VpcId: olds.vpcId });
    await ec2(context).attachInternetGateway({ InternetGatewayId, VpcId: news.vpcId });
  },
  async delete(context, InternetGatewayId, { vpcId: VpcId }) {
    if (VpcId) await ifFound(ec2(context).detachInternetGateway({ InternetGatewayId, VpcId }));
    await ec2(context).deleteInternetGateway({ InternetGatewayId });
  },
});

export const types = [vpc, subnet, internetGateway];
