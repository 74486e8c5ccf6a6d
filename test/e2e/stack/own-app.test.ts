/** Apps that are not like flask-datta-able, on the stack of one that is, which returns at the end. */
import { expect } from "chai";
import { createHash } from "node:crypto";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { follow, part } from "../../../lab/experiments/faults/fault.ts";
import { edit, type AppChange } from "../../../lab/support/stack.ts";
import { anotherApp } from "../../support/another-app.ts";
import { settingsOf } from "../../support/app-settings.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

/** Makes the second version of test/apps/factory, with one more table. */
const secondVersion: AppChange = async (directory) => {
  const model = "class Order(db.Model):\n    id = db.Column(db.Integer, primary_key=True)\n\n\n";
  await edit(join(directory, "shop/__init__.py"), (text) =>
    text.replace("version 1", "version 2").replace("class Item", `${model}class Item`),
  );
  const versions = join(directory, "migrations/versions");
  await cp(join(versions, "items1_.py"), join(versions, "orders2_.py"));
  await edit(join(versions, "orders2_.py"), (text) =>
    text
      .replace('"items1"', '"orders2"')
      .replace("= None", '= "items1"')
      .replaceAll('"item"', '"order"'),
  );
};

describe("A stack", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
  stepsInOrder();
  let factory: string;

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

  before("a user registers, and all rows are backed up", async () => {
    await keepFirstApp();
    factory = await commit("test/apps/factory");
  });

  it("refuses the schema of another app, and migrates the empty one", async () => {
    const message = await refuses(
      /error: the schema \w+ is at revision \w+, which commit \w+ does not have/,
      factory,
    );
    expect(message).to.match(/the app is shop:create_app\(\), by shop\/__init__\.py/);
    const line = part(message, /(\S*ops mysql .*? CHARACTER SET utf8mb4')/);
    await follow(shared.stack, line);
    expect(await shared.stack.query("SHOW TABLES")).to.deep.equal([]);
  });

  it("refuses a page of another status within seconds, and serves by appHealthPath", async () => {
    const began = Date.now();
    await refuses(/error: the app answers GET \/ with status 404, not 200/, factory);
    expect(Date.now() - began, "ms, with an image that is there").to.be.below(75_000);
    await serves(factory, settingsOf["test/apps/factory"]);
    expect(await page("/items")).to.equal("<p>version 1: 0 items</p>");
    const tables = await shared.stack.query("SHOW TABLES");
    expect(tables).to.have.members(["alembic_version", "item"]);
  });

  it("releases a second version with its migration, without a failed request", async () => {
    const second = await commit("test/apps/factory", secondVersion);
    expect(await statusesDuring("/items", serves(second)), "meanwhile").to.deep.equal([200]);
    expect(await page("/items")).to.equal("<p>version 2: 0 items</p>");
    factory = second;
  });

  it("gives the app its own variables and secrets unchanged, and changes a secret in one up", async () => {
    const difficult = ` it's "#1" $HOME \${A} \\n %41 é \n--second line--\n`;
    const secrets = ["the first of two secrets", `the "second" $ecret`];
    const set = (name: string, value: string, ...flags: string[]) =>
      lab.pulumi("config", "set", "--path", ...flags, name, "--", value);
    const arrives = async (name: string, value: string) =>
      expect(await page(`/digest/${name}`), name).to.equal(
        createHash("sha256").update(value).digest("hex"),
      );
    await set("appEnvironment.DIFFICULT", difficult);
    for (const secret of secrets) {
      await set("appSecrets.API_KEY", secret, "--secret");
      await serves(factory);
      await arrives("DIFFICULT", difficult);
      await arrives("API_KEY", secret);
    }
    const logged = await shared.stack.onMachine(
      "cat /opt/flask-on-aws/runs/*.log; docker ps --all --quiet | xargs -n 1 docker logs 2>&1",
    );
    expect(logged).to.include("releasing commit ");
    for (const text of [logged, await lab.ops("logs", "--all")])
      for (const secret of secrets) expect(text).to.not.include(secret);
    for (const name of ["appEnvironment", "appSecrets"]) await lab.pulumi("config", "rm", name);
  });

  it("keeps the version that serves when the next one answers with an error", async () => {
    const broken = await commit("test/apps/factory", async (directory) => {
      await secondVersion(directory);
      await edit(join(directory, "shop/__init__.py"), (text) =>
        text.replace("        count =", "        raise RuntimeError\n        count ="),
      );
    });
    await refuses(/error: the app answers GET \/items with status 500, not 200/, broken);
    expect(await page("/items")).to.equal("<p>version 2: 0 items</p>");
    expect(await shared.stack.serving()).to.equal(factory);
  });

  it("refuses an app that never connects to the database, until appDatabase is false", async () => {
    const app = await commit("test/apps/no-database");
    const { appDatabase, ...settings } = settingsOf["test/apps/no-database"];
    await refuses(/error: the app answers GET \/health without a connection to \S+:3306/, app, {
      ...settings,
      appMigrations: "none",
    });
    await serves(app, { appDatabase });
    expect(await page("/health")).to.equal("<p>version 1</p>");
    expect(await lab.ops("app", "--", "env")).to.not.match(/^D(B_|ATABASE)|^SQLALCHEMY/m);
  });

  it("serves the app of docs/bring-your-own-app.md without any setting", async () => {
    for (const setting of ["appHealthPath", "appMigrations", "appDatabase"])
      await lab.pulumi("config", "rm", setting);
    await empty();
    await serves(await commit("examples/app"));
    const { status } = await browser().request("/", { text: "a note of <Ada>" });
    expect(status).to.equal(302);
    expect(await page("/")).to.include("<p>a note of &lt;Ada&gt;</p>");
    expect(await shared.stack.query("SELECT text FROM note")).to.deep.equal(["a note of <Ada>"]);
  });

  it("returns to its first app by a restore and a release", async () => {
    await returnToFirstApp();
    await lab.pulumi("preview", "--expect-no-changes");
  });
});
