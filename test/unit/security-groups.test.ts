import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import fc from "fast-check";
import { setTimeout as sleep } from "node:timers/promises";
import { groupNames, planRules, SecurityGroups } from "../../network/security-groups.ts";
import { program } from "./program.ts";

const prefix = "flask-on-aws-dev";

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
