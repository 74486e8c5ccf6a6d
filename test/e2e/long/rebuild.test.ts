/** A second stack gets the data of the first one, from its bucket and from a copy in a directory. */
import { expect } from "chai";
import { rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { register } from "../../../lab/support/app-users.ts";
import { Browser } from "../../../lab/support/browser.ts";
import { succeed } from "../../../lab/support/lab.ts";
import { linesOf } from "../../support/documentation.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";
import { stackCommand, typeCommands } from "../../support/typed-commands.ts";

const rebuilt = ["--stack", "rebuilt"];
const countUsers = "SELECT COUNT(*) FROM users";

describe("A lost environment", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
  stepsInOrder();

  /** Home of the operator, with the copy of a backup. */
  let home: string;
  let commit: string;
  let username: string;
  let users: string;
  /** Directory of the copied backup. */
  let copy: string;
  const settings = () => join(lab.home, "Pulumi.rebuilt.yaml");
  const query = async (sql: string) =>
    (await lab.ops("mysql", ...rebuilt, "--", "--skip-column-names", "--execute", sql)).trim();

  before(
    "development has rows, a copy of a backup, and the same backup in its bucket",
    async () => {
      home = join(lab.home, "operator");
      username = await register(shared.stack);
      [users] = (await shared.stack.query(countUsers)) as [string];
      commit = await shared.stack.serving();
      copy = (await lab.ops("backup", "--to", home)).trim().split("\n").at(-1)!;
      const repository = (await lab.pulumi("config", "get", "appRepository")).trim();
      // As lab/pulumi makes the settings of a stack that the repository has.
      const values = [`appRepository="${repository}"`, `appCommit="${commit}"`];
      await writeFile(
        settings(),
        await succeed("node", ["lab/support/stack-config.ts", "Pulumi.dev.yaml", ...values]),
      );
    },
  );
  after("the second stack is destroyed", async () => {
    await lab.pulumi(...rebuilt, "destroy", "--yes", "--skip-preview");
    await lab.pulumi(...rebuilt, "stack", "rm", "--yes");
    await Promise.all([rm(settings(), { force: true }), rm(home, { recursive: true })]);
  });

  it("is rebuilt from its bucket by the commands of docs/environments.md", async () => {
    const lines = linesOf("docs/environments.md", "Rebuild a lost environment", "./ops restore");
    const began = Date.now();
    for (const line of lines) {
      const typed = line
        .replace("staging", "rebuilt")
        .replace("HASH", commit)
        .replace("BUCKET", shared.outputs.backupBucket!)
        .replace("./ops restore ", "./ops restore --yes ");
      const start = Date.now();
      const { stdout } = await typeCommands([typed], { lab, home, first: stackCommand });
      console.log(`    ${Math.round((Date.now() - start) / 1000)} s: ${typed}`);
      if (line.startsWith("./ops backups")) expect(stdout).to.include("-by-hand ");
      if (line.startsWith("./ops restore")) expect(stdout).to.match(/^restored: \S+-imported\. /m);
    }
    console.log(`    rebuilt in ${Math.round((Date.now() - began) / 1000)} s`);
    expect(await query(countUsers)).to.equal(users);
    const { appUrl } = await lab.outputs(...rebuilt);
    const fields = { username, password: "correct horse", login: "" };
    expect((await new Browser(appUrl!).submit("/login", fields)).status).to.equal(302);
    await lab.pulumi(...rebuilt, "preview", "--expect-no-changes");
  });

  it("gets its rows from a directory, too, and later restores know their schema", async () => {
    await query("DELETE FROM users");
    const start = Date.now();
    const printed = await lab.ops("restore", ...rebuilt, "--from", copy, "--yes");
    console.log(`    restored from a directory in ${Math.round((Date.now() - start) / 1000)} s`);
    const [, undo] = /^to undo this: \S*\/ops restore (\S+)/m.exec(printed)!;
    expect(await query(countUsers)).to.equal(users);
    await lab.ops("restore", ...rebuilt, undo!, "--yes");
    expect(await query(countUsers)).to.equal("0");
  });

  it("keeps its rows when the copy is truncated", async () => {
    await truncate(join(copy, "dump.sql.gz"), 100);
    const { status, stderr } = await lab.tryOps("restore", ...rebuilt, "--from", copy, "--yes");
    expect(status).to.not.equal(0);
    expect(stderr).to.match(/dump\.sql\.gz has arrived with another SHA-256 .*\n.*unchanged/);
    expect(await query(countUsers)).to.equal("0");
  });
});
