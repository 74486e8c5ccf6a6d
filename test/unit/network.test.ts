import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import fc from "fast-check";
import { setTimeout as sleep } from "node:timers/promises";
import { groupNames, planRules, SecurityGroups } from "../../network/security-groups.ts";
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

describe("Security groups", () => {
  it("admit only web traffic, administrators' SSH, the jump to the test server and MySQL", () => {
    const ingress = planRules(["203.0.113.7/32"], true)
      .filter(({ direction }) => direction === "ingress")
      .map(({ group, port, peer }) => [group, port, "cidr" in peer ? peer.cidr : peer.group]);
    expect(ingress).to.have.deep.members([
      ["app", 80, "0.0.0.0/0"],
      ["app", 443, "0.0.0.0/0"],
      ["app", 5085, "0.0.0.0/0"],
      ["app", 22, "203.0.113.7/32"],
      ["test", 22, "app"],
      ["database", 3306, "app"],
    ]);
  });

  it("open port 5085 only where the setting port5085 says so", () => {
    const open = planRules([], false).flatMap(({ group, port, peer }) =>
      group === "app" && "cidr" in peer && port !== "all" ? [port] : [],
    );
    expect(open).to.deep.equal([80, 443]);
  });

  it("open SSH to every administrator's network and to no other", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.ipV4()), (addresses) => {
        const cidrs = addresses.map((address) => `${address}/32`);
        const open = planRules(cidrs, true)
          .filter(({ group, port }) => group === "app" && port === 22)
          .map(({ peer }) => ("cidr" in peer ? peer.cidr : peer.group));
        expect(open).to.deep.equal(cidrs);
      }),
    );
  });

  it("allow egress from both servers, and none from the database", () => {
    const egress = planRules([], true).filter(({ direction }) => direction === "egress");
    expect(egress.map(({ group }) => group)).to.deep.equal(["app", "test"]);
  });

  it("admit with tasks the web to the load balancer, and it alone to the tasks", () => {
    const without = planRules([], true);
    const added = planRules([], true, 5005).slice(without.length);
    expect(planRules([], true, 5005).slice(0, without.length)).to.deep.equal(without);
    expect(
      added.map(({ group, direction, port, peer }) => [
        `${group} ${direction}`,
        port,
        "cidr" in peer ? peer.cidr : peer.group,
      ]),
    ).to.deep.equal([
      ["balancer ingress", 80, "0.0.0.0/0"],
      ["balancer ingress", 443, "0.0.0.0/0"],
      ["balancer egress", 5005, "tasks"],
      ["tasks ingress", 5005, "balancer"],
      ["tasks egress", "all", "0.0.0.0/0"],
      ["database ingress", 3306, "tasks"],
    ]);
  });

  it("leave the VPC's default group without a rule", async () => {
    const { inputs } = (await program()).one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup");
    expect(inputs).to.deep.equal({
      vpcId: `${prefix}-vpc-id`,
      tags: { Name: `${prefix}-default` },
    });
  });

  for (const preview of [false, true])
    it(`open SSH ${preview ? "only in an update, not in a preview" : "in an update before anything uses the app server's group"}`, async () => {
      const order: string[] = [];
      await pulumi.runtime.setMocks(
        {
          newResource: ({ name, inputs, custom }) => {
            order.push(name);
            return { id: custom ? `${name}-id` : undefined, state: inputs };
          },
          call: () => ({}),
        },
        "flask-on-aws",
        "dev",
        preview,
      );
      new SecurityGroups("x", {
        ...{ vpcId: "vpc-1", adminCidrs: ["192.0.2.0/24"], port5085: true },
        openSsh: async (group) => {
          // Takes time like a call to AWS. A resource that does not wait is registered meanwhile.
          await sleep(50);
          order.push(`open ${group}`);
        },
      });
      await pulumi.runtime.disconnect();
      const rules = order.filter((name) => /^x-app-|^open|^x-database-ingress/.test(name));
      expect(rules.filter((name) => name.startsWith("open"))).to.deep.equal(
        preview ? [] : ["open x-app-id"],
      );
      if (!preview) expect(rules[0]).to.equal("open x-app-id");
      expect(rules).to.include("x-app-ingress-22-192.0.2.0-24");
    });

  it("have one resource for each rule, and no inline rules", async () => {
    const { all, one } = await program();
    expect(all("aws:ec2/securityGroup:SecurityGroup")).to.have.length(groupNames.length);
    for (const { inputs } of all("aws:ec2/securityGroup:SecurityGroup")) {
      expect(inputs).to.have.all.keys("vpcId", "description", "tags");
    }
    const token = (kind: string) => `aws:vpc/securityGroup${kind}Rule:SecurityGroup${kind}Rule`;
    expect(all(token("Ingress"))).to.have.length(6);
    expect(all(token("Egress"))).to.have.length(2);
    expect(one(token("Ingress"), "database-ingress-3306-app").inputs).to.deep.equal({
      securityGroupId: `${prefix}-database-id`,
      referencedSecurityGroupId: `${prefix}-app-id`,
      ipProtocol: "tcp",
      fromPort: 3306,
      toPort: 3306,
      description: "MySQL",
    });
    expect(one(token("Egress"), "test-egress-all-0.0.0.0-0").inputs).to.include({
      ipProtocol: "-1",
      cidrIpv4: "0.0.0.0/0",
    });
  });
});
