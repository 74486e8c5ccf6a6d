import * as ec2 from "@aws-sdk/client-ec2";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { expect } from "chai";
import { builder, type Builder } from "../../../lab/support/account.ts";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";

describe("As on AWS, the lab's", function () {
  this.timeout(30_000);
  let api: ApiServer;
  let make: Builder;
  let vpc: string;
  let subnet: string;
  let count = 0;
  before(async () => (api = await startApi({ LAB_SUBNET: "7" })));
  after(() => api?.stop());
  beforeEach(async () => {
    make = builder(api);
    vpc = await make.vpc(`10.${++count}.0.0/16`);
    subnet = await make.subnet(vpc, `10.${count}.0.0/24`);
  });

  const stop = (id: string) => make.cloud.send(new ec2.StopInstancesCommand({ InstanceIds: [id] }));
  const start = (id: string) =>
    make.cloud.send(new ec2.StartInstancesCommand({ InstanceIds: [id] }));
  const terminate = (id: string) =>
    make.cloud.send(new ec2.TerminateInstancesCommand({ InstanceIds: [id] }));
  const associate = async (allocationId: string, instanceId: string) => {
    const command = new ec2.AssociateAddressCommand({
      AllocationId: allocationId,
      InstanceId: instanceId,
    });
    return (await make.cloud.send(command)).AssociationId!;
  };

  describe("public addresses", () => {
    const mapped = async () => {
      const command = new ec2.ModifySubnetAttributeCommand({
        SubnetId: subnet,
        MapPublicIpOnLaunch: { Value: true },
      });
      await make.cloud.send(command);
    };

    it("come from the lab subnet, also for Elastic IPs", async () => {
      await make.internetGateway(vpc);
      await mapped();
      const instance = await make.describe(await make.instance(subnet));
      expect(instance.PublicIpAddress).to.match(/^198\.18\.7\.\d+$/);
      expect((await make.elasticIp()).address).to.match(/^198\.18\.7\.\d+$/);
    });

    it("are not assigned in a subnet without MapPublicIpOnLaunch, even the first in its zone", async () => {
      const own = await startApi();
      try {
        const there = builder(own);
        const { Subnets } = await there.cloud.send(new ec2.DescribeSubnetsCommand({}));
        for (const { SubnetId } of Subnets!)
          await there.cloud.send(new ec2.DeleteSubnetCommand({ SubnetId }));
        const id = await there.vpc("10.0.0.0/16");
        await there.internetGateway(id);
        const first = await there.subnet(id, "10.0.0.0/24");
        const instance = await there.describe(await there.instance(first));
        expect(instance.PublicIpAddress).to.equal(undefined);
        expect(instance.NetworkInterfaces![0]).to.not.have.any.keys("Association");
      } finally {
        await own.stop();
      }
    });

    it("are not assigned in a VPC without an internet gateway", async () => {
      await mapped();
      const instance = await make.describe(await make.instance(subnet));
      expect(instance.PublicIpAddress).to.equal(undefined);
    });

    it("change after a stop and start unless they are Elastic IPs", async () => {
      await make.internetGateway(vpc);
      await mapped();
      const [plain, elastic] = [await make.instance(subnet), await make.instance(subnet)];
      const { id, address } = await make.elasticIp();
      await associate(id, elastic);
      const before = (await make.describe(plain)).PublicIpAddress;
      for (const each of [plain, elastic]) await stop(each);
      expect((await make.describe(plain)).PublicIpAddress).to.equal(undefined);
      expect((await make.describe(elastic)).PublicIpAddress).to.equal(address);
      for (const each of [plain, elastic]) await start(each);
      expect((await make.describe(plain)).PublicIpAddress)
        .to.match(/^198/)
        .and.not.equal(before);
      expect((await make.describe(elastic)).PublicIpAddress).to.equal(address);
    });

    it("leave an instance when its Elastic IP moves to another instance", async () => {
      await make.internetGateway(vpc);
      const [from, to] = [await make.instance(subnet), await make.instance(subnet)];
      const { id, address } = await make.elasticIp();
      await associate(id, from);
      await associate(id, to);
      expect((await make.describe(from)).PublicIpAddress).to.equal(undefined);
      expect((await make.describe(to)).PublicIpAddress).to.equal(address);
    });

    it("run out with AddressLimitExceeded, and are used again after a release", async () => {
      const own = await startApi();
      try {
        const there = builder(own);
        const all = [];
        for (let n = 0; n < 187; n++) all.push(await there.elasticIp());
        expect(new Set(all.map(({ address }) => address))).to.have.length(187);
        expect(all[0]!.address).to.equal("198.18.0.64");
        const error = await there.elasticIp().catch((reason: Error) => reason);
        expect(error).to.have.property("name", "AddressLimitExceeded");
        expect((error as Error).message).to.include("198.18.0.64 to 198.18.0.250");
        await there.cloud.send(new ec2.ReleaseAddressCommand({ AllocationId: all[9]!.id }));
        expect((await there.elasticIp()).address).to.equal(all[9]!.address);
      } finally {
        await own.stop();
      }
    });
  });

  describe("private addresses", () => {
    it("are free again after their instance is terminated", async () => {
      const PrivateIpAddress = `10.${count}.0.10`;
      await terminate(await make.instance(subnet, { PrivateIpAddress }));
      const next = await make.describe(await make.instance(subnet, { PrivateIpAddress }));
      expect(next.PrivateIpAddress).to.equal(PrivateIpAddress);
    });

    it("belong to one instance at a time", async () => {
      const PrivateIpAddress = `10.${count}.0.10`;
      await make.instance(subnet, { PrivateIpAddress });
      const error = await make.instance(subnet, { PrivateIpAddress }).catch((e: Error) => e);
      expect(error).to.have.property("name", "InvalidIPAddress.InUse");
    });

    it("run out after 11 instances in a /28 subnet", async () => {
      const small = await make.subnet(vpc, `10.${count}.9.0/28`);
      await make.instance(small, { PrivateIpAddress: `10.${count}.9.4` });
      for (let n = 0; n < 10; n++) await make.instance(small);
      const addresses = (await make.interfaces(vpc)).map((eni) => eni.PrivateIpAddress);
      expect(new Set(addresses)).to.have.length(11);
      const error = await make.instance(small).catch((reason: Error) => reason);
      expect(error).to.have.property("name", "InsufficientFreeAddressesInSubnet");
      expect((error as Error).message).to.include(small);
    });

    it("include those of NAT gateways, which are free again after the gateway is deleted", async () => {
      await make.internetGateway(vpc);
      const { id } = await make.elasticIp();
      const nat = await make.natGateway(subnet, id);
      const [eni] = await make.interfaces(vpc);
      expect(eni!.PrivateIpAddress).to.equal(`10.${count}.0.4`);
      await make.cloud.send(new ec2.DeleteNatGatewayCommand({ NatGatewayId: nat }));
      expect(await make.interfaces(vpc)).to.deep.equal([]);
      await make.cloud.send(new ec2.ReleaseAddressCommand({ AllocationId: id }));
    });
  });

  describe("instances", () => {
    it("start from the image in Debian's SSM parameter, with its root device", async () => {
      const name = "/aws/service/debian/release/13/latest/";
      const ssm = new SSMClient(api.client);
      for (const [architecture, type] of [
        ["amd64", "t3.micro"],
        ["arm64", "t4g.micro"],
      ] as const) {
        const { Parameter } = await ssm.send(
          new GetParameterCommand({ Name: name + architecture }),
        );
        const ImageId = Parameter!.Value!;
        const id = await make.instance(subnet, { ImageId, InstanceType: type });
        const instance = await make.describe(id);
        expect(instance.RootDeviceName).to.equal("/dev/xvda");
        expect(instance.BlockDeviceMappings!.map(({ DeviceName }) => DeviceName)).to.deep.equal([
          "/dev/xvda",
        ]);
      }
    });

    it("use the image's values that a mapping of the root device leaves out", async () => {
      const id = await make.instance(subnet, {
        BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { Encrypted: true } }],
      });
      const [mapping] = (await make.describe(id)).BlockDeviceMappings!;
      const command = new ec2.DescribeVolumesCommand({ VolumeIds: [mapping!.Ebs!.VolumeId!] });
      const [volume] = (await make.cloud.send(command)).Volumes!;
      expect([volume!.Size, volume!.VolumeType, volume!.Encrypted]).to.deep.equal([8, "gp3", true]);
      expect(mapping!.Ebs!.DeleteOnTermination).to.equal(true);
    });

    it("keep the metadata options that a change does not name", async () => {
      const id = await make.instance(subnet, {
        MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 1 },
      });
      const change = { InstanceId: id, HttpPutResponseHopLimit: 2 };
      await make.cloud.send(new ec2.ModifyInstanceMetadataOptionsCommand(change));
      const { MetadataOptions } = await make.describe(id);
      expect(MetadataOptions).to.include({ HttpTokens: "required", HttpPutResponseHopLimit: 2 });
    });

    it("have the same security groups as their network interface, also after a change", async () => {
      const [one, two] = [await make.group(vpc, "one"), await make.group(vpc, "two")];
      const id = await make.instance(subnet, { SecurityGroupIds: [one] });
      const both = async () => [
        (await make.describe(id)).SecurityGroups!.map(({ GroupId }) => GroupId),
        (await make.interfaces(vpc))[0]!.Groups!.map(({ GroupId }) => GroupId),
      ];
      expect(await both()).to.deep.equal([[one], [one]]);
      const change = { InstanceId: id, Groups: [two] };
      await make.cloud.send(new ec2.ModifyInstanceAttributeCommand(change));
      expect(await both()).to.deep.equal([[two], [two]]);
      const back = {
        NetworkInterfaceId: (await make.interfaces(vpc))[0]!.NetworkInterfaceId!,
        Groups: [one],
      };
      await make.cloud.send(new ec2.ModifyNetworkInterfaceAttributeCommand(back));
      expect(await both()).to.deep.equal([[one], [one]]);
    });

    it("use no address, group or subnet once they are terminated", async () => {
      await make.internetGateway(vpc);
      const group = await make.group(vpc, "app");
      const id = await make.instance(subnet, { SecurityGroupIds: [group] });
      const address = await make.elasticIp();
      await associate(address.id, id);
      await terminate(id);
      const gone = await make.describe(id);
      expect(gone.State!.Name).to.equal("terminated");
      expect(gone).to.not.have.any.keys("PrivateIpAddress", "PublicIpAddress", "SubnetId");
      expect(gone.SecurityGroups ?? []).to.deep.equal([]);
      expect(await make.interfaces(vpc)).to.deep.equal([]);
      await make.cloud.send(new ec2.ReleaseAddressCommand({ AllocationId: address.id }));
      await make.cloud.send(new ec2.DeleteSecurityGroupCommand({ GroupId: group }));
      await make.cloud.send(new ec2.DeleteSubnetCommand({ SubnetId: subnet }));
    });
  });

  it("default security group admits its members, and new groups allow egress until it is revoked", async () => {
    const Filters = [{ Name: "vpc-id", Values: [vpc] }];
    const groups = async () =>
      (await make.cloud.send(new ec2.DescribeSecurityGroupsCommand({ Filters }))).SecurityGroups!;
    const [first] = await groups();
    expect(first!.IpPermissions![0]!.UserIdGroupPairs![0]!.GroupId).to.equal(first!.GroupId);
    const GroupId = await make.group(vpc, "app");
    const own = async () => (await groups()).find((group) => group.GroupId === GroupId)!;
    const { IpPermissionsEgress } = await own();
    expect(IpPermissionsEgress![0]).to.deep.include({
      IpProtocol: "-1",
      IpRanges: [{ CidrIp: "0.0.0.0/0" }],
    });
    const all = {
      GroupId,
      IpPermissions: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
    };
    await make.cloud.send(new ec2.RevokeSecurityGroupEgressCommand(all));
    expect((await own()).IpPermissionsEgress ?? []).to.deep.equal([]);
  });

  it("security group rules keep their description", async () => {
    const GroupId = await make.group(vpc, "app");
    const permission = {
      IpProtocol: "tcp",
      FromPort: 22,
      ToPort: 22,
      UserIdGroupPairs: [{ GroupId, Description: "SSH" }],
    };
    const answer = await make.cloud.send(
      new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [permission] }),
    );
    const SecurityGroupRuleIds = [answer.SecurityGroupRules![0]!.SecurityGroupRuleId!];
    const { SecurityGroupRules } = await make.cloud.send(
      new ec2.DescribeSecurityGroupRulesCommand({ SecurityGroupRuleIds }),
    );
    expect(SecurityGroupRules![0]!.Description).to.equal("SSH");
  });

  it("route tables can be deleted after their subnet", async () => {
    const { RouteTable } = await make.cloud.send(new ec2.CreateRouteTableCommand({ VpcId: vpc }));
    const RouteTableId = RouteTable!.RouteTableId!;
    const association = { RouteTableId, SubnetId: subnet };
    await make.cloud.send(new ec2.AssociateRouteTableCommand(association));
    await make.cloud.send(new ec2.DeleteSubnetCommand({ SubnetId: subnet }));
    await make.cloud.send(new ec2.DeleteRouteTableCommand({ RouteTableId }));
  });
});
