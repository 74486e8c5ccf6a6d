import { expect } from "chai";
import { readTasks } from "../../../tools/stack-tasks.ts";
import { useApi } from "../../support/api-environment.ts";
import { makeFargate, makeNetwork } from "../../support/fargate.ts";

const names = { of: (id: string | undefined) => id ?? "", withoutPrefix: (name: string) => name };

describe("The tasks of a stack, for its picture", function () {
  this.timeout(60_000);
  const lab = useApi();

  it("are read with the load balancer of the VPC, and none where there is no cluster", async () => {
    const network = await makeNetwork(lab.api);
    expect((await readTasks(network.balancer.VpcId, "app", names)).tasks).to.deep.equal([]);
    const fargate = await makeFargate(lab.api, network);
    const asked = fargate.service(await fargate.register());
    await fargate.ecs.createService(asked);
    const { balancers, tasks } = await readTasks(network.balancer.VpcId, "app", names);
    expect(tasks).to.have.length(asked.desiredCount!);
    const { subnets = [], securityGroups } = asked.networkConfiguration!.awsvpcConfiguration!;
    for (const { subnetId, address, groups } of tasks) {
      expect(subnets).to.include(subnetId);
      expect(address).to.match(/^10\./);
      expect(groups).to.deep.equal(securityGroups);
    }
    const [balancer, ...others] = balancers;
    expect(others).to.deep.equal([]);
    expect(balancer).to.include({ id: network.balancer.LoadBalancerArn, state: "active" });
    expect(balancer!.listeners).to.have.length(1);
    expect((await readTasks("vpc-other", "app", names)).balancers).to.deep.equal([]);
  });
});
