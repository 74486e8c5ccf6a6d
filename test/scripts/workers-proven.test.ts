import { expect } from "chai";
import { TasksMachine } from "../support/tasks-machine.ts";

describe("The processes of the app server, where tasks run them,", () => {
  let machine: TasksMachine;
  beforeEach(() => {
    machine = new TasksMachine();
    machine.tasks({ TASKS_WORKERS: "worker" });
    // Those of blue are there after its start, and those of green before.
    machine.fake(
      "docker",
      `log "docker $*"; case "$*" in
      "ps --all --quiet --filter label=flask-on-aws.colour="*) echo "\${*: -1}" | sed 's/.*=/of-/' ;;
      "inspect --format "*) echo worker running 0 ;;
      esac`,
    );
    machine.fake("docker-compose", `log "compose \${*: -1}"`);
  });
  afterEach(() => machine.remove());
  const start = () => machine.run("processes.sh", ["start", "blue", "worker python w.py"]);
  const stopped = () => machine.log.match(/^docker stop .*$/gm) ?? [];

  it("go on until tasks have taken over", () => {
    expect(start().status).to.equal(0);
    expect(stopped()).to.deep.equal([]);
    expect(machine.run("processes.sh", ["hand-over"]).status).to.equal(0);
    expect(stopped()).to.deep.equal(["docker stop of-blue", "docker stop of-green"]);
  });

  it("end from then on when they have proven themselves", () => {
    machine.run("processes.sh", ["hand-over"]);
    machine.write("log", "");
    expect(start().status).to.equal(0);
    expect(machine.log).to.match(
      /^compose blue-worker\n[^]*^docker inspect [^]*^docker stop of-blue$/m,
    );
  });

  it("start, and stay also afterwards, when appWorkerTasks is 0 again", () => {
    machine.run("processes.sh", ["hand-over"]);
    machine.write("log", "");
    machine.tasks({ TASKS_WORKERS: "" });
    start();
    machine.tasks({ TASKS_WORKERS: "worker" });
    start();
    expect(stopped()).to.deep.equal([]);
  });

  for (const [processes, what] of [
    ["", "none"],
    ["worker a\nbeat b", "worker,beat"],
  ] as const)
    it(`are refused before a release if there are not one, but ${what}, and accepted by the remedy`, () => {
      machine.script("memory.sh", "log memory");
      machine.fake("df", "echo; echo 9999");
      const { status, stderr } = machine.run("preflight.sh", [processes]);
      expect(status).to.equal(1);
      expect(stderr).to.equal(
        `error: appWorkerTasks needs a Procfile with one process beside web and release, and this one has ${what}\n` +
          "remedy: have the app server run what there is: pulumi config set appWorkerTasks 0 && pulumi up\n" +
          "        or release a commit with such a Procfile: pulumi config set appCommit HASH && pulumi up\n",
      );
      expect(machine.log).to.not.match(/^memory/m);
      machine.tasks({ TASKS_WORKERS: "" });
      expect(machine.run("processes.sh", ["check", "", processes]).status).to.equal(0);
    });
});
