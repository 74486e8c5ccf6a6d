import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { EC2 } from "@aws-sdk/client-ec2";
import { expect } from "chai";
import { builder } from "../../../lab/support/account.ts";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";

describe("As on AWS, the lab's", function () {
  this.timeout(30_000);
  let api: ApiServer;
  let ec2: EC2;
  let VpcId: string;
  const tables: string[] = [];
  before(async () => {
    api = await startApi({ LAB_SUBNET: "7" });
    ec2 = new EC2(api.client);
    VpcId = await builder(api).vpc("10.0.0.0/16");
    for (let n = 0; n < 2; n++)
      tables.push((await ec2.createRouteTable({ VpcId })).RouteTable!.RouteTableId!);
  });
  after(() => api?.stop());

  it("gateway endpoints have routes in exactly their current route tables", async () => {
    const ServiceName = "com.amazonaws.us-west-2.s3";
    const filter = { Filters: [{ Name: "prefix-list-name", Values: [ServiceName] }] };
    const [s3] = (await ec2.describePrefixLists(filter)).PrefixLists!;
    expect(s3!.Cidrs).to.deep.equal(["198.18.7.4/32"]);

    const [first, second] = tables as [string, string];
    const routes = async () => {
      const { RouteTables } = await ec2.describeRouteTables({ RouteTableIds: tables });
      return RouteTables!.flatMap(({ RouteTableId, Routes }) =>
        Routes!
          .filter(({ GatewayId }) => GatewayId !== "local")
          .map((route) => [RouteTableId, route.DestinationPrefixListId, route.GatewayId]),
      );
    };
    const request = { VpcId, ServiceName, RouteTableIds: [first] };
    const { VpcEndpoint } = await ec2.createVpcEndpoint(request);
    expect(VpcEndpoint).to.include({ VpcEndpointType: "Gateway", PrivateDnsEnabled: false });
    const VpcEndpointId = VpcEndpoint!.VpcEndpointId!;
    expect(await routes()).to.deep.equal([[first, s3!.PrefixListId, VpcEndpointId]]);
    await ec2.modifyVpcEndpoint({
      VpcEndpointId,
      AddRouteTableIds: [second],
      RemoveRouteTableIds: [first],
    });
    expect(await routes()).to.deep.equal([[second, s3!.PrefixListId, VpcEndpointId]]);

    const VpcEndpointIds = [VpcEndpointId];
    await ec2.deleteVpcEndpoints({ VpcEndpointIds });
    expect(await routes()).to.deep.equal([]);
    const error = await ec2.describeVpcEndpoints({ VpcEndpointIds }).catch((e: Error) => e);
    expect(error).to.have.property("name", "InvalidVpcEndpointId.NotFound");
  });

  it("flow logs accept the ARN of their log group", async () => {
    const logs = new CloudWatchLogs(api.client);
    await logs.createLogGroup({ logGroupName: "flows" });
    const { FlowLogIds } = await ec2.createFlowLogs({
      ResourceType: "VPC",
      ResourceIds: [VpcId],
      TrafficType: "ALL",
      LogDestination: (await logs.describeLogGroups()).logGroups![0]!.logGroupArn!,
      DeliverLogsPermissionArn: "arn:aws:iam::123456789012:role/flows",
      TagSpecifications: [{ ResourceType: "vpc-flow-log", Tags: [{ Key: "a", Value: "b" }] }],
    });
    const [flowLog] = (await ec2.describeFlowLogs({ FlowLogIds })).FlowLogs!;
    expect(flowLog).to.include({ LogGroupName: "flows", DeliverLogsStatus: "SUCCESS" });
    const [tag] = (await ec2.describeTags()).Tags!;
    expect(tag).to.include({ ResourceId: FlowLogIds![0], ResourceType: "vpc-flow-log" });
  });
});
