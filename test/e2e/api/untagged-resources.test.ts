import { EC2 } from "@aws-sdk/client-ec2";
import { expect } from "chai";
import { untaggedResources } from "../../../lab/support/untagged-resources.ts";
import { useApi } from "../../support/api-environment.ts";

describe("An untagged resource of an interrupted creation", function () {
  this.timeout(60_000);
  const lab = useApi();

  /** The ids that are found for creations of these types and inputs. */
  const find = async (...creations: [type: string, inputs: Record<string, unknown>][]) => {
    const found = await untaggedResources(
      creations.map(([type, inputs], index) => ({ urn: `urn:${index}`, type, inputs })),
    );
    return Object.fromEntries(found.map(({ urn, id }) => [urn ?? "", id] as const));
  };

  it("is found by its inputs: a route, a route table association or a security group rule", async () => {
    const ec2 = new EC2(lab.api.client);
    const { Vpc } = await ec2.createVpc({ CidrBlock: "10.0.0.0/16" });
    const { VpcId } = Vpc!;
    const { Subnet } = await ec2.createSubnet({ VpcId, CidrBlock: "10.0.0.0/24" });
    const { InternetGateway } = await ec2.createInternetGateway();
    const { InternetGatewayId: GatewayId } = InternetGateway!;
    await ec2.attachInternetGateway({ VpcId, InternetGatewayId: GatewayId });
    const { RouteTable } = await ec2.createRouteTable({ VpcId });
    const { RouteTableId } = RouteTable!;
    await ec2.createRoute({ RouteTableId, DestinationCidrBlock: "0.0.0.0/0", GatewayId });
    const { SubnetId } = Subnet!;
    const { AssociationId } = await ec2.associateRouteTable({ RouteTableId, SubnetId });
    const group = { VpcId, GroupName: "app", Description: "app" };
    const { GroupId } = await ec2.createSecurityGroup(group);
    const port = { IpProtocol: "tcp", FromPort: 80, ToPort: 80 };
    const { SecurityGroupRules } = await ec2.authorizeSecurityGroupIngress({
      GroupId,
      IpPermissions: [{ ...port, IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
    });

    const route = "aws:ec2/route:Route";
    const ingress = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
    const http = { ipProtocol: "tcp", fromPort: 80, toPort: 80, cidrIpv4: "0.0.0.0/0" };
    const found = await find(
      [route, { routeTableId: RouteTableId, destinationCidrBlock: "0.0.0.0/0" }],
      [route, { routeTableId: RouteTableId, destinationCidrBlock: "192.0.2.0/24" }],
      [route, { routeTableId: "rtb-00000000000000000", destinationCidrBlock: "0.0.0.0/0" }],
      [
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        { routeTableId: RouteTableId, subnetId: SubnetId },
      ],
      [ingress, { securityGroupId: GroupId, ...http }],
      [ingress, { securityGroupId: GroupId, ...http, toPort: 81 }],
      [
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        { securityGroupId: GroupId, ...http },
      ],
    );
    expect(found).to.deep.equal({
      "urn:0": `r-${RouteTableId}1080289494`,
      "urn:3": AssociationId,
      "urn:4": SecurityGroupRules![0]!.SecurityGroupRuleId,
    });
  });
});
