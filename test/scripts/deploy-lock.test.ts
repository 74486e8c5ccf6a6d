import { expect } from "chai";
import { utimesSync } from "node:fs";
import { join } from "node:path";
import { FakeMachine, until } from "../support/machine.ts";

describe("The deploy lock", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.fake("sleep", "exec /bin/sleep 0.05");
    // Runs until the file `end` exists, with a child process, like deploy.sh with its steps.
    machine.script(
      "work.sh",
      `echo $$ >'${machine.home}/pid'; log began; "$(dirname "$0")/step.sh"; log done; exit 7`,
    );
    machine.script(
      "step.sh",
      `for ((i = 0; i < 100; i++)); do [ ! -e '${machine.home}/end' ] || exit 0; sleep 0.05; log step; done; log overdue`,
    );
  });
  afterEach(async () => {
    // Processes that a test has left must end before their directory is removed.
    machine.write("end", "");
    await quiet();
    machine.remove();
  });

  const as = (owner: string) =>
    machine.start("deploy-lock.sh", ["work.sh"], { RELEASE_OWNER: owner, LEASE_LIMIT: "10" });
  const began = (times = 1) =>
    until(() => machine.log.split("began").length > times, `start ${times} of the work`);
  const killWork = () => process.kill(-Number(machine.read("pid")), "SIGKILL");
  const alive = (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  /** Waits until the log has not changed for 300 ms. */
  const quiet = async () => {
    let before = "";
    let since = Date.now();
    await until(() => {
      if (machine.log !== before) [before, since] = [machine.log, Date.now()];
      return Date.now() - since > 300;
    }, "the work's end");
  };
  const age = (seconds: number) => {
    const then = Date.now() / 1000 - seconds;
    utimesSync(join(machine.root, "lease"), then, then);
  };

  it("is held while the script runs, is then released, and returns the script's exit status", async () => {
    const release = as("ann@desk");
    await began();
    expect(machine.read("root/lease")).to.match(
      /^ann@desk \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ process \d+\n$/,
    );
    machine.write("end", "");
    expect((await release.ended).status).to.equal(7);
    expect(machine.exists("root/lease")).to.equal(false);
  });

  it("tells the script who holds it, with and without SSH", () => {
    machine.script("work.sh", `echo "$LEASE_OWNER $*"`);
    const who = (env: NodeJS.ProcessEnv) =>
      machine.run("deploy-lock.sh", ["work.sh", "a b"], "", env).stdout;
    expect(who({ RELEASE_OWNER: "ann@desk" })).to.equal("ann@desk a b\n");
    expect(who({ SSH_CLIENT: "198.18.0.9 5 22" })).to.match(/^\S+@198\.18\.0\.9 a b\n$/);
    expect(who({ SSH_CLIENT: undefined })).to.match(/^\S+@\S+ a b\n$/);
  });

  it("makes a second caller wait, names the holder once, and then passes to that caller", async () => {
    const first = as("ann@desk");
    await began();
    const second = as("bob@desk");
    await until(() => second.output() !== "", "a word of the second one");
    expect(second.output()).to.match(
      /^waiting for the deploy lock, held by ann@desk \S+Z process \d+, at most /,
    );
    expect(machine.log.match(/began/g)).to.have.length(1);
    machine.write("end", "");
    expect((await first.ended).status).to.equal(7);
    expect(await second.ended).to.deep.include({ status: 7 });
    expect(second.output().match(/waiting/g), "it says so once").to.have.length(1);
    expect(machine.log.match(/began/g)).to.have.length(2);
  });

  it("makes a caller fail when it is still held at the time limit", async () => {
    const first = as("ann@desk");
    await began();
    const { status, stderr } = machine.run("deploy-lock.sh", ["work.sh"], "", { LEASE_LIMIT: "0" });
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: the deploy lock is still held by ann@desk \S+ process \d+ after \d+ s/m,
    );
    expect(stderr).to.match(/^remedy: wait for that release to end/m);
    expect(machine.exists("root/lease"), "the holder's").to.equal(true);
    machine.write("end", "");
    await first.ended;
  });

  it("expires after its holder was killed", async () => {
    const first = as("ann@desk");
    await began();
    process.kill(-first.pid, "SIGKILL");
    killWork();
    await first.ended;
    expect(machine.exists("root/lease"), "nobody gave it back").to.equal(true);
    const second = as("bob@desk");
    await until(() => second.output() !== "", "a word of the second one");
    age(21);
    machine.write("end", "");
    expect((await second.ended).status).to.equal(7);
  });

  it("stays held while the work runs, even if its holder was killed", async () => {
    const first = as("ann@desk");
    await began();
    process.kill(first.pid, "SIGKILL");
    await until(() => !alive(first.pid), "the holder's death");
    age(21);
    const old = machine.log.length;
    await until(() => machine.log.length > old + 50, "the work's next steps");
    const second = machine.run("deploy-lock.sh", ["work.sh"], "", { LEASE_LIMIT: "0" });
    expect(second.stderr).to.include("is still held by ann@desk");
  });

  it("ends the work and its running step when it is lost, and stays with the new holder", async () => {
    const first = as("ann@desk");
    await began();
    // As after the app server was suspended for longer than the lock lasts.
    machine.write("root/lease", "bob@desk\n");
    const { status, output } = await first.ended;
    expect(status).to.equal(143);
    expect(output).to.include("error: the deploy lock was lost to bob@desk");
    await quiet();
    expect(machine.log, "the step has gone on").to.not.match(/done|overdue/);
    expect(machine.read("root/lease")).to.equal("bob@desk\n");
  });

  it("stays held after SIGTERM while a step undoes what it has done", async () => {
    machine.script(
      "step.sh",
      `trap 'log undoes; until [ -e "${machine.home}/end" ]; do /bin/sleep 0.05; done; log undone; exit 1' TERM
      for ((i = 0; i < 100; i++)); do /bin/sleep 0.05; done`,
    );
    const first = as("ann@desk");
    await began();
    await new Promise((resolve) => setTimeout(resolve, 300)); // until the step has its trap
    process.kill(first.pid, "SIGTERM");
    await until(() => machine.log.includes("undoes"), "the step's undoing");
    await until(() => !alive(Number(machine.read("pid"))), "the end of the work");
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(machine.exists("root/lease")).to.equal(true);
    machine.write("end", "");
    expect((await first.ended).status).to.equal(143);
    expect(machine.log).to.match(/undone\n$/);
    expect(machine.exists("root/lease")).to.equal(false);
  });

  it("is released when its holder gets SIGTERM, which also ends the work", async () => {
    const first = as("ann@desk");
    await began();
    process.kill(first.pid, "SIGTERM");
    expect((await first.ended).status).to.equal(143);
    expect(machine.exists("root/lease")).to.equal(false);
    await quiet();
    expect(machine.log, "the step has gone on").to.not.match(/done|overdue/);
  });
});
