/** The app on ECS, behind a load balancer, and back on the app server. */
import { ECS } from "@aws-sdk/client-ecs";
import { Route53 } from "@aws-sdk/client-route-53";
import { expect } from "chai";
import { until } from "../../../lab/experiments/faults/fault.ts";
import { logIn, register } from "../../../lab/support/app-users.ts";
import { succeed } from "../../../lab/support/lab.ts";
import { tail, type SettingValues } from "../../../lab/support/stack.ts";
import type { Status } from "../../../operations/status.ts";
import type { Check } from "../../../operations/verify.ts";
import { anotherApp } from "../../support/another-app.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

const domain = "app.example.test";

describe("Tasks on ECS", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
  stepsInOrder();
  const { statusesDuring } = anotherApp(shared);
  let username: string;

  const tasks = async () => (JSON.parse(await lab.ops("status", "--json")) as Status).tasks!;
  const up = async (settings: SettingValues = {}) => {
    const result = await shared.stack.up(settings);
    expect(result.status, tail(result)).to.equal(0);
    await shared.stack.look();
  };
  /** Each task runs the commit that the app server serves, and there is one in each zone. */
  const serveAsCanary = async () => {
    const { groups, ...counts } = await tasks();
    const commit = await shared.stack.serving();
    expect(counts).to.deep.equal({ wanted: 2, running: 2, healthy: 2, problems: [] });
    expect(groups.map((group) => group.commit)).to.deep.equal([commit, commit]);
    expect(new Set(groups.map(({ zone }) => zone))).to.have.length(2);
  };

  /** Names of the tasks' containers. */
  const containers = async () => {
    const label = `label=flask-on-aws.lab=${lab.home}`;
    const filters = ["--filter", label, "--filter", `name=^${lab.name}-task-`];
    return (await succeed("docker", ["ps", "--format", "{{.Names}}", ...filters]))
      .trim()
      .split("\n");
  };
  /** Keeps the processor of each task busy, until the function that this resolves to is called. */
  const keepBusy = async () => {
    const busy = await containers();
    const run = (name: string, script: string) =>
      succeed("docker", ["exec", "--detach", name, "sh", "-c", script]);
    for (const name of busy)
      await run(name, "rm -f /tmp/idle; while [ ! -e /tmp/idle ]; do :; done");
    return async () => {
      for (const name of busy) await run(name, "touch /tmp/idle");
    };
  };

  before("a user registers, and the account has a zone for the domain", async () => {
    username = await register(shared.stack);
    const zone = { Name: "example.test", CallerReference: "tasks" };
    await shared.stack.client(Route53).createHostedZone(zone);
  });

  it("serve the domain in two zones, with one session and the rows of before", async () => {
    await up({ domain, appTasks: 2 });
    await serveAsCanary();
    const browser = await logIn(shared.stack, username);
    for (let visit = 0; visit < 20; visit++)
      expect((await browser.request("/index")).status, "logged in").to.equal(200);
    const served = (await lab.ops("logs", "--lines", "1000")).match(/(task-\w+) .*"GET \/index/g);
    const of = new Set(served!.map((line) => line.split(" ")[0]));
    expect(of, "tasks that have answered").to.have.length(2);
  });

  it("pass the acceptance check, and are in the release history", async () => {
    const checks = JSON.parse(await lab.ops("verify", "--json")) as Check[];
    const results = Object.fromEntries(checks.map(({ name, result }) => [name, result]));
    expect(results).to.include({ page: "ok", canary: "ok", tasks: "ok", rules: "ok" });
    expect(await lab.ops("releases")).to.match(/^app server and tasks: release \d{6}, commit /m);
  });

  it("run the next version without a failed request", async () => {
    expect(await statusesDuring("/login", shared.stack.release())).to.deep.equal([200]);
    await serveAsCanary();
  });

  it("follow a rollback and its undoing without a failed request", async () => {
    const next = await shared.stack.serving();
    for (const args of [[], ["--undo"]]) {
      expect(await statusesDuring("/login", lab.ops("rollback", ...args))).to.deep.equal([200]);
      await serveAsCanary();
    }
    expect(await shared.stack.serving()).to.equal(next);
  });

  it("are replaced when they are killed", async () => {
    const [killed] = await containers();
    await succeed("docker", ["kill", killed!]);
    // ECS may have replaced it before anybody sees that it is away.
    await until("two tasks serve, another one in its place", 120, async () => {
      const names = await containers();
      return names.length === 2 && !names.includes(killed!) && (await tasks()).healthy === 2;
    });
    await serveAsCanary();
  });

  it("are more while they are busy, also after an up, and fewer when they are not", async () => {
    await up({ appTasksMax: 4 });
    expect(await tasks()).to.include({ wanted: 2, least: 2, most: 4 });
    const rest = await keepBusy();
    await until("four tasks serve", 120, async () => (await tasks()).healthy === 4);
    // It releases nothing, and looks at the service again.
    await up({ appTasksTimeout: 16 });
    expect(await tasks()).to.include({ wanted: 4, healthy: 4 });
    await rest();
    await until("two tasks are left", 240, async () => (await containers()).length === 2);
  });

  it("are a fixed number when appTasksMax is 0, also while they are busy", async () => {
    await keepBusy();
    await until("four tasks serve", 120, async () => (await tasks()).healthy === 4);
    await up({ appTasksMax: 0 });
    await until("two tasks serve", 60, async () => (await tasks()).healthy === 2);
    await serveAsCanary();
  });

  it("go with two ups when appTasks is 0, and the app server serves the domain", async () => {
    await up({ appTasks: 0 });
    await until("the app server has the domain's certificate", 120, async () => {
      await shared.stack.look();
      return logIn(shared.stack, username).then(
        () => true,
        () => false,
      );
    });
    await up();
    const { clusterArns } = await shared.stack.client(ECS).listClusters({});
    expect(clusterArns).to.deep.equal([]);
    await logIn(shared.stack, username);
    await lab.pulumi("config", "rm", "domain");
    await up();
    await lab.pulumi("preview", "--expect-no-changes");
  });
});
