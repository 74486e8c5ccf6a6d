/** What ./ops status and ./ops logs tell of tasks. */
import { expect } from "chai";
import { until } from "../support/machine.ts";
import { definition, deployment, service, TasksMachine } from "../support/tasks-machine.ts";

const [one, two] = ["arn:definition:1", "arn:definition:2"];
const task = (id: string, changed: object = {}) => ({
  ...{ taskArn: `arn:task/stack/${id}`, desiredStatus: "RUNNING", lastStatus: "RUNNING" },
  ...{ taskDefinitionArn: one, availabilityZone: "us-west-2a", containers: [{ name: "app" }] },
  attachments: [{ details: [{ name: "privateIPv4Address", value: `10.0.0.${id}` }] }],
  ...changed,
});
const target = (id: string, State: string, Description?: string) => ({
  Target: { Id: `10.0.0.${id}`, Port: 5005 },
  TargetHealth: { State, ...(Description && { Description }) },
});

describe("The status of the tasks", () => {
  let machine: TasksMachine;
  beforeEach(() => {
    machine = new TasksMachine();
    machine.aws({ definitions: { [one]: definition(one, "c1"), [two]: definition(two, "c2") } });
  });
  afterEach(() => machine.remove());
  const status = () => {
    const { status, stdout, stderr } = machine.run("task-status.sh");
    expect(status, stderr).to.equal(0);
    return JSON.parse(stdout) as Record<string, unknown>;
  };

  it("counts those wanted, running and healthy, by version and zone", () => {
    machine.aws({
      services: [service([deployment("a", one)])],
      tasks: [task("1"), task("2"), task("3", { availabilityZone: "us-west-2b" })],
      targets: ["1", "2", "3"].map((id) => target(id, "healthy")),
    });
    const group = { commit: "c1", zone: "us-west-2a", running: 2, healthy: 2 };
    expect(status()).to.deep.equal({
      ...{ wanted: 3, running: 3, healthy: 3, problems: [] },
      groups: [group, { ...group, zone: "us-west-2b", running: 1, healthy: 1 }],
    });
  });

  it("says why any is not healthy, and why the last one has stopped", () => {
    const failed = { rolloutState: "FAILED", rolloutStateReason: "tasks failed to start" } as const;
    machine.aws({
      services: [service([deployment("a", two, failed)])],
      tasks: [
        task("1"),
        task("2", { taskDefinitionArn: two }),
        task("3", { taskDefinitionArn: two, lastStatus: "PENDING", attachments: [] }),
        task("4", {
          desiredStatus: "STOPPED",
          stoppedReason: "Out of memory",
          stoppedAt: "2026-01",
        }),
      ],
      targets: [target("1", "healthy"), target("2", "unhealthy", "Health checks failed")],
    });
    expect(status()).to.deep.equal({
      ...{ wanted: 3, running: 2, healthy: 1 },
      groups: [
        { commit: "c1", zone: "us-west-2a", running: 1, healthy: 1 },
        { commit: "c2", zone: "us-west-2a", running: 1, healthy: 0 },
      ],
      problems: [
        "task 2 is unhealthy: Health checks failed",
        "task 3 is PENDING",
        "the deployment is FAILED: tasks failed to start",
        "the last task that stopped: Out of memory",
      ],
    });
  });

  it("is told to ./ops releases by its commits, beside the app server's image", () => {
    machine.write("root/proxy/active", "green\n");
    machine.fake("docker-compose", `case "$*" in *"ps --quiet green") echo container ;; esac`);
    machine.fake("docker", `case "$*" in *.Config.Image*) echo app:1 ;; *) exit 9 ;; esac`);
    machine.aws({
      services: [service([deployment("a", one)])],
      tasks: [task("1"), task("2", { taskDefinitionArn: two }), task("3")],
    });
    const { stdout } = machine.run("who-serves.sh");
    expect(stdout).to.equal("serves\tapp server\tapp:1\nserves\ttasks\tc1\nserves\ttasks\tc2\n");
    machine.aws({ refused: { "ecs describe-services": "AccessDenied" } });
    const refused = machine.run("who-serves.sh");
    expect(refused.stdout).to.equal("serves\tapp server\tapp:1\nserves\ttasks\t?\n");
    expect(refused.stderr).to.include("AccessDenied");
    const starts = task("2", { taskDefinitionArn: two, lastStatus: "PENDING" });
    machine.aws({ refused: {}, tasks: [task("1"), starts] });
    expect(machine.run("who-serves.sh").stdout).to.not.include("c2");
    machine.stack({ TASKS_CLUSTER: "" });
    expect(machine.run("who-serves.sh").stdout).to.equal("");
  });

  it("says that there is no service", () => {
    expect(status())
      .to.include({ wanted: 0 })
      .and.deep.include({
        problems: ["there is no service"],
      });
  });

  it("is a part of the app server's status, null if it cannot be found out", () => {
    for (const command of ["mysql", "docker", "docker-compose", "curl"])
      machine.fake(command, "exit 1");
    for (const script of ["certificate.sh", "updates-status.sh"]) machine.script(script, "exit 1");
    const tasks = () =>
      (JSON.parse(machine.run("status.sh").stdout) as Record<string, unknown>)["tasks"];
    expect(tasks()).to.deep.include({ problems: ["there is no service"] });
    machine.aws({ refused: { "ecs describe-services": "AccessDenied" } });
    expect(tasks()).to.equal(null);
  });
});

