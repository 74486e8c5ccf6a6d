/** The running release, the configured commit and the words of ./ops agree, whatever operation runs. */
import { expect } from "chai";
import { appendFile, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { logIn, register } from "../../../lab/support/app-users.ts";
import { mark } from "../../../lab/support/stack.ts";
import { linesOf } from "../../support/documentation.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stackCommand, typeCommands } from "../../support/typed-commands.ts";

/** Adds a table to the app's models. */
const addTable = (name: string) => async (directory: string) => {
  const model = `\n\nclass ${name}(db.Model):\n    id = db.Column(db.Integer, primary_key=True)\n`;
  await appendFile(join(directory, "apps/models.py"), model);
};

/** Lets the app end as soon as gunicorn starts it; migrations run. */
const crash = (directory: string) =>
  appendFile(
    join(directory, "run.py"),
    '\nimport sys\nif "gunicorn" in sys.argv[0]:\n    raise RuntimeError("a crash")\n',
  );

describe("./ops on a stack", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
  let username: string;
  const ops = (...args: string[]) => lab.ops(...args);
  const serving = async () => (await ops("status", "--commit")).trim();
  /** A remedy as the messages print it, run in the lab. */
  const follow = (remedy: string) => {
    const [program, ...words] = remedy.replaceAll("'", "").split(" ");
    expect(program).to.equal("lab/ops");
    return lab.ops(...words);
  };

  before(async () => (username = await register(shared.stack)));

  it("stops an `up` after a rollback, and lets it go on after `rollback --undo`", async () => {
    const { stack } = shared;
    const before = await serving();
    const { commit } = await stack.newVersion();
    await lab.pulumi("config", "set", "appCommit", commit);
    await lab.pulumi("up", "--yes", "--skip-preview");
    expect(await ops("rollback")).to.include(`commit ${before} serves again`);
    for (const command of [["preview"], ["up", "--yes", "--skip-preview"]]) {
      const { status, stdout } = await lab.tryPulumi(...command);
      expect(status, command[0]).not.to.equal(0);
      expect(stdout).to.match(new RegExp(`Commit ${commit}, which appCommit names, was rolled`));
      expect(stdout).to.match(new RegExp(`pulumi config set appCommit ${before}`));
    }
    expect(await serving()).to.equal(before);
    await follow("lab/ops rollback --undo");
    expect(await serving()).to.equal(commit);
    await lab.pulumi("preview", "--expect-no-changes");
  });

  it("restores the same backup when it restores twice", async () => {
    const { stack } = shared;
    const key = (await ops("backup")).trim().split("\n").at(-1)!;
    const count = () => stack.query("SELECT COUNT(*) FROM users");
    const users = await count();
    await stack.query("DELETE FROM users");
    for (const time of ["first", "second"]) {
      const printed = await ops("restore", "--yes");
      expect(printed, time).to.match(new RegExp(`^restored: ${key}`, "m"));
      expect(await count(), time).to.deep.equal(users);
    }
    expect(await ops("restore-test")).to.match(new RegExp(`^${key} can be restored`, "m"));
  });

  it("names a way back that works when it refuses a rollback after a failed release", async () => {
    const { stack } = shared;
    const before = await serving();
    // Names of their own, so that the step can run again on the same stack.
    const [first, second] = [`First${Date.now()}`, `Second${Date.now()}`];
    const failing = await stack.commit("A table, and a crash", async (directory) => {
      await addTable(first)(directory);
      await crash(directory);
    });
    expect((await stack.up({ appCommit: failing })).status).not.to.equal(0);
    const { stdout: history } = await lab.tryOps("releases");
    expect(history).to.match(new RegExp(`${failing.slice(0, 12)}.*FAILED`));
    const corrected = await stack.commit("Two tables", async (directory) => {
      await mark(directory, "two tables");
      await addTable(first)(directory);
      await addTable(second)(directory);
    });
    await lab.pulumi("config", "set", "appCommit", corrected);
    await lab.pulumi("up", "--yes", "--skip-preview");
    const refused = await lab.tryOps("rollback");
    expect(refused.status).to.equal(1);
    expect(refused.stderr).to.match(/error: commit \w+ \(release \d+\) needs revision/);
    const ways = /^ +(lab\/ops restore \S+) && (lab\/ops rollback)$/m.exec(refused.stderr);
    expect(ways, refused.stderr).not.to.equal(null);
    await follow(`${ways![1]} --yes`);
    await follow(ways![2]!);
    expect(await serving()).to.equal(before);
    const tables = (await stack.query("SHOW TABLES")).join();
    expect(tables).to.not.include(first.toLowerCase()).and.not.include(second.toLowerCase());
    await lab.pulumi("config", "set", "appCommit", before);
    await lab.pulumi("up", "--yes", "--skip-preview");
    await lab.pulumi("preview", "--expect-no-changes");
  });

  it("prints status, logs, backups and a shell by the commands of docs/operations.md", async () => {
    const home = join(lab.home, "operator");
    await mkdir(home, { recursive: true });
    const typed = (lines: readonly string[], input = "") =>
      typeCommands(lines, { lab, home, first: stackCommand, input });
    await ops("backup");
    // The walk runs the others.
    const { stdout } = await typed(["./ops status", "./ops logs", "./ops backups"]);
    expect(stdout)
      .to.match(/GET \/login/)
      .and.to.match(/^backups\/\S+-by-hand /m);
    const shell = await typed(["./ops app"], "print(app.name)");
    expect(shell.stdout).to.match(/>>> apps$/m);
    const cost = await typed(linesOf("docs/environments.md", "Cost", "npm run cost"));
    expect(cost.stdout).to.match(/^total .*\d\.\d\d/m);
    await rm(home, { recursive: true });
  });

  it("keeps the users, who can log in after all of this", async () => {
    await logIn(shared.stack, username);
  });
});
