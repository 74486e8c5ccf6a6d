/** What a machine reaches in S3 through the VPC's endpoint, with the policy that the program gives it. */
import { EC2 } from "@aws-sdk/client-ec2";
import { S3 } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { s3EndpointPolicy } from "../../../network/s3-endpoint.ts";
import { allow, instanceWithRole } from "../../support/instance-role.ts";

const own = "flask-on-aws-dev-backups-1234567";
const [ofOtherStack, ofApp, other] = ["flask-on-aws-dev-2-backups-1", "our-uploads", "anybodys"];

describe("The policy of the S3 endpoint", function () {
  this.timeout(30_000);
  let home: string;
  let api: ApiServer;
  let ec2: EC2;
  let administrator: S3;
  let machine: S3;
  let VpcEndpointId: string;
  let RouteTableId: string;

  before(async () => {
    home = await mkdtemp(join(tmpdir(), "lab-"));
    api = await startApi({ LAB_HOME: home, LAB_SUBNET: "7" });
    ec2 = new EC2(api.client);
    administrator = new S3(api.client);
    // Its role may do everything, so that only the endpoint refuses.
    machine = new S3(await instanceWithRole(api, home, [allow("s3:*", "*")]));
    for (const Bucket of [own, ofOtherStack, ofApp, other])
      await administrator.createBucket({ Bucket });
    const Filters = [{ Name: "cidr", Values: ["10.9.0.0/16"] }];
    const VpcId = (await ec2.describeVpcs({ Filters })).Vpcs![0]!.VpcId!;
    const [subnet] = (await ec2.describeSubnets({ Filters: [{ Name: "vpc-id", Values: [VpcId] }] }))
      .Subnets!;
    RouteTableId = (await ec2.createRouteTable({ VpcId })).RouteTable!.RouteTableId!;
    await ec2.associateRouteTable({ RouteTableId, SubnetId: subnet!.SubnetId! });
    const ServiceName = "com.amazonaws.us-west-2.s3";
    const { VpcEndpoint } = await ec2.createVpcEndpoint({
      ...{ VpcId, ServiceName, RouteTableIds: [RouteTableId], PolicyDocument: policy() },
    });
    VpcEndpointId = VpcEndpoint!.VpcEndpointId!;
  });
  after(async () => {
    await api?.stop();
    await rm(home, { recursive: true });
  });

  const policy = (account = "123456789012", buckets = [ofApp]) =>
    JSON.stringify(
      s3EndpointPolicy({ stack: "flask-on-aws-dev", region: "us-west-2", buckets }, account),
    );
  const write = (s3: S3, Bucket: string) =>
    s3.putObject({ Bucket, Key: "a", Body: "a" }).then(
      () => "written",
      ({ name, message }: Error) => `${name}: ${message}`,
    );
  const refused =
    /^AccessDenied: .* because no VPC endpoint policy allows the s3:PutObject action$/;

  it("lets a machine write to its stack's buckets and to those of the app, and to no other", async () => {
    expect(await write(machine, own)).to.equal("written");
    expect(await write(machine, ofApp)).to.equal("written");
    expect(await write(machine, other)).to.match(refused);
    expect(await write(machine, ofOtherStack)).to.match(refused);
    expect(await machine.listBuckets({}).catch((e: Error) => e.name)).to.equal("AccessDenied");
  });

  it("does not count for calls from outside of the VPC, not even with the machine's key", async () => {
    expect(await write(administrator, other)).to.equal("written");
    const { credentials } = machine.config;
    expect(await write(new S3({ ...api.client, credentials }), other)).to.equal("written");
  });

  it("refuses a bucket of another account whose name begins alike", async () => {
    await ec2.modifyVpcEndpoint({ VpcEndpointId, PolicyDocument: policy("999999999999") });
    expect(await write(machine, own)).to.match(refused);
    await ec2.modifyVpcEndpoint({ VpcEndpointId, PolicyDocument: policy() });
    expect(await write(machine, own)).to.equal("written");
  });

  it("refuses a bucket of the app once the setting does not name it any more", async () => {
    const PolicyDocument = policy("123456789012", []);
    await ec2.modifyVpcEndpoint({ VpcEndpointId, PolicyDocument });
    expect(await write(machine, ofApp)).to.match(refused);
  });

  it("counts only where the machine's subnet has a route to the endpoint", async () => {
    await ec2.modifyVpcEndpoint({ VpcEndpointId, RemoveRouteTableIds: [RouteTableId] });
    expect(await write(machine, other)).to.equal("written");
  });
});
