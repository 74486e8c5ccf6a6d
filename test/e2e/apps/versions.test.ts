/**
 * Apps of several kinds, each through a second version, a broken one and a rollback, on the stack of another app. For the app
 * with its own Dockerfile and the one with a worker, images.test.ts and processes.test.ts do the same.
 */
import { expect } from "chai";
import { join } from "node:path";
import { edit, type AppChange } from "../../../lab/support/stack.ts";
import { settingsOf } from "../../support/app-settings.ts";
import { anotherApp } from "../../support/another-app.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

/** In `test/apps`, with the file that makes the page, and the page's path. */
const apps = [
  { app: "test/apps/factory", file: "shop/__init__.py", path: "/items" },
  { app: "test/apps/locked", file: "main.py", path: "/" },
  { app: "test/apps/no-database", file: "hello.py", path: "/health" },
] as const;

describe("The versions of an app", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
  stepsInOrder();

  const { commit, serves, refuses, page, statusesDuring, keepFirstApp, returnToFirstApp, empty } =
    anotherApp(shared);

  before("a user registers, and all rows are backed up", async () => {
    await keepFirstApp();
  });

  for (const { app, file, path } of apps) {
    const settings = settingsOf[app];
    const change =
      (before: string | RegExp, after: string): AppChange =>
      (directory) =>
        edit(join(directory, file), (text) => text.replace(before, after));

    it(`of ${app} replace each other without a failed request`, async () => {
      await empty();
      await serves(await commit(app), settings);
      expect(await page(path)).to.include("<p>version 1");
      const second = await commit(app, change("version 1", "version 2"));
      expect(await statusesDuring(path, serves(second)), "at the second").to.deep.equal([200]);
      expect(await page(path)).to.include("<p>version 2");
      expect(await statusesDuring(path, lab.ops("rollback")), "at the rollback").to.deep.equal([
        200,
      ]);
      expect(await page(path)).to.include("<p>version 1");
      await lab.ops("rollback", "--undo");
      expect(await page(path)).to.include("<p>version 2");
    });

    it(`of ${app} serve on when the next one answers with an error`, async () => {
      const broken = await commit(
        app,
        change(/return f?"<p>version/, 'raise RuntimeError("broken")  # "'),
      );
      const answer = new RegExp(`error: the app answers GET ${path} with status 500, not 200`);
      const refused = refuses(answer, broken);
      expect(await statusesDuring(path, refused)).to.deep.equal([200]);
      expect(await page(path)).to.include("<p>version 2");
      for (const setting of Object.keys(settings)) await lab.pulumi("config", "rm", setting);
    });
  }

  it("return to the first app by a restore and a release", async () => {
    await returnToFirstApp();
    await lab.pulumi("preview", "--expect-no-changes");
  });
});
