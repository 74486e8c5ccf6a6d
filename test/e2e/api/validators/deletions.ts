import * as ec2 from "@aws-sdk/client-ec2";
import * as rds from "@aws-sdk/client-rds";
import type { Account, Row } from "./account.ts";

const release = (x: Account, AllocationId: string) =>
  x.make.cloud.send(new ec2.ReleaseAddressCommand({ AllocationId }));
const deleteGroup = (x: Account, GroupId: string) =>
  x.make.cloud.send(new ec2.DeleteSecurityGroupCommand({ GroupId }));
const deleteSubnet = (x: Account, SubnetId: string) =>
  x.make.cloud.send(new ec2.DeleteSubnetCommand({ SubnetId }));
const deleteVpc = (x: Account, VpcId: string) =>
  x.make.cloud.send(new ec2.DeleteVpcCommand({ VpcId }));

export const deletions: Row[] = [
  [
    "releasing a NAT gateway's address",
    "AuthFailure",
    (x) => x.natAddress.address,
    (x) => release(x, x.natAddress.id),
  ],
  [
    "releasing an instance's address",
    "InvalidIPAddress.InUse",
    (x) => x.address.address,
    (x) => release(x, x.address.id),
  ],
  [
    "detaching an internet gateway with mapped addresses",
    "DependencyViolation",
    (x) => x.address.address,
    (x) => {
      const input = { InternetGatewayId: x.gateway, VpcId: x.vpc };
      return x.make.cloud.send(new ec2.DetachInternetGatewayCommand(input));
    },
  ],
  [
    "deleting a security group of an instance",
    "DependencyViolation",
    (x) => x.group,
    (x) => deleteGroup(x, x.group),
  ],
  [
    "deleting a security group that a rule refers to",
    "DependencyViolation",
    (x) => x.referred,
    (x) => deleteGroup(x, x.referred),
  ],
  [
    "deleting the default security group",
    "CannotDelete",
    (x) => x.defaultGroup,
    (x) => deleteGroup(x, x.defaultGroup),
  ],
  [
    "deleting a subnet with an instance",
    "DependencyViolation",
    (x) => x.a,
    (x) => deleteSubnet(x, x.a),
  ],
  [
    "deleting a subnet with a database",
    "DependencyViolation",
    (x) => x.data,
    (x) => deleteSubnet(x, x.data),
  ],
  [
    "deleting a VPC with a security group",
    "DependencyViolation",
    (x) => x.withGroup,
    (x) => deleteVpc(x, x.withGroup),
  ],
  [
    "deleting a VPC with an internet gateway",
    "DependencyViolation",
    (x) => x.withGateway,
    (x) => deleteVpc(x, x.withGateway),
  ],
  [
    "deleting the main route table",
    "DependencyViolation",
    (x) => x.mainTable,
    (x) => x.make.cloud.send(new ec2.DeleteRouteTableCommand({ RouteTableId: x.mainTable })),
  ],
  [
    "deleting a database without snapshot options",
    "InvalidParameterCombination",
    "FinalDBSnapshotIdentifier",
    (x) => x.make.databases.send(new rds.DeleteDBInstanceCommand({ DBInstanceIdentifier: "db" })),
  ],
  [
    "deleting a database's subnet group",
    "InvalidDBSubnetGroupStateFault",
    "db",
    (x) => x.make.databases.send(new rds.DeleteDBSubnetGroupCommand({ DBSubnetGroupName: "db" })),
  ],
  [
    "deleting a database's parameter group",
    "InvalidDBParameterGroupState",
    "new",
    (x) =>
      x.make.databases.send(new rds.DeleteDBParameterGroupCommand({ DBParameterGroupName: "new" })),
  ],
];
