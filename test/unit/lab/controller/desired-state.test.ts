import { expect } from "chai";
import type { ObservedState } from "../../../../lab/controller/observed-state.ts";
import { desiredState } from "../../../../lab/controller/desired-state.ts";
import { ruleset } from "../../../../lab/controller/nftables.ts";
import { instance, observed } from "./observed.ts";

const database: ObservedState["databases"][number] = {
  id: "dev-db",
  status: "available",
  vpcId: "vpc-1",
  subnetId: "subnet-private",
  address: "10.0.1.20",
  groupIds: ["sg-test"],
  endpoint: "dev-db.abc.us-west-2.rds.amazonaws.com",
  port: 3306,
  name: "appdb",
  masterUser: "admin",
  memoryMiB: 1024,
  storageGiB: 20,
  parameters: {},
  snapshot: null,
  pendingSnapshots: [],
};

function nicOf(state: ObservedState, owner: string) {
  return desiredState(state).routers[0]!.interfaces.find((nic) => nic.owner === owner)!;
}

describe("The desired state", () => {
  it("gives an instance its address, and the mask and gateway of its subnet", () => {
    expect(nicOf(observed(), "i-00000000000000002")).to.include({
      address: "10.0.1.10",
      prefix: 24,
      gateway: "10.0.1.1",
    });
  });

  it("puts the most specific route first", () => {
    expect(nicOf(observed(), "i-00000000000000001").routes).to.deep.equal([
      { cidr: "10.0.0.0/16", via: "local" },
      { cidr: "0.0.0.0/0", via: "internet" },
    ]);
  });

  it("routes a private subnet through its NAT gateway", () => {
    expect(nicOf(observed(), "i-00000000000000002").routes.at(-1)).to.deep.equal({
      cidr: "0.0.0.0/0",
      via: { nat: "nat-1" },
    });
  });

  it("routes S3 to its endpoint before other routes, and without other routes", () => {
    const state = observed();
    const s3 = { cidr: "198.18.0.4/32", target: "vpce-1" };
    state.routeTables[2]!.routes.push(s3);
    const [first] = nicOf(state, "i-00000000000000002").routes;
    expect(first).to.deep.equal({ cidr: s3.cidr, via: "endpoint" });
    state.routeTables[2]!.routes = [s3];
    const rules = ruleset(desiredState(state).routers[0]!);
    expect(rules).to.contain(
      "chain route-i-000000000002 {\n    ip daddr 198.18.0.4/32 meta mark set 3 return\n  }",
    );
    expect(rules).to.contain(`oifname "eth0" meta mark 3 masquerade`);
  });

  it("drops the traffic of a NAT gateway whose own subnet has no internet route", () => {
    const state = observed();
    state.routeTables[1]!.routes.shift();
    expect(nicOf(state, "i-00000000000000002").routes.at(-1)!.via).to.equal("blackhole");
    expect(desiredState(state).routers[0]!.nats).to.deep.equal([]);
  });

  it("turns routes to a detached internet gateway into black holes", () => {
    const state = { ...observed(), internetGateways: [] };
    expect(nicOf(state, "i-00000000000000001").routes.at(-1)!.via).to.equal("blackhole");
  });

  it("uses the main route table for a subnet without its own route table", () => {
    const state = observed();
    state.routeTables[1]!.subnetIds = [];
    expect(nicOf(state, "i-00000000000000001").routes).to.deep.equal([
      { cidr: "10.0.0.0/16", via: "local" },
    ]);
  });

  it("has no router for a VPC without instances, and no terminated instance", () => {
    const state = observed();
    for (const machine of state.instances) machine.state = "terminated";
    expect(desiredState(state)).to.deep.equal({
      ...{ routers: [], instances: [], databases: [], snapshots: [], loadBalancers: [], tasks: [] },
      dns: state.dns,
    });
  });

  it("resolves a database's endpoint in its VPC only", () => {
    const state = { ...observed(), databases: [database] };
    state.vpcs.push({ id: "vpc-2", cidr: "10.0.0.0/16" });
    state.subnets.push({ id: "subnet-2", vpcId: "vpc-2", cidr: "10.0.0.0/24" });
    state.instances.push(
      instance("i-00000000000000003", "subnet-2", "10.0.0.10", { vpcId: "vpc-2" }),
    );
    const [first, second] = desiredState(state).routers;
    expect(first!.hosts.map(({ name }) => name)).to.deep.equal([database.endpoint]);
    expect(second!.hosts).to.deep.equal([]);
  });
});

describe("The rules of a router", () => {
  const rules = ruleset(desiredState({ ...observed(), databases: [database] }).routers[0]!);

  it("replace the whole table in one transaction", () => {
    expect(rules).to.match(/^table ip vpc\ndelete table ip vpc\ntable ip vpc \{\n/);
  });

  it("drop packets with a spoofed source address", () => {
    expect(rules).to.contain(`iifname "i-000000000001" ip saddr != 10.0.0.10 drop`);
  });

  it("admit the ingress that the security groups allow, and drop the rest", () => {
    expect(rules).to.contain(
      `chain in-i-000000000001 {\n    ip saddr 0.0.0.0/0 tcp dport 5085-5085 return\n    drop\n  }`,
    );
    expect(rules).to.contain(
      `chain in-i-000000000002 {\n    ip saddr @sg-app tcp dport 22-22 return\n    drop\n  }`,
    );
  });

  it("name a group's members by their private addresses", () => {
    expect(rules).to.contain("set sg-app {\n    type ipv4_addr\n    elements = { 10.0.0.10 }");
  });

  it("drop all outgoing packets when there is no egress rule", () => {
    expect(rules).to.contain("chain out-i-000000000002 {\n    drop\n  }");
  });

  it("translate to the instance's public address, or else to the NAT gateway's", () => {
    expect(rules).to.contain("elements = { 10.0.0.10 : 198.18.0.65 }");
    expect(rules).to.contain("meta mark 16 snat to 198.18.0.64");
  });

  it("set the TTL of the metadata service's packets to the hop limit", () => {
    expect(rules).to.contain("ip saddr 169.254.169.254 ip daddr 10.0.1.10 ip ttl set 1");
  });
});
