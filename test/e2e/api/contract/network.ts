import { ref, statement, type Subject, subject } from "./subject.ts";

const anywhere = "0.0.0.0/0";
const s3 = "com.amazonaws.us-west-2.s3";
const inMain = { vpcId: ref("main") };
const reading = (bucket: string): string =>
  statement({ Principal: "*", Action: "s3:GetObject", Resource: `arn:aws:s3:::${bucket}/*` });

/** Every type of the network, and what the machines stand on. */
export const network: Subject[] = [
  subject("ec2/vpc", "aws_vpc", "main", { cidrBlock: "10.0.0.0/16", tags: { Name: "main" } }, [
    { enableDnsHostnames: true, tags: { Name: "renamed", more: "1" } },
    { enableDnsHostnames: undefined, tags: { more: "2" } },
    { enableDnsSupport: false, enableDnsHostnames: false, tags: undefined },
  ]),
  subject("ec2/vpc", "aws_vpc", "other", { cidrBlock: "10.1.0.0/16" }),
  subject("ec2/vpc", "aws_vpc", "empty", { cidrBlock: "10.2.0.0/16" }),
  subject("ec2/vpc", "aws_vpc", "leaf", { cidrBlock: "10.3.0.0/16" }, [
    { cidrBlock: "10.4.0.0/16" },
    { tags: { project: "other than the default" } },
  ]),
  subject(
    "ec2/subnet",
    "aws_subnet",
    "near",
    { ...inMain, cidrBlock: "10.0.0.0/24", availabilityZone: "us-west-2a" },
    [{ tags: { Name: "near" } }, { availabilityZone: undefined }],
  ),
  ...["b", "c"].map((zone, index) =>
    subject("ec2/subnet", "aws_subnet", `zone-${zone}`, {
      ...inMain,
      cidrBlock: `10.0.${index + 1}.0/24`,
      availabilityZone: `us-west-2${zone}`,
    }),
  ),
  subject(
    "ec2/subnet",
    "aws_subnet",
    "leaf",
    { ...inMain, cidrBlock: "10.0.8.0/24", availabilityZone: "us-west-2a" },
    [
      { cidrBlock: "10.0.9.0/24" },
      { availabilityZone: "us-west-2b" },
      { vpcId: ref("other"), cidrBlock: "10.1.0.0/24" },
    ],
  ),
  subject("ec2/internetGateway", "aws_internet_gateway", "gate", inMain),
  subject("ec2/internetGateway", "aws_internet_gateway", "leaf", { vpcId: ref("other") }, [
    { vpcId: ref("empty") },
    { vpcId: undefined },
  ]),
  subject("ec2/routeTable", "aws_route_table", "public", inMain),
  subject("ec2/routeTable", "aws_route_table", "private", inMain),
  subject("ec2/routeTable", "aws_route_table", "leaf", inMain, [
    { tags: { Name: "leaf" } },
    { vpcId: ref("other") },
  ]),
  subject("ec2/eip", "aws_eip", "translated", { domain: "vpc" }, [{ domain: undefined }]),
  subject("ec2/eip", "aws_eip", "translated-too", { domain: "vpc" }),
  subject("ec2/eip", "aws_eip", "moved", { domain: "vpc" }, [{ tags: { Name: "moved" } }]),
  subject("ec2/route", "aws_route", "out", {
    routeTableId: ref("public"),
    destinationCidrBlock: anywhere,
    gatewayId: ref("gate"),
  }),
  ...[
    subject(
      "ec2/natGateway",
      "aws_nat_gateway",
      "nat",
      { allocationId: ref("translated"), subnetId: ref("near") },
      [{ tags: { Name: "nat" } }],
      { after: "gate" },
    ),
    subject(
      "ec2/natGateway",
      "aws_nat_gateway",
      "leaf",
      { allocationId: ref("translated-too"), subnetId: ref("near") },
      [{}, { subnetId: ref("zone-b") }],
      { after: "gate" },
    ),
  ],
  subject(
    "ec2/route",
    "aws_route",
    "leaf",
    {
      routeTableId: ref("private"),
      destinationCidrBlock: "198.51.100.0/24",
      gatewayId: ref("gate"),
    },
    [
      { gatewayId: undefined, natGatewayId: ref("nat") },
      { destinationCidrBlock: "203.0.113.0/24" },
      { routeTableId: ref("public") },
    ],
  ),
  subject(
    "ec2/routeTableAssociation",
    "aws_route_table_association",
    "leaf",
    { routeTableId: ref("public"), subnetId: ref("near") },
    [
      { routeTableId: ref("private") },
      { subnetId: ref("zone-b") },
      { routeTableId: ref("public") },
    ],
  ),
  ...["open", "closed"].map((name) =>
    subject("ec2/securityGroup", "aws_security_group", name, {
      ...inMain,
      name,
      description: name,
    }),
  ),
  subject(
    "ec2/securityGroup",
    "aws_security_group",
    "leaf",
    { ...inMain, name: "leaf", description: "first" },
    [
      { description: "second" },
      { name: "leaf-too", tags: { Name: "leaf" } },
      { vpcId: ref("other") },
    ],
  ),
  subject("ec2/defaultSecurityGroup", "aws_default_security_group", "default", inMain, [
    { tags: { Name: "default" } },
    { vpcId: ref("other") },
  ]),
  subject(
    "ec2/vpcEndpoint",
    "aws_vpc_endpoint",
    "leaf",
    { ...inMain, serviceName: s3, routeTableIds: [ref("public")], policy: reading("a") },
    [
      {
        policy: reading("b"),
        routeTableIds: [ref("private")],
        vpcEndpointType: "Gateway",
        tags: { Name: "leaf" },
      },
      { routeTableIds: undefined, serviceName: s3.replace("s3", "dynamodb") },
      { vpcId: ref("other") },
    ],
  ),
  subject(
    "vpc/securityGroupIngressRule",
    "aws_vpc_security_group_ingress_rule",
    "leaf",
    {
      securityGroupId: ref("open"),
      ipProtocol: "tcp",
      fromPort: 80,
      toPort: 80,
      cidrIpv4: anywhere,
    },
    [
      { toPort: 81, description: "two ports" },
      { cidrIpv4: "10.0.0.0/8", description: undefined },
      { securityGroupId: ref("closed"), tags: { Name: "leaf" } },
    ],
  ),
  // moto takes no change of a rule's source to a group, nor any of a rule without ports.
  subject(
    "vpc/securityGroupIngressRule",
    "aws_vpc_security_group_ingress_rule",
    "planned",
    {
      securityGroupId: ref("open"),
      ipProtocol: "tcp",
      fromPort: 22,
      toPort: 22,
      cidrIpv4: anywhere,
    },
    [{ cidrIpv4: undefined, referencedSecurityGroupId: ref("closed") }],
    { plannedOnly: true },
  ),
  subject(
    "vpc/securityGroupEgressRule",
    "aws_vpc_security_group_egress_rule",
    "planned",
    { securityGroupId: ref("open"), ipProtocol: "-1", cidrIpv4: anywhere, description: "all" },
    [{ description: undefined }, { cidrIpv4: "10.0.0.0/8" }, { securityGroupId: ref("closed") }],
    { plannedOnly: true },
  ),
  subject(
    "vpc/securityGroupEgressRule",
    "aws_vpc_security_group_egress_rule",
    "leaf",
    { securityGroupId: ref("open"), ipProtocol: "-1", cidrIpv4: "192.0.2.0/24" },
    [{ ipProtocol: "udp", fromPort: 1, toPort: 100 }],
  ),
];
