import * as ec2 from "@aws-sdk/client-ec2";
import * as rds from "@aws-sdk/client-rds";
import * as s3 from "@aws-sdk/client-s3";
import { builder, type Builder } from "../../../../lab/support/account.ts";
import type { ApiServer } from "../../../../lab/support/api-server.ts";

/** One input that AWS refuses: what it is, AWS's error code, what the message must say, and the call. */
export type Row = [
  what: string,
  code: string,
  says: string | ((x: Account) => string),
  call: (x: Account) => Promise<unknown>,
];
export type Account = Awaited<ReturnType<typeof seedAccount>>;

async function idOfMain(make: Builder, vpcId: string): Promise<{ table: string; group: string }> {
  const vpc = { Name: "vpc-id", Values: [vpcId] };
  const main = { Name: "association.main", Values: ["true"] };
  const tables = new ec2.DescribeRouteTablesCommand({ Filters: [vpc, main] });
  const groups = new ec2.DescribeSecurityGroupsCommand({
    Filters: [vpc, { Name: "group-name", Values: ["default"] }],
  });
  return {
    table: (await make.cloud.send(tables)).RouteTables![0]!.RouteTableId!,
    group: (await make.cloud.send(groups)).SecurityGroups![0]!.GroupId!,
  };
}

/**
 * An account with one of everything that the rows misuse: a VPC with all its parts in use, another one
 * (`far…`), one without an internet gateway (`dead…`), and two with a single dependent resource.
 */
export async function seedAccount(api: ApiServer) {
  const make = builder(api);
  const send = make.cloud;
  const buckets = new s3.S3Client(api.client);

  const vpc = await make.vpc("10.0.0.0/16");
  const a = await make.subnet(vpc, "10.0.0.0/24", "a");
  const data = await make.subnet(vpc, "10.0.2.0/24", "a");
  const dataB = await make.subnet(vpc, "10.0.3.0/24", "b");
  const gateway = await make.internetGateway(vpc);
  const { InternetGateway: spare } = await send.send(new ec2.CreateInternetGatewayCommand({}));
  const natAddress = await make.elasticIp();
  await make.natGateway(a, natAddress.id);
  const { RouteTable: table } = await send.send(new ec2.CreateRouteTableCommand({ VpcId: vpc }));
  const main = await idOfMain(make, vpc);
  const [group, referred] = [await make.group(vpc, "app"), await make.group(vpc, "referred")];
  const fromReferred = { IpProtocol: "-1", UserIdGroupPairs: [{ GroupId: referred }] };
  const permit = { GroupId: group, IpPermissions: [fromReferred] };
  await send.send(new ec2.AuthorizeSecurityGroupIngressCommand(permit));
  const instance = await make.instance(a, { SecurityGroupIds: [group] });
  const address = await make.elasticIp();
  const associate = { AllocationId: address.id, InstanceId: instance };
  await send.send(new ec2.AssociateAddressCommand(associate));

  const far = await make.vpc("10.1.0.0/16");
  const farSubnet = await make.subnet(far, "10.1.0.0/24", "b");
  const farGateway = await make.internetGateway(far);
  const farNat = await make.natGateway(farSubnet, (await make.elasticIp()).id);
  const farGroup = await make.group(far, "far");

  const dead = await make.vpc("10.2.0.0/16");
  const deadSubnet = await make.subnet(dead, "10.2.0.0/24");
  const deadInstance = await make.instance(deadSubnet);
  const freeAddress = await make.elasticIp();
  const failedNat = await make.natGateway(deadSubnet, freeAddress.id);

  const withGroup = await make.vpc("10.3.0.0/16");
  await make.group(withGroup, "left");
  const withGateway = await make.vpc("10.4.0.0/16");
  await make.internetGateway(withGateway);

  await make.subnetGroup("db", [data, dataB]);
  await make.parameterGroup("old", "mysql8.0");
  await make.parameterGroup("new", "mysql8.4");
  const database = { ...make.database("db", "db"), DBParameterGroupName: "new" };
  await make.databases.send(new rds.CreateDBInstanceCommand(database));
  await buckets.send(new s3.CreateBucketCommand({ Bucket: "site" }));

  return {
    ...{ make, buckets, vpc, a, data, gateway, natAddress, group, referred, instance, address },
    ...{ far, farSubnet, farGateway, farNat, farGroup },
    ...{ dead, deadInstance, freeAddress, failedNat, withGroup, withGateway },
    spareGateway: spare!.InternetGatewayId!,
    table: table!.RouteTableId!,
    mainTable: main.table,
    defaultGroup: main.group,
  };
}
