/** The worker of an app moves from the app server to tasks on ECS, and back. */
import { ECS } from "@aws-sdk/client-ecs";
import { expect } from "chai";
import { join } from "node:path";
import { until } from "../../../lab/experiments/faults/fault.ts";
import { edit, tail, type AppChange, type SettingValues } from "../../../lab/support/stack.ts";
import { settingsOfTasks } from "../../../lab/support/tasks.ts";
import type { Status } from "../../../operations/status.ts";
import { anotherApp } from "../../support/another-app.ts";
import { variablesOf } from "../../support/app-settings.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

const app = "test/apps/worker";
/** Tasks do not reach the app server's Redis, so the queue is a table. */
const queueInDatabase = `
class Waiting(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    job = db.Column(db.String(80), nullable=False)


class Queue:
    def rpush(self, _, job):
        db.session.add(Waiting(job=job))
        db.session.commit()

    def blpop(self, _, timeout):
        with app.app_context():
            first = db.select(Waiting).order_by(Waiting.id).limit(1).with_for_update(skip_locked=True)
            row = db.session.scalars(first).first()
            if row:
                taken = row.job.encode()
                db.session.delete(row)
                db.session.commit()
                return None, taken
        time.sleep(timeout)


queue = Queue()
`;
/** Makes a version of the app. */
const version =
  (number: number): AppChange =>
  (directory) =>
    edit(join(directory, "jobs.py"), (text) =>
      text
        .replace("VERSION = 1", `VERSION = ${number}`)
        .replace("import os\n", "import os\nimport time\n")
        .replace("from redis import Redis\n", "")
        .replace(/^queue = .*\n/m, queueInDatabase),
    );

describe("Workers on ECS", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
  stepsInOrder();
  const another = anotherApp(shared);
  const { commit, browser, statusesDuring } = another;

  const status = async () => JSON.parse(await lab.ops("status", "--json")) as Status;
  const processes = async () =>
    (await status()).processes!.map(({ name, state }) => `${name} ${state}`);
  /** Both services run the commit that the app server serves. */
  const runOnTasks = async () => {
    const serving = await shared.stack.serving();
    const { workers, ...tasks } = (await status()).tasks!;
    expect(tasks).to.include({ wanted: 1, healthy: 1 });
    expect(workers).to.deep.include({ wanted: 2, running: 2, healthy: 2, problems: [] });
    expect(new Set(workers!.groups.map((group) => group.commit))).to.have.keys(serving);
    expect(await processes()).to.deep.equal([]);
  };
  const up = async (settings: SettingValues) => {
    const result = await shared.stack.up(settings);
    expect(result.status, tail(result)).to.equal(0);
    await shared.stack.look();
  };
  const doneBy = (job: string) =>
    shared.stack.query(`SELECT version FROM done WHERE job = '${job}' ORDER BY id`);
  let added = 0;
  /** Does something while a job runs at any time, and another one waits: each has to be done once. */
  const working = async (work: Promise<unknown>) => {
    const jobs = () => shared.stack.query("SELECT job FROM done WHERE job LIKE 'long-%'");
    const statuses = await statusesDuring("/", work, async () => {
      if (added - (await jobs()).length >= 4) return;
      const job = `long-${(added += 1)}:4`;
      expect((await browser().request("/jobs", { job })).status).to.equal(202);
    });
    expect(statuses, "statuses of the page meanwhile").to.deep.equal([200]);
    await until("all jobs are done", 180, async () => (await jobs()).length >= added);
    const expected = Array.from({ length: added }, (_, index) => `long-${index + 1}:4`);
    expect(await jobs(), "each once").to.have.members(expected);
  };
  const isWorkedBy = async (job: string, number: string) => {
    await browser().request("/jobs", { job });
    await until(`the job ${job} is done`, 60, async () => (await doneBy(job)).length > 0);
    expect(await doneBy(job)).to.deep.equal([number]);
  };
  const services = async () => {
    const ecs = shared.stack.client(ECS);
    const [cluster] = (await ecs.listClusters({})).clusterArns!;
    return (await ecs.listServices({ cluster })).serviceArns!.map((arn) => arn.split("/").at(-1));
  };

  before("the app serves by one task, and its worker is on the app server", async () => {
    await another.keepFirstApp();
    await another.empty();
    for (const [name, value] of Object.entries(variablesOf[app]!))
      await lab.pulumi("config", "set", "--path", `appEnvironment.${name}`, value);
    await up({
      appCommit: await commit(app, version(1)),
      ...(await settingsOfTasks(shared.stack, 1)),
    });
    expect(await processes()).to.deep.equal(["worker running"]);
  });

  it("take over from the app server, and each job is done once", async () => {
    await working(up({ appWorkerTasks: 2 }));
    await runOnTasks();
    expect(await lab.ops("logs", "--lines", "1000")).to.match(
      / worker-[0-9a-f]{8} worker Ada waits for jobs$/m,
    );
  });

  it("are refused for a Procfile without a process, before anything is changed", async () => {
    const none = await commit(app, async (directory) => {
      await version(1)(directory);
      await edit(join(directory, "Procfile"), (text) => text.replace(/^worker.*\n/m, ""));
    });
    await another.refuses(/appWorkerTasks needs a Procfile with one process .* has none/, none);
    await runOnTasks();
  });

  it("run the next version, and each job is done once", async () => {
    const second = await commit(app, version(2));
    await working(another.serves(second));
    await runOnTasks();
    await isWorkedBy("after", "2");
  });

  it("follow a rollback and its undoing", async () => {
    for (const [args, number] of [
      [[], "1"],
      [["--undo"], "2"],
    ] as const) {
      await working(lab.ops("rollback", ...args));
      await runOnTasks();
      await isWorkedBy(`by ${number}`, number);
    }
  });

  it("stay on tasks when the app server restarts", async () => {
    await shared.stack.tryOnMachine("sudo systemctl restart docker");
    await until("the app serves", 60, async () => (await status()).health?.status === 200);
    await runOnTasks();
  });

  it("return to the app server when appWorkerTasks is 0, and each job is done once", async () => {
    await working(up({ appWorkerTasks: 0 }));
    expect(await services()).to.deep.equal(["app"]);
    expect(await processes()).to.deep.equal(["worker running"]);
    await isWorkedBy("back", "2");
  });

  after("the first app serves again, by the app server", async () => {
    await up({ appTasks: 0 });
    await up({});
    await another.returnToFirstApp();
    await lab.pulumi("config", "rm", "domain");
    await up({});
  });
});
