/** An app whose uploads outlive releases, restores and the machine, on the stack of one that has none. */
import { expect } from "chai";
import { join } from "node:path";
import { terminated } from "../../../lab/experiments/faults/machine.ts";
import { edit, tail } from "../../../lab/support/stack.ts";
import { anotherApp } from "../../support/another-app.ts";
import { settingsOf } from "../../support/app-settings.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

const app = "test/apps/uploads";
const text = "an upload of Zoë\n";

describe("The setting appFiles", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
  stepsInOrder();
  /** Key of the newest backup of the app with uploads. */
  let backup: string;

  const { commit, keepFirstApp, returnToFirstApp, backUp, empty } = anotherApp(shared);
  const up = async (...args: Parameters<typeof shared.stack.up>) => {
    const result = await shared.stack.up(...args);
    expect(result.status, tail(result)).to.equal(0);
    return result.stdout;
  };
  const get = async (path: string) => {
    const response = await fetch(`${shared.outputs.appUrl}${path}`);
    return response.status === 200 ? response.text() : response.status;
  };
  const upload = async (name: string) => {
    const body = new FormData();
    body.set("file", new Blob([text]), name);
    const { status } = await fetch(`${shared.outputs.appUrl}/`, {
      ...{ method: "POST", body, redirect: "manual" },
    });
    expect(status, `the upload of ${name}`).to.equal(302);
  };

  before("a user registers, and all rows are backed up", async () => {
    await keepFirstApp();
    await empty();
  });

  it("makes a directory writable that has what the image has there", async () => {
    await up({ appCommit: await commit(app), ...settingsOf[app] });
    expect(await get("/uploads/sample.txt")).to.equal("a sample that comes with the app\n");
    await upload("first.txt");
    expect(await get("/uploads/first.txt")).to.equal(text);
  });

  it("keeps the files in a release, and in a rollback", async () => {
    const second = await commit(app, (directory) =>
      edit(join(directory, "app.py"), (source) => source.replace("version 1", "version 2")),
    );
    await up({ appCommit: second });
    expect(await get("/")).to.equal("<p>version 2: first.txt</p>");
    expect(await get("/uploads/first.txt")).to.equal(text);
    await upload("second.txt");
    await lab.ops("rollback");
    expect(await get("/")).to.equal("<p>version 1: first.txt, second.txt</p>");
    expect(await get("/uploads/second.txt")).to.equal(text);
    await lab.ops("rollback", "--undo");
    expect(await lab.ops("status")).to.match(/^files +0\.00 GiB in \/app\/uploads$/m);
  });

  it("has the files in the backups, and a restore brings rows and files back together", async () => {
    backup = await backUp();
    expect(await lab.ops("restore-test", backup)).to.match(/, 3 files$/m);
    await lab.ops("app", "--", "rm", "/app/uploads/first.txt");
    await upload("third.txt");
    const before = await lab.ops("restore", backup, "--yes");
    expect(before).to.include("the app's files are those of the backup\n");
    expect(await get("/")).to.equal("<p>version 2: first.txt, second.txt</p>");
    expect(await get("/uploads/first.txt")).to.equal(text);
    expect(await get("/uploads/third.txt")).to.equal(404);
    await upload("fourth.txt");
    const undo = /to undo this: .* restore (\S+)/.exec(before)![1]!;
    await lab.ops("restore", undo, "--yes");
    expect(await get("/uploads/third.txt")).to.equal(text);
    expect(await get("/uploads/first.txt")).to.equal(404);
  });

  it("brings the files of the last backup to a machine that replaces another one", async () => {
    backup = await backUp();
    await terminated(shared.stack);
    const said = await up({}, "--refresh");
    await shared.stack.look();
    expect(said).to.include(`the files are those of ${backup}, of `);
    expect(await get("/uploads/third.txt")).to.equal(text);
    await upload("fifth.txt");
  });

  it("leaves the files on the machine when it is empty, and the first app returns", async () => {
    await lab.pulumi("config", "rm", "appFiles");
    await returnToFirstApp();
    const files = await shared.stack.onMachine("sudo ls /opt/flask-on-aws/files");
    expect(files.split("\n")).to.include("fifth.txt");
    await lab.pulumi("preview", "--expect-no-changes");
  });
});
