/** Whether AWS refuses to delete the load balancer of tasks. */
import { expect } from "chai";
import { upstream, type Program } from "./program.ts";
import { account, withTasks } from "./task-stack.ts";

const type = "aws:lb/loadBalancer:LoadBalancer";
const isProtected = (of: Program) => of.one(type).inputs.enableDeletionProtection as boolean;
const production = { protectData: true };

describe("The load balancer's protection from deletion", function () {
  this.timeout(60_000);

  it("is that of the data", async () => {
    expect(isProtected(await withTasks(production))).to.equal(true);
    expect(isProtected(await withTasks({ protectData: false }))).to.equal(false);
    expect(isProtected(await withTasks({ ...production, confirmDestroy: "dev" }))).to.equal(false);
  });

  it("is lifted before the record moves away, in the update before the one that removes it", async () => {
    const off = await withTasks({ ...production, appTasks: 0 }, account("load balancer"));
    expect(isProtected(off)).to.equal(false);
    const needs = upstream(off, "aws:route53/record:Record flask-on-aws-dev-domain");
    expect([...needs]).to.include(`${type} flask-on-aws-dev-tasks`);
  });

  it("does not exist where one update removes it, because the program does not know the record", async () => {
    expect(isProtected(await withTasks({ ...production, dnsZone: "none" }))).to.equal(false);
  });
});
