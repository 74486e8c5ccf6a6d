/** The app on ECS, behind a load balancer, and back on the app server. */
import { ECS } from "@aws-sdk/client-ecs";
import { ElasticLoadBalancingV2 } from "@aws-sdk/client-elastic-load-balancing-v2";
import { STS } from "@aws-sdk/client-sts";
import { expect } from "chai";
import { until } from "../../../lab/experiments/faults/fault.ts";
import { logIn, register } from "../../../lab/support/app-users.ts";
import { tail, type SettingValues } from "../../../lab/support/stack.ts";
import {
  healthyTasks,
  keepBusy,
  kill,
  roleCredentials,
  runningTasks,
  settingsOfTasks,
  taskStatus,
} from "../../../lab/support/tasks.ts";
import type { Check } from "../../../operations/check.ts";
import { anotherApp } from "../../support/another-app.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

describe("Tasks on ECS", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
  stepsInOrder();
  const { statusesDuring } = anotherApp(shared);
  let username: string;

  const tasks = () => taskStatus(shared.stack);
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

  /** Asks the load balancer, since ./ops status takes long while tasks keep the processors busy. */
  const untilHealthy = (count: number) =>
    until(`${count} tasks are healthy`, 180, async () => {
      return (await healthyTasks(shared.stack)) === count;
    });

  before("a user registers", async () => {
    username = await register(shared.stack);
  });

  it("serve the domain in two zones, with one session and the rows of before", async () => {
    await up(await settingsOfTasks(shared.stack, 2));
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

  it("have the credentials of their role, each in a session of its own", async () => {
    for (const task of await runningTasks(shared.stack)) {
      const credentials = await roleCredentials(shared.stack, task);
      const sts = new STS({ region: "us-west-2", endpoint: shared.stack.api, credentials });
      const { Arn } = await sts.getCallerIdentity({});
      expect(Arn).to.match(new RegExp(`:assumed-role/flask-on-aws-dev-task-\\w+/${task.id}$`));
    }
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
    const [killed] = await runningTasks(shared.stack);
    await kill(shared.stack, [killed!]);
    await until("the killed task is away", 60, async () =>
      (await runningTasks(shared.stack)).every(({ id }) => id !== killed!.id),
    );
    await untilHealthy(2);
    await serveAsCanary();
  });

  it("are more while they are busy, also after an up, and fewer when they are not", async () => {
    await up({ appTasksMax: 4 });
    expect(await tasks()).to.include({ wanted: 2, least: 2, most: 4 });
    const rest = await keepBusy(shared.stack);
    await untilHealthy(4);
    // It releases nothing, and looks at the service again.
    await up({ appTasksTimeout: 16 });
    expect(await tasks()).to.include({ wanted: 4, healthy: 4 });
    await rest();
    await untilHealthy(2);
  });

  it("are a fixed number when appTasksMax is 0, also while they are busy", async () => {
    await keepBusy(shared.stack);
    await untilHealthy(4);
    await up({ appTasksMax: 0 });
    await untilHealthy(2);
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
    const { clusterArns: clusters } = await shared.stack.client(ECS).listClusters({});
    const found = await shared.stack.client(ECS).describeClusters({ clusters });
    // ECS remembers clusters that are deleted.
    expect(found.clusters!.map(({ status }) => status)).to.deep.equal(["INACTIVE"]);
    const elb = shared.stack.client(ElasticLoadBalancingV2);
    expect((await elb.describeLoadBalancers({})).LoadBalancers).to.deep.equal([]);
    await logIn(shared.stack, username);
    await lab.pulumi("config", "rm", "domain");
    await up();
    await lab.pulumi("preview", "--expect-no-changes");
  });
});
