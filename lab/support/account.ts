import * as ec2 from "@aws-sdk/client-ec2";
import * as rds from "@aws-sdk/client-rds";
import type { ApiServer } from "./api-server.ts";

/** Region of all test accounts. */
export const region = "us-west-2";

/** Short calls for what the tests build; each answers with the new resource's id. */
export function builder({ client }: ApiServer) {
  const cloud = new ec2.EC2Client(client);
  const databases = new rds.RDSClient(client);
  return {
    cloud,
    databases,
    ...networkCalls(cloud),
    ...instanceCalls(cloud),
    ...databaseCalls(databases),
  };
}
export type Builder = ReturnType<typeof builder>;

function networkCalls(cloud: ec2.EC2Client) {
  return {
    async vpc(cidr: string): Promise<string> {
      return (await cloud.send(new ec2.CreateVpcCommand({ CidrBlock: cidr }))).Vpc!.VpcId!;
    },
    async subnet(vpcId: string, cidr: string, zone = "a"): Promise<string> {
      const command = new ec2.CreateSubnetCommand({
        VpcId: vpcId,
        CidrBlock: cidr,
        AvailabilityZone: region + zone,
      });
      return (await cloud.send(command)).Subnet!.SubnetId!;
    },
    /** An internet gateway attached to the VPC. */
    async internetGateway(vpcId: string): Promise<string> {
      const { InternetGateway } = await cloud.send(new ec2.CreateInternetGatewayCommand({}));
      const id = InternetGateway!.InternetGatewayId!;
      const attach = { InternetGatewayId: id, VpcId: vpcId };
      await cloud.send(new ec2.AttachInternetGatewayCommand(attach));
      return id;
    },
    async elasticIp(): Promise<{ id: string; address: string }> {
      const { AllocationId, PublicIp } = await cloud.send(new ec2.AllocateAddressCommand({}));
      return { id: AllocationId!, address: PublicIp! };
    },
    async natGateway(subnetId: string, allocationId: string): Promise<string> {
      const command = new ec2.CreateNatGatewayCommand({
        SubnetId: subnetId,
        AllocationId: allocationId,
      });
      return (await cloud.send(command)).NatGateway!.NatGatewayId!;
    },
    async group(vpcId: string, name: string): Promise<string> {
      const command = new ec2.CreateSecurityGroupCommand({
        VpcId: vpcId,
        GroupName: name,
        Description: name,
      });
      return (await cloud.send(command)).GroupId!;
    },
    async interfaces(vpcId: string): Promise<ec2.NetworkInterface[]> {
      const Filters = [{ Name: "vpc-id", Values: [vpcId] }];
      const command = new ec2.DescribeNetworkInterfacesCommand({ Filters });
      return (await cloud.send(command)).NetworkInterfaces!;
    },
  };
}

function instanceCalls(cloud: ec2.EC2Client) {
  return {
    /** The image that Debian's public parameter names. */
    image: "ami-0deb13a0d64000001",
    async instance(subnetId: string, more: Partial<ec2.RunInstancesCommandInput> = {}) {
      const command = new ec2.RunInstancesCommand({ ...this.launch(subnetId), ...more });
      return (await cloud.send(command)).Instances![0]!.InstanceId!;
    },
    /** What RunInstances needs at least. */
    launch(subnetId: string): ec2.RunInstancesCommandInput {
      return {
        ImageId: this.image,
        InstanceType: "t3.micro",
        MinCount: 1,
        MaxCount: 1,
        SubnetId: subnetId,
      };
    },
    async describe(instanceId: string): Promise<ec2.Instance> {
      const command = new ec2.DescribeInstancesCommand({ InstanceIds: [instanceId] });
      return (await cloud.send(command)).Reservations![0]!.Instances![0]!;
    },
  };
}

function databaseCalls(databases: rds.RDSClient) {
  return {
    async subnetGroup(name: string, subnetIds: string[]): Promise<void> {
      const command = new rds.CreateDBSubnetGroupCommand({
        DBSubnetGroupName: name,
        DBSubnetGroupDescription: name,
        SubnetIds: subnetIds,
      });
      await databases.send(command);
    },
    async parameterGroup(name: string, family: string): Promise<void> {
      const command = new rds.CreateDBParameterGroupCommand({
        DBParameterGroupName: name,
        DBParameterGroupFamily: family,
        Description: name,
      });
      await databases.send(command);
    },
    /** What CreateDBInstance needs for the program's kind of database. */
    database(identifier: string, subnetGroup: string): rds.CreateDBInstanceCommandInput {
      return {
        DBInstanceIdentifier: identifier,
        DBInstanceClass: "db.t4g.micro",
        Engine: "mysql",
        EngineVersion: "8.4",
        AllocatedStorage: 20,
        StorageType: "gp3",
        MasterUsername: "admin",
        MasterUserPassword: "correct-horse",
        DBSubnetGroupName: subnetGroup,
      };
    },
    async describeDatabase(identifier: string): Promise<rds.DBInstance> {
      const command = new rds.DescribeDBInstancesCommand({ DBInstanceIdentifier: identifier });
      return (await databases.send(command)).DBInstances![0]!;
    },
  };
}
