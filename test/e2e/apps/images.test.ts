/** Images of apps: packages locked by uv, packages of Debian, and the app's own Dockerfile on another port. */
import { expect } from "chai";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { edit, type AppChange } from "../../../lab/support/stack.ts";
import { anotherApp } from "../../support/another-app.ts";
import { settingsOf } from "../../support/app-settings.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

const repository = join(import.meta.dirname, "../../..");

describe("The image of an app", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
  stepsInOrder();
  let own: string;

  const { commit, serves, refuses, page, statusesDuring, keepFirstApp, returnToFirstApp, empty } =
    anotherApp(shared);
  const remove = async (...settings: string[]) => {
    for (const setting of settings) await lab.pulumi("config", "rm", setting);
  };
  const set = (path: string, value: string) => lab.pulumi("config", "set", "--path", path, value);
  const second: AppChange = (directory) =>
    edit(join(directory, "src/shop/web.py"), (text) => text.replace("version 1", "version 2"));
  before("a user registers, all rows are backed up, and the schema is emptied", async () => {
    await keepFirstApp();
    await empty();
  });

  it("has the versions of uv.lock, and nothing of its groups for development", async () => {
    const printed = await serves(await commit("test/apps/locked"));
    expect(printed).to.match(/the image is made of uv\.lock/);
    expect(await page("/")).to.equal("<p>version 1: 0 notes</p>");
    const packages = JSON.parse(await page("/packages")) as string[];
    const lock = await readFile(join(repository, "test/apps/locked/uv.lock"), "utf8");
    for (const name of ["flask", "pymysql", "sqlalchemy"]) {
      const [, version] = new RegExp(`name = "${name}"\nversion = "(.*)"`).exec(lock)!;
      expect(packages).to.include(`${name}==${version}`);
    }
    expect(packages.join()).to.not.include("iniconfig");
  });

  it("is not built of a lock that does not fit, nor without its Python", async () => {
    const change =
      (before: string, after: string): AppChange =>
      (directory) =>
        edit(join(directory, "pyproject.toml"), (text) => text.replace(before, after));
    await refuses(
      /The lockfile at `uv\.lock` needs to be updated/,
      await commit("test/apps/locked", change("flask>=3", "flask>=3.1")),
    );
    await refuses(
      /error: the app needs Python >=3\.12, by requires-python[^]*config set baseImage python:3\.12-slim-bookworm/,
      await commit("test/apps/locked", change(">=3.11", ">=3.12")),
    );
    expect(await page("/")).to.equal("<p>version 1: 0 notes</p>");
  });

  it("has the packages of Debian that appPackages names", async () => {
    await set("appPackages[0]", "no-such-package");
    const app = await commit("test/apps/locked");
    await refuses(/Unable to locate package no-such-package/, app);
    await set("appPackages[0]", "tree");
    await serves(app);
    expect(await lab.ops("app", "--", "tree", "--version")).to.include("tree v");
    await remove("appPackages");
  });

  it("is built by the app's own Dockerfile, on another port, without a failed request", async () => {
    own = await commit("test/apps/own-image");
    const { appPort, ...settings } = settingsOf["test/apps/own-image"];
    await refuses(
      /has no Dockerfile\.prod, which appDockerfile names[^]*Its Dockerfiles: Dockerfile/,
      own,
      {
        appDockerfile: "Dockerfile.prod",
      },
    );
    await refuses(
      /error: the app does not answer GET \/visits at port 5005 90 s after the start: no answer/,
      own,
      settings,
    );
    // The app before has this page, and the new one does not.
    const statuses = await statusesDuring("/", serves(own, { appPort }));
    expect(statuses).to.have.members([200, 404]);
    expect(await page("/visits")).to.match(
      /^<p>version 1: 0 visits, https from 198\.18\.\d+\.\d+, port 8000<\/p>$/,
    );
    expect(await lab.ops("app", "--", "id", "-un")).to.match(/^shop$/m);
  });

  it("is replaced by a second version without a failed request, and returns by a rollback", async () => {
    const next = await commit("test/apps/own-image", second);
    expect(await statusesDuring("/visits", serves(next))).to.deep.equal([200]);
    expect(await page("/visits")).to.match(/^<p>version 2: 0 visits/);
    // Not after the rollback: until somebody chooses a version, a preview fails on purpose.
    await lab.ops("verify");
    const back = lab.ops("rollback");
    expect(await statusesDuring("/visits", back)).to.deep.equal([200]);
    expect(await page("/visits")).to.match(/^<p>version 1: 0 visits/);
  });

  it("keeps the version that serves when the next one crashes at its start", async () => {
    const broken = await commit("test/apps/own-image", (directory) =>
      edit(join(directory, "src/shop/web.py"), (text) => `raise RuntimeError\n${text}`),
    );
    await refuses(/error: the app ends as soon as it is started/, broken);
    expect(await page("/visits")).to.match(/^<p>version 1/);
  });

  it("is the project's own again for its first app, after a restore", async () => {
    await remove("appDockerfile", "appPort", "appHealthPath");
    await returnToFirstApp();
    await lab.pulumi("preview", "--expect-no-changes");
  });
});
