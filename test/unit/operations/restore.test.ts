import { expect } from "chai";
import { fixture, type Fixture } from "./fixture.ts";

describe("./ops restore", () => {
  let stack: Fixture;
  beforeEach(() => {
    stack = fixture();
    const made = new Date(Date.now() - 5 * 3600_000).toISOString();
    const line = ["backups/new-nightly", made, "nightly", "01234", "c0ffee", "42", "7"].join("\\t");
    stack.machine.script("backups.sh", `log "backups.sh $*"; printf '${line}\\n'`);
    stack.machine.script("deploy-lock.sh", 'log "deploy-lock.sh $*"; echo "restored: $2"');
  });
  afterEach(() => stack.machine.remove());
  const onMachine = () => stack.machine.log.split("\n").filter((line) => /^[\w-]+\.sh/.test(line));
  /** Runs ./ops restore in a terminal and types `typed`, a format of printf, when it asks. */
  const inTerminal = (typed: string) => {
    const seen = `${stack.machine.home}/seen`;
    stack.machine.script(
      "typed",
      `{ for _ in {1..500}; do grep -q "Type the" '${seen}' 2>/dev/null && break; sleep 0.02; done; printf '${typed}'; } |
        script --quiet --return --flush --command "'${stack.machine.root}/bin/ops' restore" '${seen}'`,
    );
    return stack.machine.run("typed");
  };

  it("shows the stack, the backup, its age and the loss, and restores with --yes", () => {
    const { status, stdout, stderr } = stack.ops("restore", "--yes");
    expect(stderr.replace(/made \S+ \S+ UTC/, "made TIME")).to.equal(
      `dev · us-west-2 · 198.51.100.7
restores  backups/new-nightly
          made TIME, 5 h ago; reason nightly; rows 42; files 7; schema 01234
into      the database of stack dev, app server 198.51.100.7
loses     everything written since then; a backup of the present state is made first
`,
    );
    expect([status, stdout]).to.deep.equal([0, "restored: backups/new-nightly\n"]);
    expect(onMachine()).to.deep.equal([
      "backups.sh choose",
      "deploy-lock.sh restore.sh backups/new-nightly",
    ]);
  });

  it("requires --yes without a terminal, and prints the command with the chosen backup", () => {
    const { status, stderr } = stack.ops("restore", "backups/mine", "--stack", "prod");
    expect(stderr).to.match(
      /\nerror: restore asks .*\nremedy: run: \.\/ops restore backups\/new-nightly --yes --stack prod\n$/,
    );
    expect(status).to.equal(1);
    expect(onMachine()).to.deep.equal(["backups.sh choose backups/mine"]);
    const printed = /remedy: run: \.\/ops (.*)/.exec(stderr)![1]!;
    expect(stack.ops(...printed.split(" ")).stdout).to.equal("restored: backups/new-nightly\n");
  });

  it("asks for the stack's name on a terminal, and restores when it is typed", () => {
    const { status, stdout } = inTerminal("dev\\n");
    expect(stdout).to.match(/Type the stack's name to restore: /);
    expect(onMachine()).to.include("deploy-lock.sh restore.sh backups/new-nightly");
    expect(status).to.equal(0);
  });

  it("restores nothing when another name is typed", () => {
    const { status, stdout } = inTerminal("prod\\n");
    expect(stdout).to.match(/error: nothing was restored: the stack's name is dev, not 'prod'\r\n/);
    expect(onMachine()).to.deep.equal(["backups.sh choose"]);
    expect(status).to.equal(1);
  });

  it("restores nothing when the input ends", () => {
    const { status, stdout } = inTerminal("");
    expect(stdout).to.match(/error: nothing was restored: the stack's name is dev, not ''\r\n/);
    expect(onMachine()).to.deep.equal(["backups.sh choose"]);
    expect(status).to.equal(1);
  });

  it("restores nothing when Ctrl-C is typed", () => {
    const { status, stdout } = inTerminal("\\003");
    expect(stdout).to.match(/interrupted; nothing was changed\r\n$/);
    expect(onMachine()).to.deep.equal(["backups.sh choose"]);
    expect(status).to.equal(130);
  });

  it("restores nothing when the backup does not exist, and prints the app server's message", () => {
    stack.machine.script("backups.sh", "echo 'error: there is no backup x' >&2; exit 1");
    const { status, stderr } = stack.ops("restore", "x", "--yes");
    expect(stderr).to.equal("dev · us-west-2 · 198.51.100.7\nerror: there is no backup x\n");
    expect(status).to.equal(1);
    expect(onMachine()).to.deep.equal([]);
  });
});

describe("./ops restore-test", () => {
  it("tests the named backup, and updates the site's status", () => {
    const { machine, ops } = fixture();
    machine.script("deploy-lock.sh", 'log "deploy-lock.sh $*"');
    machine.script("publish-status.sh", "log publish");
    expect(ops("restore-test", "backups/x").status).to.equal(0);
    expect(machine.log).to.match(/\ndeploy-lock\.sh restore-test\.sh backups\/x\npublish\n$/);
    machine.remove();
  });
});
