/** An app with a worker, a release line, scheduled commands and Redis, on the stack of another one, which returns at the end. */
import { expect } from "chai";
import { join } from "node:path";
import { until } from "../../../lab/experiments/faults/fault.ts";
import { edit, type AppChange } from "../../../lab/support/stack.ts";
import type { Status } from "../../../operations/status.ts";
import { anotherApp } from "../../support/another-app.ts";
import { settingsOf, variablesOf } from "../../support/app-settings.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

const app = "test/apps/worker";
/** Makes another version of the app. */
const version =
  (number: number): AppChange =>
  (directory) =>
    edit(join(directory, "jobs.py"), (text) => text.replace("VERSION = 1", `VERSION = ${number}`));
describe("A stack with an app of several processes", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
  stepsInOrder();
  let first: string;

  const {
    commit,
    serves,
    refuses,
    browser,
    page,
    statusesDuring,
    keepFirstApp,
    returnToFirstApp,
    empty,
  } = anotherApp(shared);
  const add = async (job: string) =>
    expect((await browser().request("/jobs", { job })).status).to.equal(202);
  /** The versions of the app that have done a job, one for each time. */
  const doneBy = (job: string) =>
    shared.stack.query(`SELECT version FROM done WHERE job = '${job}' ORDER BY id`);
  const isDone = (job: string) =>
    until(`the job ${job} is done`, 60, async () => (await doneBy(job)).length > 0);
  const status = async () => JSON.parse(await lab.ops("status", "--json")) as Status;
  const processes = async () =>
    (await status()).processes!.map(({ name, state }) => `${name} ${state}`);
  const schedule = async (command: string) => {
    const members = { name: "note", cron: "@yearly", command };
    for (const [member, value] of Object.entries(members))
      await lab.pulumi("config", "set", "--path", `appSchedule[0].${member}`, "--", value);
  };
  const runNow = (name: string) =>
    shared.stack.tryOnMachine(`/opt/flask-on-aws/bin/schedule.sh app ${name}`);

  before("a user registers, all rows are backed up, and the schema is empty", async () => {
    await keepFirstApp();
    await empty();
    for (const [name, value] of Object.entries(variablesOf[app]!))
      await lab.pulumi("config", "set", "--path", `appEnvironment.${name}`, value);
    first = await commit(app);
  });

  it("runs the release line, then web and worker, with Redis between them", async () => {
    const printed = await serves(first, settingsOf[app]);
    expect(printed).to.match(/the line release of the Procfile has run: python released\.py/);
    expect(await doneBy("release")).to.deep.equal(["1"]);
    expect(await processes()).to.deep.equal(["redis running", "worker running"]);
    await add("first");
    await isDone("first");
    expect(await page()).to.include("<p>first by version 1</p>");
    expect(await lab.ops("logs", "--lines", "1000")).to.match(
      / \w+-worker worker Ada waits for jobs$/m,
    );
  });

  it("finishes exactly once a job that runs at the release of the next version", async () => {
    const second = await commit(app, version(2));
    let added = 0;
    const jobs = () => shared.stack.query("SELECT job FROM done WHERE job LIKE 'long-%'");
    // One job runs at any time, and another one waits.
    const statuses = await statusesDuring("/", serves(second), async () => {
      if (added - (await jobs()).length < 2) await add(`long-${(added += 1)}:4`);
    });
    expect(statuses, "statuses of the page meanwhile").to.deep.equal([200]);
    await until("all jobs are done", 60, async () => (await jobs()).length >= added);
    const expected = Array.from({ length: added }, (_, index) => `long-${index + 1}:4`);
    expect(await jobs(), "each once").to.have.members(expected);
    const versions = await shared.stack.query(
      "SELECT DISTINCT version FROM done WHERE job LIKE 'long-%' ORDER BY version",
    );
    expect(versions).to.include("1");
    await add("after");
    await isDone("after");
    expect(await doneBy("after"), "the old worker has ended").to.deep.equal(["2"]);
    expect(await processes()).to.deep.equal(["redis running", "worker running"]);
  });

  it("keeps version and worker when the next worker ends at once", async () => {
    const broken = await commit(app, async (directory) => {
      await version(3)(directory);
      await edit(join(directory, "worker.py"), () => "raise SystemExit('no such queue')\n");
    });
    const said = await refuses(
      /error: the process worker of the Procfile ends as soon as it is started/,
      broken,
    );
    expect(said).to.match(/\| no such queue/);
    expect(await page()).to.include("<p>version 2</p>");
    await add("undisturbed");
    await isDone("undisturbed");
    expect(await doneBy("undisturbed")).to.deep.equal(["2"]);
  });

  it("keeps the version when the next release line fails", async () => {
    const broken = await commit(app, (directory) =>
      edit(join(directory, "released.py"), () => "raise SystemExit('no such table')\n"),
    );
    const said = await refuses(
      /error: the line release of the Procfile failed: python released\.py/,
      broken,
    );
    expect(said).to.match(/\| no such table/);
    expect(await page()).to.include("<p>version 2</p>");
  });

  it("rolls back the worker, without the release line", async () => {
    const releases = (await doneBy("release")).length;
    await lab.ops("rollback");
    expect(await page()).to.include("<p>version 1</p>");
    await add("back");
    await isDone("back");
    expect(await doneBy("back")).to.deep.equal(["1"]);
    expect(await doneBy("release")).to.have.length(releases);
    await lab.ops("rollback", "--undo");
    await add("again");
    await isDone("again");
    expect(await doneBy("again")).to.deep.equal(["2"]);
  });

  it("runs scheduled commands, and shows those that fail until they succeed or are removed", async () => {
    const commit = await shared.stack.serving();
    await schedule("test -e /tmp/fails || python released.py '50 % of \"it\"'");
    await serves(commit);
    expect(await shared.stack.onMachine("crontab -l")).to.match(
      /^@yearly \S+\/schedule\.sh app note >>/m,
    );
    expect((await runNow("note")).status).to.equal(0);
    expect(
      await shared.stack.query("SELECT version FROM done WHERE job LIKE '50 %'"),
    ).to.deep.equal(["2"]);
    await schedule("echo cannot; exit 7");
    await serves(commit);
    const { status: ended, stdout } = await runNow("note");
    expect(ended).to.equal(7);
    expect(stdout).to.match(/^note: cannot$/m);
    expect((await status()).failedJobs!.map(({ job }) => job)).to.deep.equal(["app-note"]);
    await lab.pulumi("config", "rm", "appSchedule");
    await serves(commit);
    expect((await status()).failedJobs).to.deep.equal([]);
    expect(await shared.stack.onMachine("crontab -l")).to.not.include("schedule.sh app");
  });

  it("returns to its first app by a restore and a release, without worker and Redis", async () => {
    for (const setting of ["appRedis", "appEnvironment"]) await lab.pulumi("config", "rm", setting);
    await returnToFirstApp();
    expect(await processes()).to.deep.equal([]);
    expect(await shared.stack.onMachine("ls /opt/flask-on-aws/redis")).to.include("appendonlydir");
    await lab.pulumi("preview", "--expect-no-changes");
  });
});
