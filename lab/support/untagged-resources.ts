/** Resources of EC2 that have no tags of their own, found by the inputs of the creations that may have made them. */
import { EC2 } from "@aws-sdk/client-ec2";
import type { StateResource, Unrecorded } from "./orphans.ts";
import { routeId } from "../providers/aws/types/routes.ts";

type Find = (ec2: EC2, inputs: Record<string, unknown>) => Promise<string | undefined>;

const rule =
  (egress: boolean): Find =>
  async (ec2, inputs) => {
    const Filters = [{ Name: "group-id", Values: [String(inputs.securityGroupId)] }];
    const { SecurityGroupRules = [] } = await ec2.describeSecurityGroupRules({ Filters });
    return SecurityGroupRules.find(
      (found) =>
        found.IsEgress === egress &&
        found.IpProtocol === inputs.ipProtocol &&
        // EC2 says -1 where every port is meant, and the program says nothing.
        (found.IpProtocol === "-1" ||
          (found.FromPort === inputs.fromPort && found.ToPort === inputs.toPort)) &&
        found.CidrIpv4 === inputs.cidrIpv4 &&
        found.ReferencedGroupInfo?.GroupId === inputs.referencedSecurityGroupId,
    )?.SecurityGroupRuleId;
  };

/** By Pulumi's type: the id of what an interrupted creation with these inputs has made; undefined if there is nothing. */
const finders: Readonly<Record<string, Find>> = {
  "aws:ec2/route:Route": async (ec2, { routeTableId, destinationCidrBlock }) => {
    const { RouteTables } = await ec2.describeRouteTables({
      RouteTableIds: [String(routeTableId)],
    });
    const routes = RouteTables?.[0]?.Routes ?? [];
    const found = routes.some((one) => one.DestinationCidrBlock === destinationCidrBlock);
    return found ? routeId(String(routeTableId), String(destinationCidrBlock)) : undefined;
  },
  "aws:ec2/routeTableAssociation:RouteTableAssociation": async (
    ec2,
    { routeTableId, subnetId },
  ) => {
    const { RouteTables } = await ec2.describeRouteTables({
      RouteTableIds: [String(routeTableId)],
    });
    return RouteTables?.[0]?.Associations?.find((one) => one.SubnetId === subnetId)
      ?.RouteTableAssociationId;
  },
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": rule(false),
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": rule(true),
};

/** What the interrupted creations have made of these types. A table or group that is gone has nothing. */
export async function untaggedResources(
  creations: readonly StateResource[],
): Promise<Unrecorded[]> {
  const ec2 = new EC2();
  const found = await Promise.all(
    creations.map(async ({ type, urn, inputs = {} }) => {
      const id = await finders[type]?.(ec2, inputs).catch((error: Error) => {
        if (/NotFound$/.test(error.name)) return undefined;
        throw error;
      });
      return id === undefined ? [] : [{ id, type, name: "", urn }];
    }),
  );
  return found.flat();
}
