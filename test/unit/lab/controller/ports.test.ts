import { expect } from "chai";
import { desiredState } from "../../../../lab/controller/desired-state.ts";
import { ruleset } from "../../../../lab/controller/nftables.ts";
import { loadBalancer, observed, task } from "./observed.ts";

describe("The desired state of a load balancer and a task", () => {
  const state = { ...observed(), instances: [], loadBalancers: [loadBalancer], tasks: [task] };
  const { routers, ...rest } = desiredState(state);
  const [first, second, ofTask] = routers[0]!.interfaces;

  it("gives the load balancer an interface with an address and a gateway in each of its subnets", () => {
    expect(first).to.include({ owner: "lb-dev-app", device: "eth0", address: "10.0.0.20" });
    expect(second).to.include({ owner: "lb-dev-app", device: "eth1", address: "10.0.1.21" });
    expect([first!.gateway, second!.gateway]).to.deep.equal(["10.0.0.1", "10.0.1.1"]);
    expect([first!.publicIp, second!.publicIp]).to.deep.equal(["198.18.0.70", undefined]);
  });

  it("puts all addresses of the load balancer into its security groups", () => {
    expect(ruleset(routers[0]!)).to.contain(
      "set sg-app {\n    type ipv4_addr\n    elements = { 10.0.0.20, 10.0.1.21 }",
    );
  });

  it("gives a task the routes of its subnet and its groups' rules, and no metadata service", () => {
    const { routes, ...nic } = ofTask!;
    expect(nic).to.deep.include({
      owner: `task-${task.id}`,
      device: "eth0",
      groupIds: ["sg-test"],
    });
    expect(routes.at(-1)!.via).to.deep.equal({ nat: "nat-1" });
    expect(nic.metadataHops).to.equal(undefined);
    const asks = ruleset(routers[0]!).match(
      /iifname "(\S+)" ip daddr 169\.254\.170\.2 tcp dport 80/g,
    );
    expect(asks, "for the credentials of its role").to.deep.equal([
      `iifname "${nic.ifname}" ip daddr 169.254.170.2 tcp dport 80`,
    ]);
    expect(nic.ingress).to.deep.equal(state.securityGroups[1]!.ingress);
  });

  it("gives each end in the router a name of its own that Linux accepts", () => {
    const names = routers[0]!.interfaces.map(({ ifname }) => ifname);
    expect(new Set(names).size).to.equal(3);
    for (const name of names) expect(name).to.match(/^[a-z0-9-]{1,15}$/);
  });

  it("tells the containers what the API tells", () => {
    expect(rest).to.deep.include({ loadBalancers: [loadBalancer], tasks: [task] });
  });
});
