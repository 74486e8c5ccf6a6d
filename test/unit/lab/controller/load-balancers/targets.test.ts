import { expect } from "chai";
import type { TargetHealth } from "../../../../../lab/controller/control-api.ts";
import {
  parseServers,
  serverCommands,
  servingTargets,
  verdicts,
  type Server,
} from "../../../../../lab/controller/load-balancers/targets.ts";
import { groupOf } from "./load-balancer.ts";

const one = "10.0.1.30:5005";
const server = `tg-dev-app/${one}`;
const activation =
  `set server ${server} weight 0; enable health ${server}; enable server ${server}; ` +
  `set server ${server} health down; set server ${server} weight 1`;

function serverIs(status: string, more: Partial<Server> = {}): Server {
  return { name: one, status, check: "L7OK", code: "200", since: 0, ...more };
}

describe("The servers of a load balancer", () => {
  it("are read from HAProxy's statistics by the names of its columns", () => {
    const csv = [
      "# pxname,svname,status,weight,lastchg,type,check_status,check_code,last_chk,",
      "port-80,FRONTEND,OPEN,,,0,,,,",
      `tg-dev-app,${one},DOWN 1/3,1,4,2,* L7STS,500,"Internal, error",`,
      "tg-dev-app,10.0.1.31:5005,UP,1,7,2,L7OK,200,,",
      "tg-dev-app,BACKEND,UP,1,7,1,,,,",
      "",
    ];
    const servers = parseServers(csv.join("\n"));
    expect([...servers.keys()]).to.deep.equal(["tg-dev-app"]);
    expect(servers.get("tg-dev-app")).to.deep.equal([
      { name: one, status: "DOWN 1/3", check: "L7STS", code: "500", since: 4 },
      { name: "10.0.1.31:5005", status: "UP", check: "L7OK", code: "200", since: 7 },
    ]);
  });

  it("are added without a request before their first check", () => {
    const [add, activate, ...rest] = serverCommands(groupOf(one), [], 60);
    expect(add).to.equal(
      `add server ${server} ${one} check inter 10s downinter 2s rise 3 fall 2 pool-purge-delay 60s weight 0`,
    );
    expect([activate, ...rest]).to.deep.equal([activation]);
  });

  it("are activated after a controller that ended between the two commands", () => {
    expect(serverCommands(groupOf(one), [serverIs("MAINT")], 60)).to.deep.equal([activation]);
  });

  it("drain when their target does, and serve again when it is registered again", () => {
    const drain = [`set server ${server} state drain`];
    expect(serverCommands(groupOf(`-${one}`), [serverIs("UP")], 60)).to.deep.equal(drain);
    expect(serverCommands(groupOf(`-${one}`), [serverIs("DOWN")], 60)).to.deep.equal(drain);
    expect(serverCommands(groupOf(one), [serverIs("DRAIN")], 60)).to.deep.equal([
      `set server ${server} state ready`,
    ]);
  });

  it("are removed without their target, and stay until their last request has its answer", () => {
    expect(serverCommands(groupOf(), [serverIs("DRAIN")], 60)).to.deep.equal([
      `set server ${server} state maint`,
      `del server ${server}`,
    ]);
    expect(serverCommands(groupOf(), [serverIs("MAINT")], 60)).to.deep.equal([
      `del server ${server}`,
    ]);
  });

  it("get no command when nothing is to change", () => {
    for (const status of ["UP", "DOWN", "DOWN 1/3", "UP 1/2"])
      expect(serverCommands(groupOf(one), [serverIs(status)], 60)).to.deep.equal([]);
    for (const servers of [[], [serverIs("DRAIN")]])
      expect(serverCommands(groupOf(`-${one}`), servers, 60)).to.deep.equal([]);
  });

  it("serve after a reload if they did before, and do not drain", () => {
    const other = { ...serverIs("DOWN"), name: "10.0.1.31:5005" };
    expect(servingTargets(groupOf(one, other.name), [serverIs("UP 1/2"), other])).to.deep.equal([
      one,
    ]);
    expect(servingTargets(groupOf(`-${one}`), [serverIs("UP")])).to.deep.equal([]);
  });
});

describe("The verdict on a target", () => {
  const target = { address: "10.0.1.30", port: 5005 };
  const healthy: TargetHealth = { ...target, healthy: true, reason: "" };
  const unhealthy = (reason: string): TargetHealth => ({ ...target, healthy: false, reason });
  const on = (found: Server, before?: TargetHealth) => {
    const known = new Map(before ? [[one, before]] : []);
    const { health, commands } = verdicts(groupOf(one), [found], known);
    return { verdict: health.get(one), commands };
  };

  it("is open before the first check, and while a new target may still start", () => {
    for (const found of [
      serverIs("DOWN", { check: "INI" }),
      serverIs("DOWN", { check: "L4CON", since: 19 }),
      serverIs("MAINT"),
    ])
      expect(on(found)).to.deep.equal({ verdict: undefined, commands: [] });
  });

  it("is healthy after one check of a new target, which then gets requests", () => {
    expect(on(serverIs("DOWN 1/3"))).to.deep.equal({
      verdict: healthy,
      commands: [`set server ${server} health up`],
    });
  });

  it("stays unhealthy until as many checks have passed as the group says", () => {
    const was = unhealthy("Health checks failed");
    const { verdict, commands } = on(serverIs("DOWN 2/3"), was);
    expect([verdict!.healthy, commands]).to.deep.equal([false, []]);
    expect(on(serverIs("UP"), was).verdict).to.deep.equal(healthy);
  });

  it("is unhealthy, with AWS's reason, as soon as HAProxy gives a target up", () => {
    const reasons = {
      L7STS: "Health checks failed with these codes: [500]",
      L4CON: "Health checks failed",
      L4TOUT: "Request timed out",
      L7TOUT: "Request timed out",
    };
    for (const [check, reason] of Object.entries(reasons))
      expect(on(serverIs("DOWN", { check, code: "500" }), healthy).verdict).to.deep.equal(
        unhealthy(reason),
      );
  });

  it("is unhealthy for a new target once its failed checks are as many as the group says", () => {
    const { verdict } = on(serverIs("DOWN", { check: "L4CON", since: 20 }));
    expect(verdict).to.deep.equal(unhealthy("Health checks failed"));
  });

  it("is healthy while HAProxy still counts failed checks", () => {
    expect(on(serverIs("UP 1/2", { check: "L7STS" }), healthy).verdict).to.deep.equal(healthy);
  });

  it("is none on a target that drains", () => {
    for (const found of [serverIs("DRAIN"), serverIs("UP"), serverIs("DOWN", { since: 99 })])
      expect(verdicts(groupOf(`-${one}`), [found], new Map()).health.size).to.equal(0);
  });
});
