import { expect } from "chai";
import { readFileSync } from "node:fs";
import { FakeMachine, until } from "../support/machine.ts";

describe("A detached run", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.fake("docker", `[ ! -e '${machine.home}/stopped' ]`);
    // Runs until the file `end` exists; the log counts how often it was started.
    machine.script(
      "work.sh",
      `log "began $1"; echo "pid $$"; echo "working on $1" >&2
      for ((i = 0; i < 200; i++)); do [ ! -e '${machine.home}/end' ] || { echo "done $1"; exit "\${2:-0}"; }; sleep 0.05; done`,
    );
  });
  afterEach(() => {
    machine.write("end", "");
    // This run gets the lock only when all others have ended.
    const { status } = machine.run("run-detached.sh", ["job", "work.sh", "last"]);
    expect(status, "a run after the test's").to.equal(0);
    machine.remove();
  });

  const follow = (...args: string[]) =>
    machine.start("run-detached.sh", ["job", "work.sh", ...args]);
  const says = (run: { output(): string }, word: string) =>
    until(() => run.output().includes(word), word);
  const starts = () => machine.log.match(/began/g)?.length ?? 0;
  const kill = (pid: number) => process.kill(-pid, "SIGKILL");

  it("prints the script's output as it appears, and ends with the script's exit status", async () => {
    const run = follow("a b", "3");
    await says(run, "working on a b");
    expect(run.output()).to.not.include("done");
    machine.write("end", "");
    const { status, output } = await run.ended;
    expect(status).to.equal(3);
    expect(output).to.match(/^pid \d+\nworking on a b\ndone a b\n$/);
  });

  it("says that Docker has ended, as on a machine that restarts, when the script fails without it", async () => {
    machine.write("end", "");
    machine.write("stopped", "");
    const { status, output } = await follow("a", "3").ended;
    expect(status).to.equal(1);
    expect(output).to.match(/done a\nerror: Docker does not run on \S+: the machine restarts, or/);
    expect(output).to.match(/\nremedy: wait a minute, then run pulumi up again\./);
    expect((await follow("b").ended).status, "a script that succeeds").to.equal(0);
  });

  it("survives the session that started it, and the next session follows it", async () => {
    const first = follow("a");
    await says(first, "working on a");
    kill(first.pid);
    await first.ended;
    const second = follow("a");
    await says(second, "working on a");
    machine.write("end", "");
    const { status, output } = await second.ended;
    expect(status).to.equal(0);
    expect(output).to.match(
      /^followed: a run that began at \d\d:\d\d:\d\d UTC .*\npid \d+\nworking on a\ndone a\n$/,
    );
    expect(starts()).to.equal(1);
  });

  it("starts anew when the previous run has ended, without the output of that run", async () => {
    machine.write("end", "");
    expect((await follow("a", "3").ended).status).to.equal(3);
    const { status, output } = await follow("a").ended;
    expect(status).to.equal(0);
    expect(output.match(/done a/g)).to.have.length(1);
    expect(starts()).to.equal(2);
  });

  it("names another command to run again, where not `up` has started it", async () => {
    machine.write("end", "");
    machine.write("stopped", "");
    const env = { AGAIN: "./ops patch" };
    const { output } = await machine.start("run-detached.sh", ["job", "work.sh", "a", "3"], env)
      .ended;
    expect(output).to.match(/\nremedy: wait a minute, then run \.\/ops patch again\./);
  });

  it("waits for a run of the same name with other arguments", async () => {
    machine.fake("flock", `log "flock $*"; command -p flock "$@"`);
    const first = follow("a");
    await says(first, "working on a");
    const second = follow("b");
    await until(() => machine.log.includes("flock --wait"), "the second one at the lock");
    expect(starts()).to.equal(1);
    machine.write("end", "");
    expect(await first.ended).to.deep.include({ status: 0 });
    expect(first.output()).to.match(/^pid \d+\nworking on a\ndone a\n$/);
    expect((await second.ended).output)
      .to.include("done b")
      .and.not.include("done a");
    expect(starts()).to.equal(2);
  });

  it("prints a command that ends a hanging run of the same name", async () => {
    // The wait of ten minutes times out at once.
    machine.fake("flock", `if [ "$1" = --wait ]; then exit 1; fi; command -p flock "$@"`);
    const first = follow("a");
    await says(first, "working on a");
    const { status, output } = await follow("b").ended;
    expect(status).to.equal(1);
    const [, log, group] =
      /^remedy: wait,.* \.\/ops ssh tail (\S+);\n.*: \.\/ops ssh -- kill -- -(\d+)$/m.exec(
        output,
      ) ?? [];
    expect(readFileSync(log!, "utf8")).to.include("working on a");
    process.kill(-Number(group));
    expect((await first.ended).status).to.equal(1);
    machine.write("end", "");
    expect(await follow("b").ended).to.deep.include({ status: 0 });
  });

  it("is not followed by a call with other settings", async () => {
    machine.write("root/app.env", "DB_PASS=one\n");
    machine.fake("flock", `log "flock $*"; command -p flock "$@"`);
    const first = follow("a");
    await says(first, "working on a");
    machine.write("root/app.env", "DB_PASS=two\n");
    const second = follow("a");
    await until(() => machine.log.includes("flock --wait"), "the second one at the lock");
    machine.write("end", "");
    expect(await first.ended).to.deep.include({ status: 0 });
    expect((await second.ended).output).to.match(/^pid \d+\nworking on a\ndone a\n$/);
    expect(starts()).to.equal(2);
    expect(machine.read("root/runs/job.call")).to.not.include("two");
  });

  it("ends with its script, even if a background process of the script still runs", () => {
    machine.script("leave.sh", "log began; sleep 9 </dev/null >/dev/null 2>&1 &");
    for (const run of ["first", "second"]) {
      expect(machine.run("run-detached.sh", ["job", "leave.sh"]).status, run).to.equal(0);
    }
    expect(starts()).to.equal(2);
  });

  it("does not wait for runs of other names", async () => {
    const first = follow("a");
    await says(first, "working on a");
    const other = machine.start("run-detached.sh", ["other", "work.sh", "b"]);
    await says(other, "working on b");
    machine.write("end", "");
    await Promise.all([first.ended, other.ended]);
  });

  it("reports that it was killed, and how to start it again", async () => {
    const run = follow("a");
    await says(run, "pid");
    kill(Number(machine.read("root/runs/job.pid")));
    const { status, output } = await run.ended;
    expect(status).to.equal(1);
    expect(output).to.match(/^error: the run was ended from outside, or by a restart of /m);
    expect(output).to.match(/^remedy: run pulumi up again/m);
  });

  it("reports that it continues while the script prints nothing", async () => {
    machine.fake("sleep", `if [ "$1" = 30 ]; then set -- 0.05; fi; exec /bin/sleep "$1"`);
    machine.fake("find", ":");
    const run = follow("a");
    await says(run, "… job goes on, ");
    machine.write("end", "");
    expect((await run.ended).status).to.equal(0);
  });
});

