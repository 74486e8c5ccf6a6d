/** What a stack tells everybody: its site, the published branch, and no secret. */
import { expect } from "chai";
import { inPublished } from "../../support/publishing.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { fromSite } from "../../support/site.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";
import { leaks } from "./leaks.ts";

describe("A stack that publishes the app", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
  stepsInOrder();

  it("tells release, backup and restore test on the site", async () => {
    await lab.ops("backup");
    await lab.ops("restore-test");
    const { appUrl, configuredCommit } = await lab.outputs();
    const get = fromSite(lab, shared.outputs);
    const page = await get("");
    expect(page.status).to.equal(200);
    expect(page.body).to.include("<h1>flask-on-aws-dev</h1>");
    const status = JSON.parse((await get("status.json")).body) as Record<string, string | null>;
    expect(status).to.include({ app: appUrl, commit: configuredCommit, failedSince: null });
    expect(status.release).to.match(/^\d{6}$/);
    for (const time of [status.deployed, status.backup, status.restoreTest])
      expect(time).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it("answers 404 with a page of its own for a path that does not exist", async () => {
    const { status, body } = await fromSite(lab, shared.outputs)("nothing");
    expect(body).to.include("There is no such page.");
    expect(status).to.equal(404);
  });

  it("shows no secret during a release that changes the password and publishes", async () => {
    expect(await leaks(shared.stack)).to.deep.equal([]);
  });

  it("publishes the released files as a branch and as a download, and no rows", async () => {
    const commit = await inPublished(shared.stack, "rev-parse", shared.prefix);
    const tree = await inPublished(shared.stack, "ls-tree", "-r", "--name-only", commit);
    const files = tree.split("\n");
    expect(files).to.include.members(["run.py", "release/compose.yml", "migrations/env.py"]);
    expect(files).to.not.include(".env");
    const get = fromSite(lab, shared.outputs);
    const { download, commit: serving } = JSON.parse((await get("status.json")).body) as {
      download: string;
      commit: string;
    };
    expect(await inPublished(shared.stack, "log", "--format=%s", "-1", commit)).to.include(serving);
    expect((await get(download)).status).to.equal(200);
    expect((await get("dump.sql.gz")).status, "nobody asked for that").to.equal(404);
  });
});
