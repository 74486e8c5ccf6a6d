import { crc32 } from "node:zlib";

import type { RouteState } from "@pulumi/aws/ec2/route.js";
import type { RouteTableState } from "@pulumi/aws/ec2/routeTable.js";
import type { RouteTableAssociationState } from "@pulumi/aws/ec2/routeTableAssociation.js";

import type { Context } from "../context.ts";
import { type Plain, replace, resource, update } from "../resource.ts";
import { ec2, retag, tagged } from "./ec2.ts";

type Association = Plain<RouteTableAssociationState>;

/** The id that the real provider gives to a route. */
export const routeId = (table: string, destination: string) => `r-${table}${crc32(destination)}`;

const findTable = async (context: Context, id = "") =>
  (await ec2(context).describeRouteTables({ RouteTableIds: [id] })).RouteTables?.[0];

const routeTable = resource<Plain<RouteTableState>>({
  token: "aws:ec2/routeTable:RouteTable",
  inputs: { vpcId: replace() },
  outputs: ["ownerId"],
  retag,
  create: async (context, { VpcId, Tags }) => {
    const request = tagged("route-table", { VpcId, Tags });
    return (await ec2(context).createRouteTable(request)).RouteTable?.RouteTableId;
  },
  find: findTable,
  delete: (context, RouteTableId) => ec2(context).deleteRouteTable({ RouteTableId }),
});

const route = resource<Plain<RouteState>>({
  token: "aws:ec2/route:Route",
  inputs: {
    routeTableId: replace(),
    destinationCidrBlock: replace(),
    gatewayId: update(),
    natGatewayId: update(),
  },
  outputs: ["origin", "state"],
  async create(context, request, { routeTableId, destinationCidrBlock }) {
    await ec2(context).createRoute(request);
    return routeId(routeTableId ?? "", destinationCidrBlock ?? "");
  },
  async find(context, _, { routeTableId, destinationCidrBlock }) {
    const routes = (await findTable(context, routeTableId))?.Routes;
    const found = routes?.find((one) => one.DestinationCidrBlock === destinationCidrBlock);
    return found && { ...found, RouteTableId: routeTableId };
  },
  update: (context, { request }) => ec2(context).replaceRoute(request),
  delete: (
    context,
    _,
    { routeTableId: RouteTableId, destinationCidrBlock: DestinationCidrBlock },
  ) => ec2(context).deleteRoute({ RouteTableId, DestinationCidrBlock }),
});

/** By the subnet, because an update gives the association a new id, which the engine cannot record. */
async function findAssociation(context: Context, _: string, { subnetId }: Association) {
  const Filters = [{ Name: "association.subnet-id", Values: [subnetId ?? ""] }];
  const { RouteTables } = await ec2(context).describeRouteTables({ Filters });
  return RouteTables?.[0]?.Associations?.find(({ SubnetId }) => SubnetId === subnetId);
}

const association = resource<Association>({
  token: "aws:ec2/routeTableAssociation:RouteTableAssociation",
  inputs: { routeTableId: update(), subnetId: replace() },
  create: async (context, request) =>
    (await ec2(context).associateRouteTable(request)).AssociationId,
  find: findAssociation,
  async update(context, { id, olds, request }) {
    const found = await findAssociation(context, id, olds);
    await ec2(context).replaceRouteTableAssociation({
      AssociationId: found?.RouteTableAssociationId,
      RouteTableId: request.RouteTableId,
    });
  },
  async delete(context, id, state) {
    const AssociationId = (await findAssociation(context, id, state))?.RouteTableAssociationId;
    if (AssociationId) await ec2(context).disassociateRouteTable({ AssociationId });
  },
});

export const types = [routeTable, route, association];