describe("The output of a detached run", () => {
  it("contains no secret of the app, neither encoded as in the settings nor decoded", () => {
    const machine = new FakeMachine();
    try {
      const password = String.raw`p@ss*[a-z] \%&'"$x`;
      const encoded = encodeURIComponent(password).replaceAll("'", "%27").replaceAll("*", "%2A");
      machine.write("root/app.env", `SECRET_KEY=s3cr=t\nDB_USERNAME=app_a\nDB_PASS=${encoded}\n`);
      machine.write(
        "lines",
        `a ${password} b ${password}\nmysql://app_a:${encoded}@db\n\n  s3cr=t\\n\nlast ${password}`,
      );
      machine.script("work.sh", `cat '${machine.home}/lines'`);
      const { status, stdout } = machine.run("run-detached.sh", ["job", "work.sh"]);
      expect(status).to.equal(0);
      expect(stdout).to.equal(
        "a [secret] b [secret]\nmysql://app_a:[secret]@db\n\n  [secret]\\n\nlast [secret]\n",
      );
    } finally {
      machine.remove();
    }
  });

  it("is unchanged when there are no secrets, or only empty ones", () => {
    const machine = new FakeMachine();
    try {
      machine.script("work.sh", "echo 'a  b'");
      for (const settings of [undefined, "DB_PASS=\nSECRET_KEY=\n"]) {
        if (settings !== undefined) machine.write("root/app.env", settings);
        expect(machine.run("run-detached.sh", ["job", "work.sh"]).stdout).to.equal("a  b\n");
      }
    } finally {
      machine.remove();
    }
  });
});
