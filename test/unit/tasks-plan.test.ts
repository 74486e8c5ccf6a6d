import { expect } from "chai";
import { isScaled, planTasks, taskNotes } from "../../compute/tasks/plan.ts";

describe("The plan of tasks", () => {
  const zone = (leadsTo?: "app server" | "load balancer") => ({
    ...{ id: "Z1", name: "example.com" },
    ...(leadsTo && { leadsTo }),
  });

  it("says what the user has to do after a record has moved", () => {
    const notes = (appTasks: number, leadsTo?: "app server" | "load balancer") => {
      const plan = planTasks({ appTasks, appTasksMax: 0 }, zone(leadsTo));
      return taskNotes(plan, "app.example.com", "pulumi up").join();
    };
    expect(notes(3, "app server")).to.match(/leads to the load balancer .*: pulumi up$/s);
    expect(notes(0, "load balancer")).to.match(/leads to the app server again\. .*: pulumi up$/s);
    for (const [count, leadsTo] of [[3], [3, "load balancer"], [0], [0, "app server"]] as const)
      expect(notes(count, leadsTo)).to.equal("");
  });

  it("has no tasks without a zone that leads to them", () => {
    const none = planTasks({ appTasks: 0, appTasksMax: 0 }, undefined);
    expect(none).to.deep.equal({
      ...{ exist: false, serve: false, count: undefined, serverPage: "domain", keep: false },
    });
    const elsewhere = { why: "dnsZone is none" };
    expect(planTasks({ appTasks: 2, appTasksMax: 0 }, elsewhere)).to.deep.include({
      ...{ serverPage: "address", count: { least: 2, most: 2 } },
    });
  });

  it("has a number of tasks that changes if appTasksMax is more than appTasks", () => {
    const countOf = (appTasks: number, appTasksMax: number) =>
      planTasks({ appTasks, appTasksMax }, zone("load balancer")).count!;
    expect(countOf(2, 4)).to.deep.equal({ least: 2, most: 4 });
    for (const most of [0, 2]) expect(countOf(2, most)).to.deep.equal({ least: 2, most: 2 });
    expect([countOf(2, 4), countOf(2, 2)].map(isScaled)).to.deep.equal([true, false]);
  });
});
