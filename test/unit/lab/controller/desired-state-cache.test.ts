import { expect } from "chai";
import { DesiredStateCache } from "../../../../lab/controller/desired-state-cache.ts";
import type { ObservedState } from "../../../../lab/controller/observed-state.ts";

describe("The cache of the desired state", () => {
  const observed: ObservedState = {
    vpcs: [],
    subnets: [],
    internetGateways: [],
    natGateways: [],
    routeTables: [],
    securityGroups: [],
    instances: [],
    databases: [],
    snapshots: [],
    loadBalancers: [],
    tasks: [],
    dns: { zones: ["example.test"], records: [] },
  };
  let described: number;
  let problem: Error | undefined;
  let cache: DesiredStateCache;
  beforeEach(() => {
    described = 0;
    problem = undefined;
    cache = new DesiredStateCache(() => {
      described++;
      return problem ? Promise.reject(problem) : Promise.resolve(observed);
    });
  });

  it("computes the state once for a revision", async () => {
    const first = await cache.at(0);
    const { dns } = observed;
    expect(first).to.deep.equal({
      ...{ routers: [], instances: [], databases: [], snapshots: [], loadBalancers: [], tasks: [] },
      dns,
    });
    expect(await cache.at(0)).to.equal(first);
    expect(described).to.equal(1);
  });

  it("computes the state again at another revision, higher or lower", async () => {
    for (const revision of [1, 2, 1]) await cache.at(revision);
    expect(described).to.equal(3);
  });

  it("keeps nothing while the API does not answer", async () => {
    for (const revision of [-1, -1]) await cache.at(revision);
    expect(described).to.equal(2);
  });

  it("forgets the state of an API that stopped to answer", async () => {
    for (const revision of [3, -1, 3]) await cache.at(revision);
    expect(described).to.equal(3);
  });

  it("keeps nothing of a read that fails, and forgets the state before it", async () => {
    await cache.at(1);
    problem = new Error("no answer");
    for (const revision of [2, 2]) {
      const failure: unknown = await cache.at(revision).catch((error: unknown) => error);
      expect(failure).to.equal(problem);
    }
    problem = undefined;
    await cache.at(1);
    expect(described).to.equal(4);
  });
});
