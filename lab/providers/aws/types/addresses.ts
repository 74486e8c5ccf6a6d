import type { EipState } from "@pulumi/aws/ec2/eip.js";
import type { EipAssociationState } from "@pulumi/aws/ec2/eipAssociation.js";
import type { NatGatewayState } from "@pulumi/aws/ec2/natGateway.js";

import type { Context } from "../context.ts";
import { ifFound } from "../errors.ts";
import { type Plain, replace, resource } from "../resource.ts";
import { ec2, retag, tagged } from "./ec2.ts";

const eip = resource<Plain<EipState>>({
  token: "aws:ec2/eip:Eip",
  inputs: { domain: replace({ computed: true }) },
  outputs: ["allocationId", "associationId", "networkBorderGroup", "publicIp"],
  retag,
  async create(context, { Tags }) {
    const request = { Domain: "vpc", ...tagged("elastic-ip", { Tags }) } as const;
    return (await ec2(context).allocateAddress(request)).AllocationId;
  },
  find: async (context, id) =>
    (await ec2(context).describeAddresses({ AllocationIds: [id] })).Addresses?.[0],
  delete: (context, AllocationId) => ec2(context).releaseAddress({ AllocationId }),
});

const eipAssociation = resource<Plain<EipAssociationState>>({
  token: "aws:ec2/eipAssociation:EipAssociation",
  inputs: { allocationId: replace({ computed: true }), instanceId: replace({ computed: true }) },
  outputs: ["networkInterfaceId", "privateIpAddress", "publicIp"],
  create: async (context, request) => (await ec2(context).associateAddress(request)).AssociationId,
  async find(context, id) {
    const Filters = [{ Name: "association-id", Values: [id] }];
    return (await ec2(context).describeAddresses({ Filters })).Addresses?.[0];
  },
  delete: (context, AssociationId) => ec2(context).disassociateAddress({ AssociationId }),
});

async function findNatGateway(context: Context, id: string) {
  const found = await ifFound(ec2(context).describeNatGateways({ NatGatewayIds: [id] }));
  const gateway = found?.NatGateways?.[0];
  // A deleted one is still described for an hour.
  return gateway?.State === "deleted" ? undefined : gateway;
}

async function waitForNatGateway(
  context: Context,
  id: string,
  via: RegExp,
  to: string,
  limit: number,
) {
  const probe = async () => (await findNatGateway(context, id))?.State ?? "deleted";
  await context.waitFor({ thing: `NAT gateway ${id}`, via, to, limit }, probe);
}

const natGateway = resource<Plain<NatGatewayState>>({
  token: "aws:ec2/natGateway:NatGateway",
  inputs: { allocationId: replace(), subnetId: replace() },
  outputs: ["associationId", "networkInterfaceId", "privateIp", "publicIp", "vpcId"],
  retag,
  async create(context, { AllocationId, SubnetId, Tags }) {
    const request = tagged("natgateway", { AllocationId, SubnetId, Tags });
    return (await ec2(context).createNatGateway(request)).NatGateway?.NatGatewayId;
  },
  complete: (context, id) => waitForNatGateway(context, id, /pending/, "available", 600),
  async find(context, id) {
    const found = await findNatGateway(context, id);
    return found && { ...found, ...found.NatGatewayAddresses?.[0] };
  },
  async delete(context, id) {
    await ec2(context).deleteNatGateway({ NatGatewayId: id });
    await waitForNatGateway(context, id, /pending|available|deleting/, "deleted", 1800);
  },
});

export const types = [eip, eipAssociation, natGateway];
