import { expect } from "chai";
import { program, upstream, type Program } from "./program.ts";

const prefix = "flask-on-aws-dev";

describe("The network", () => {
  let built: Program;
  before(async () => {
    built = await program();
  });

  it("has a public and a private subnet in each of the region's first two zones by name", () => {
    const subnets = built
      .all("aws:ec2/subnet:Subnet")
      .map(({ name, inputs }) => ({ name, inputs }));
    const subnet = (tier: string, zone: string, cidrBlock: string) => ({
      name: `${prefix}-${tier}-${zone}`,
      inputs: {
        vpcId: `${prefix}-vpc-id`,
        availabilityZone: zone,
        cidrBlock,
        tags: { Name: `${prefix}-${tier}-${zone}` },
      },
    });
    expect(subnets).to.have.deep.members([
      subnet("public", "us-west-2a", "10.0.0.0/24"),
      subnet("private", "us-west-2a", "10.0.1.0/24"),
      subnet("public", "us-west-2b", "10.0.2.0/24"),
      subnet("private", "us-west-2b", "10.0.3.0/24"),
    ]);
  });

  it("routes public subnets to the internet gateway and private ones to the NAT gateway", () => {
    const tables = new Map(
      built
        .all("aws:ec2/route:Route")
        .map(({ inputs }) => [
          inputs.routeTableId,
          [inputs.destinationCidrBlock, inputs.gatewayId ?? inputs.natGatewayId],
        ]),
    );
    const ways = built
      .all("aws:ec2/routeTableAssociation:RouteTableAssociation")
      .map(({ inputs }) => [inputs.subnetId, ...tables.get(inputs.routeTableId)!]);
    const gateway = `${prefix}-gateway-id`;
    const nat = `${prefix}-nat-id`;
    expect(ways).to.have.deep.members([
      [`${prefix}-public-us-west-2a-id`, "0.0.0.0/0", gateway],
      [`${prefix}-public-us-west-2b-id`, "0.0.0.0/0", gateway],
      [`${prefix}-private-us-west-2a-id`, "0.0.0.0/0", nat],
      [`${prefix}-private-us-west-2b-id`, "0.0.0.0/0", nat],
    ]);
    const { inputs } = built.one("aws:ec2/natGateway:NatGateway");
    expect(inputs.subnetId).to.equal(`${prefix}-public-us-west-2a-id`);
    expect(inputs.allocationId).to.equal(`${prefix}-nat-id`);
  });

  it("has a NAT gateway in each zone for the default route of that zone with `per-zone`", async () => {
    const perZone = await program({ natGateways: "per-zone" });
    const gateways = perZone
      .all("aws:ec2/natGateway:NatGateway")
      .map(({ name, inputs }) => [name, inputs.subnetId]);
    expect(gateways).to.deep.equal([
      [`${prefix}-nat`, `${prefix}-public-us-west-2a-id`],
      [`${prefix}-nat-us-west-2b`, `${prefix}-public-us-west-2b-id`],
    ]);
    const wayOut = (zone: string) =>
      perZone.one("aws:ec2/route:Route", `-private-${zone}-internet`).inputs.natGatewayId;
    expect(wayOut("us-west-2a")).to.equal(`${prefix}-nat-id`);
    expect(wayOut("us-west-2b")).to.equal(`${prefix}-nat-us-west-2b-id`);
  });

  it("has no NAT gateway and no default route for private subnets with `none`", async () => {
    const none = await program({ natGateways: "none" });
    expect(none.all("aws:ec2/natGateway:NatGateway")).to.deep.equal([]);
    expect(none.all("aws:ec2/eip:Eip").map(({ name }) => name)).to.deep.equal([`${prefix}-app`]);
    const routes = none.all("aws:ec2/route:Route").map(({ name }) => name);
    expect(routes).to.deep.equal([`${prefix}-public-internet`]);
    expect(none.all("aws:ec2/routeTableAssociation:RouteTableAssociation")).to.have.lengthOf(4);
  });

  it("reaches S3 by an endpoint from every subnet, with and without NAT gateways", async () => {
    for (const natGateways of ["single", "none"]) {
      const { all, one } = await program({ natGateways });
      const { inputs } = one("aws:ec2/vpcEndpoint:VpcEndpoint");
      expect(inputs).to.include({
        vpcId: `${prefix}-vpc-id`,
        serviceName: "com.amazonaws.us-west-2.s3",
        vpcEndpointType: "Gateway",
      });
      const tables = all("aws:ec2/routeTable:RouteTable").map(({ name }) => `${name}-id`);
      expect(inputs.routeTableIds).to.have.lengthOf(3).and.have.members(tables);
    }
  });

  it("lets through to S3 the stack's buckets, image layers and the app's buckets only", async () => {
    const allowed = async (settings: object) => {
      const { inputs } = (await program({ ...settings })).one("aws:ec2/vpcEndpoint:VpcEndpoint");
      const { Statement } = JSON.parse(inputs.policy) as { Statement: any[] };
      for (const each of Statement) expect(each).to.include({ Effect: "Allow", Principal: "*" });
      return Statement.map(({ Action, Resource, Condition }) => [Action, Resource, Condition]);
    };
    const both = (name: string) => [`arn:aws:s3:::${name}`, `arn:aws:s3:::${name}/*`];
    const withoutSetting = [
      [
        "s3:*",
        ["backups", "https", "site"].flatMap((kind) => both(`${prefix}-${kind}-*`)),
        { StringEquals: { "aws:ResourceAccount": "123456789012" } },
      ],
      ["s3:GetObject", ["arn:aws:s3:::prod-us-west-2-starport-layer-bucket/*"], undefined],
    ];
    expect(await allowed({})).to.deep.equal(withoutSetting);
    const buckets = [...both("our-uploads"), ...both("our-assets")];
    expect(await allowed({ appBuckets: ["our-uploads", "our-assets"] })).to.deep.equal([
      ...withoutSetting,
      ["s3:*", buckets, undefined],
    ]);
  });

  it("names each of its buckets as the policy of S3's endpoint lets through", () => {
    for (const { name } of built.all("aws:s3/bucket:Bucket"))
      expect(name).to.match(/^flask-on-aws-dev-(backups|https|site)$/);
  });

  it("has no flow logs by default", () => {
    for (const { type, name } of built.resources) {
      expect(type + name).to.not.match(/flow-?log|cloudwatch/i);
    }
  });

  describe("with flow logs", () => {
    let logging: Program;
    before(async () => {
      logging = await program({ flowLogs: true });
    });
    const named = `${prefix}-flow-logs`;

    it("records all traffic of the VPC and keeps the records for 30 days", () => {
      expect(logging.one("aws:ec2/flowLog:FlowLog").inputs).to.include({
        vpcId: `${prefix}-vpc-id`,
        trafficType: "ALL",
        logDestination: `arn:aws:logs:::${named}`,
        iamRoleArn: `arn:aws:iam:::${named}`,
      });
      const { inputs } = logging.one("aws:cloudwatch/logGroup:LogGroup");
      expect(inputs.retentionInDays).to.equal(30);
    });

    it("lets only this account's flow logs assume the role, which only writes to the log group", () => {
      const role = logging.one("aws:iam/role:Role", "-flow-logs").inputs;
      expect(JSON.parse(role.assumeRolePolicy).Statement).to.deep.equal([
        {
          Effect: "Allow",
          Principal: { Service: "vpc-flow-logs.amazonaws.com" },
          Action: "sts:AssumeRole",
          Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } },
        },
      ]);
      const policy = logging.one("aws:iam/rolePolicy:RolePolicy", "-flow-logs");
      expect(policy.inputs.role).to.equal(`${named}-id`);
      const [statement, ...others] = JSON.parse(policy.inputs.policy).Statement;
      expect(others).to.deep.equal([]);
      expect(statement.Resource).to.equal(`arn:aws:logs:::${named}:*`);
      expect(statement.Action).to.have.members([
        "logs:CreateLogStream",
        "logs:DescribeLogGroups",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
      ]);
    });

    it("creates the flow log after its permission to write", () => {
      const { dependencies } = logging.one("aws:ec2/flowLog:FlowLog");
      expect(dependencies).to.include(`aws:iam/rolePolicy:RolePolicy ${named}`);
    });
  });

  const publicRoute = `aws:ec2/route:Route ${prefix}-public-internet`;
  const privateRoute = `aws:ec2/route:Route ${prefix}-private-us-west-2a-internet`;

  it("deletes its routes only after the addresses, NAT gateway and instances that use them", () => {
    for (const address of built.all("aws:ec2/eip:Eip")) {
      expect(address.dependencies, address.name).to.include(publicRoute);
    }
    expect(built.one("aws:ec2/natGateway:NatGateway").dependencies).to.include(publicRoute);
    const instance = (name: string) => built.one("aws:ec2/instance:Instance", name);
    expect(instance("-app-machine").dependencies).to.include(publicRoute);
    expect(instance("-test").dependencies).to.include(privateRoute);
  });

  it("makes only the test server wait for the NAT gateway, not the app server or database", () => {
    const before = (type: string, name: string) => upstream(built, `${type} ${prefix}-${name}`);
    const nat = `aws:ec2/natGateway:NatGateway ${prefix}-nat`;
    expect(before("aws:ec2/instance:Instance", "test")).to.include(nat);
    expect(before("aws:ec2/instance:Instance", "app-machine")).to.not.include(nat);
    expect(before("aws:rds/instance:Instance", "database")).to.not.include(nat);
  });

  it("uses the range and the zones of the settings", async () => {
    const { all } = await program({
      vpcCidr: "192.168.0.0/24",
      availabilityZones: ["us-west-2c", "us-west-2a", "us-west-2b"],
    });
    const subnets = all("aws:ec2/subnet:Subnet").map(({ inputs }) => inputs.cidrBlock);
    expect(subnets).to.have.length(6).and.include("192.168.0.80/28");
    expect(all("aws:ec2/natGateway:NatGateway")[0]!.inputs.subnetId).to.include("us-west-2c");
  });

  it("refuses zones that the region does not have", async () => {
    let message = "";
    await program({ availabilityZones: ["us-west-2a", "us-west-2x"] }).catch((error: Error) => {
      message = error.message;
    });
    expect(message).to.include(
      "availabilityZones names us-west-2x\n    the region has us-west-2a, us-west-2b",
    );
  });
});
