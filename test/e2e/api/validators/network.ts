import * as ec2 from "@aws-sdk/client-ec2";
import type { Account, Row } from "./account.ts";

const route = (x: Account, target: Partial<ec2.CreateRouteCommandInput>) => {
  const input = { RouteTableId: x.table, DestinationCidrBlock: "0.0.0.0/0", ...target };
  return x.make.cloud.send(new ec2.CreateRouteCommand(input));
};
const permit = (x: Account, change: ec2.IpPermission) => {
  const http = { IpProtocol: "tcp", FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: "0.0.0.0/0" }] };
  const input = { GroupId: x.group, IpPermissions: [{ ...http, ...change }] };
  return x.make.cloud.send(new ec2.AuthorizeSecurityGroupIngressCommand(input));
};
/** AWS answers CreateNatGateway and refuses by the gateway's state. */
const readState = async (x: Account, nat: string) => {
  const command = new ec2.DescribeNatGatewaysCommand({ NatGatewayIds: [nat] });
  const [gateway] = (await x.make.cloud.send(command)).NatGateways!;
  if (gateway!.State !== "failed") return;
  throw Object.assign(new Error(gateway!.FailureMessage), { name: gateway!.FailureCode });
};

export const subnetsGatewaysAndRoutes: Row[] = [
  [
    "a subnet of 8 addresses",
    "InvalidSubnet.Range",
    "10.0.9.0/29",
    (x) => x.make.subnet(x.vpc, "10.0.9.0/29"),
  ],
  [
    "a subnet in another region's zone",
    "InvalidParameterValue",
    "eu-west-1a",
    (x) => {
      const input = { VpcId: x.vpc, CidrBlock: "10.0.9.0/24", AvailabilityZone: "eu-west-1a" };
      return x.make.cloud.send(new ec2.CreateSubnetCommand(input));
    },
  ],
  [
    "a second internet gateway",
    "InvalidParameterValue",
    (x) => x.vpc,
    (x) => {
      const input = { InternetGatewayId: x.spareGateway, VpcId: x.vpc };
      return x.make.cloud.send(new ec2.AttachInternetGatewayCommand(input));
    },
  ],
  [
    "a NAT gateway without an address",
    "MissingParameter",
    "AllocationId",
    (x) => x.make.cloud.send(new ec2.CreateNatGatewayCommand({ SubnetId: x.a })),
  ],
  [
    "a NAT gateway without an internet gateway",
    "Gateway.NotAttached",
    (x) => x.dead,
    (x) => readState(x, x.failedNat),
  ],
  [
    "an Elastic IP for an instance without an internet gateway",
    "Gateway.NotAttached",
    (x) => x.dead,
    (x) => {
      const input = { AllocationId: x.freeAddress.id, InstanceId: x.deadInstance };
      return x.make.cloud.send(new ec2.AssociateAddressCommand(input));
    },
  ],
  [
    "a route to an unknown NAT gateway",
    "InvalidNatGatewayID.NotFound",
    "nat-0123456789abcdef0",
    (x) => route(x, { NatGatewayId: "nat-0123456789abcdef0" }),
  ],
  [
    "a route to another VPC's internet gateway",
    "InvalidParameterValue",
    (x) => x.farGateway,
    (x) => route(x, { GatewayId: x.farGateway }),
  ],
  [
    "a route to another VPC's NAT gateway",
    "InvalidParameterValue",
    (x) => x.farNat,
    (x) => route(x, { NatGatewayId: x.farNat }),
  ],
  ["a route without a target", "MissingParameter", "exactly one of", (x) => route(x, {})],
  [
    "an endpoint of a service that the region does not have",
    "InvalidServiceName",
    "com.amazonaws.eu-west-1.s3",
    (x) => {
      const input = { VpcId: x.vpc, ServiceName: "com.amazonaws.eu-west-1.s3" };
      return x.make.cloud.send(new ec2.CreateVpcEndpointCommand(input));
    },
  ],
];

export const securityGroups: Row[] = [
  [
    "a TCP rule without ports",
    "InvalidParameterValue",
    "both from and to ports",
    (x) => permit(x, { FromPort: undefined, ToPort: undefined }),
  ],
  [
    "port 70000",
    "InvalidParameterValue",
    "70000",
    (x) => permit(x, { FromPort: 70000, ToPort: 70000 }),
  ],
  [
    "a port range that ends before it starts",
    "InvalidParameterValue",
    "443:80",
    (x) => permit(x, { FromPort: 443, ToPort: 80 }),
  ],
  [
    "an unknown protocol",
    "InvalidParameterValue",
    "bogus",
    (x) => permit(x, { IpProtocol: "bogus" }),
  ],
  [
    "a rule without a source",
    "MissingParameter",
    "Missing source specification",
    (x) => permit(x, { IpRanges: [] }),
  ],
  [
    "a rule for another VPC's security group",
    "InvalidGroup.NotFound",
    (x) => x.farGroup,
    (x) => permit(x, { IpRanges: [], UserIdGroupPairs: [{ GroupId: x.farGroup }] }),
  ],
  [
    "a security group whose name looks like an ID",
    "InvalidParameterValue",
    "sg-app",
    (x) => x.make.group(x.vpc, "sg-app"),
  ],
];
