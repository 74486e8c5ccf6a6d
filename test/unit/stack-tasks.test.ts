import { expect } from "chai";
import { describedBalancer, describedTask } from "../../tools/stack-tasks.ts";

const names = {
  of: (id: string | undefined) => `name of ${id}`,
  withoutPrefix: (name: string) => name.replace("stack-", ""),
};

describe("The tasks of a stack, for its picture", () => {
  it("have a load balancer with its listeners by port and the health of its targets", () => {
    const balancer = {
      ...{ LoadBalancerArn: "arn:lb", LoadBalancerName: "stack-tasks-0a1b" },
      ...{ State: { Code: "active" as const }, SecurityGroups: ["sg-1"] },
      AvailabilityZones: [{ SubnetId: "subnet-2" }, { SubnetId: "subnet-1" }],
    };
    const listeners = [
      { Protocol: "HTTPS" as const, Port: 443 },
      { Protocol: "HTTP" as const, Port: 80 },
    ];
    const targets = [
      { Target: { Id: "10.0.1.7", Port: 5005 }, TargetHealth: { State: "healthy" as const } },
    ];
    expect(describedBalancer(balancer, listeners, targets, names)).to.deep.equal({
      ...{ id: "arn:lb", name: "tasks-0a1b", state: "active", groups: ["name of sg-1"] },
      ...{ listeners: ["HTTP 80", "HTTPS 443"], subnets: ["name of subnet-1", "name of subnet-2"] },
      targets: [{ address: "10.0.1.7", port: 5005, health: "healthy" }],
    });
  });

  it("have an address and a subnet once their interface is attached", () => {
    const task = { taskArn: "arn:task/stack/0a1b2c3d4e5f", lastStatus: "PROVISIONING" };
    const known = { id: task.taskArn, name: "task 0a1b2c3d", state: "PROVISIONING" };
    expect(describedTask(task, [], names)).to.deep.equal({
      ...{ ...known, groups: [], subnetId: undefined, address: undefined },
    });
    const details = [
      { name: "subnetId", value: "subnet-1" },
      { name: "privateIPv4Address", value: "10.0.1.7" },
    ];
    const attached = { ...task, lastStatus: "RUNNING", attachments: [{ details }] };
    expect(describedTask(attached, ["sg-2"], names)).to.deep.equal({
      ...{ ...known, state: "RUNNING", groups: ["name of sg-2"] },
      ...{ subnetId: "subnet-1", address: "10.0.1.7" },
    });
  });
});