describe("The logs of the tasks", () => {
  let machine: TasksMachine;
  const at = (time: string) => Date.parse(`2026-01-02T${time}Z`);
  beforeEach(() => {
    machine = new TasksMachine();
    machine.write("root/release.env", "");
    machine.write("root/app.env", "DB_PASS=open-sesame\n");
    machine.fake(
      "docker-compose",
      `case "$*" in *--follow*) exec /bin/sleep 60 ;; esac; echo 'green-1 | 2026-01-02T03:00:02.5Z of the app server'`,
    );
    machine.aws({
      tasks: [task("0a1b2c3d4e"), task("9f", { desiredStatus: "STOPPED" })],
      logs: {
        "app/app/0a1b2c3d4e": [
          { timestamp: at("03:00:01"), message: "password open-sesame" },
          { timestamp: at("03:00:04"), message: '"GET /" 302 "ELB-HealthChecker/2.0"' },
        ],
        "app/app/9f": [{ timestamp: at("03:00:03"), message: "Traceback\n" }],
      },
    });
  });
  afterEach(() => machine.remove());
  const merged = [
    "2026-01-02T03:00:01Z task-0a1b2c3d password [secret]",
    "2026-01-02T03:00:02Z green of the app server",
    "2026-01-02T03:00:03Z task-9f Traceback",
  ];

  it("are merged with those of the app server, without secrets and health checks", () => {
    const { status, stdout, stderr } = machine.run("logs.sh");
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    expect(stdout.split("\n")).to.deep.equal([...merged, ""]);
    expect(machine.run("logs.sh", ["--all"]).stdout).to.include("ELB-HealthChecker");
  });

  it("are read from a time on", () => {
    const { stdout } = machine.run("logs.sh", ["--since", "2026-01-02T03:00:00"]);
    expect(stdout.split("\n")).to.deep.equal([...merged, ""]);
    expect(machine.log).to.include(` --start-time ${at("03:00:00")} `);
    const before = Date.now() - 90 * 60_000;
    machine.run("logs.sh", ["--since", "1h30m"]);
    const [, start] = /--start-time (\d+) --output json\n$/.exec(machine.log)!;
    expect(Number(start)).to.be.within(before, before + 60_000);
  });

  it("do not stand in the way of the app server's when they cannot be read", () => {
    machine.aws({ refused: { "ecs list-tasks": "AccessDenied" } });
    const { status, stdout, stderr } = machine.run("logs.sh");
    expect({ status, stdout }).to.deep.equal({ status: 0, stdout: `${merged[1]}\n` });
    expect(stderr).to.include("AccessDenied");
  });

  it("are followed, each line once", async () => {
    machine.aws({ logs: {} });
    const running = machine.start("logs.sh", ["--follow"]);
    await until(() => machine.log.includes("filter-log-events"), "the first look");
    const event = { timestamp: Date.now(), message: "new", eventId: "e1" };
    machine.aws({ logs: { "app/app/9f": [event] } });
    await until(() => running.output().includes("task-9f new\n"), "the new line");
    const looks = () => machine.log.match(/filter-log-events/g)!.length;
    const first = looks();
    await until(() => looks() > first + 1, "two more looks");
    expect(running.output().match(/task-9f new/g)).to.have.length(1);
    process.kill(-running.pid);
    await running.ended;
  });
});
