import { expect } from "chai";
import {
  type Event,
  longestChain,
  nameOf,
  type TimedResource,
  stepsOf,
} from "../../../lab/experiments/bench/steps.ts";

describe("The benchmark of an `up`", () => {
  const resource = (name: string, more: Partial<TimedResource> = {}): TimedResource => ({
    urn: `urn:pulumi:dev::p::t::${name}`,
    custom: true,
    ...more,
  });
  const urn = (name: string) => resource(name).urn;
  const events = (times: Record<string, [number, number]>): Event[] =>
    Object.entries(times).flatMap(([name, [start, end]]) => [
      { at: start, resourcePreEvent: { metadata: { urn: urn(name) } } },
      { at: end, resOutputsEvent: { metadata: { urn: urn(name) } } },
    ]);

  it("finds the longest chain of steps through every kind of dependency", () => {
    const log = events({
      group: [0, 99],
      a: [0, 3],
      b: [3, 4],
      c: [4, 9],
      d: [9, 10],
      long: [0, 8],
    });
    const resources = [
      resource("group", { custom: false }),
      resource("a", { parent: urn("group") }),
      resource("b", { dependencies: [urn("a")] }),
      resource("c", { propertyDependencies: { id: [urn("b")], none: null } }),
      resource("d", { provider: `${urn("c")}::id` }),
      resource("long"),
    ];
    const chain = longestChain(stepsOf(log, resources));
    expect(chain.map(nameOf)).to.deep.equal(["t a", "t b", "t c", "t d"]);
  });

  it("refuses a log without the times of a step", () => {
    expect(() => stepsOf([], [resource("a")])).to.throw(`when ${urn("a")} began`);
  });
});
