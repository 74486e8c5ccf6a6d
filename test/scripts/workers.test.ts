/** The service on ECS that runs the process of the app's Procfile, as the app server's scripts treat it. */
import { expect } from "chai";
import { prepareRollback } from "../support/rollback-machine.ts";
import { definition, deployment, service, TasksMachine } from "../support/tasks-machine.ts";

type Definition = Record<string, unknown> & { containerDefinitions: [Record<string, unknown>] };
const process = (name: string, line: string) => ({
  ...{ name, entryPoint: ["sh", "-c"], command: [line], environment: [] },
});
/** The definition of a commit's workers. */
const ofWorkers = (arn: string, commit: string, environment = 1) => {
  const made = definition(arn, commit, environment) as Definition;
  const container = {
    ...made.containerDefinitions[0],
    ...process("mailer", "exec python mail.py"),
  };
  return { ...made, family: "stack-workers", containerDefinitions: [container] };
};
const workers = (...deployments: ReturnType<typeof deployment>[]) =>
  service(deployments, { serviceName: "worker", loadBalancers: [] });
const task = (id: string, of: string, changed: object = {}) => ({
  ...{ taskArn: `arn:task/stack/${id}`, desiredStatus: "RUNNING", lastStatus: "RUNNING" },
  ...{ taskDefinitionArn: of, availabilityZone: "us-west-2a", attachments: [] },
  ...{ group: "service:worker", containers: [{ name: "mailer" }] },
  ...changed,
});
const workersMachine = () => {
  const machine = new TasksMachine();
  machine.tasks({ TASKS_WORKERS: "worker" });
  return machine;
};

describe("The service of the workers", function () {
  this.timeout(60_000); // each starts many programs
  let machine: TasksMachine;
  const [web, old, wanted] = ["arn:web", "arn:workers:1", "arn:workers:2"];
  const begun = deployment("new", wanted, { rolloutState: "IN_PROGRESS", runningCount: 1 });
  const done = workers(deployment("new", wanted));

  beforeEach(() => {
    machine = workersMachine();
    machine.write("root/proxy/active", "green\n");
    machine.write("root/app.env", "DB_PASS=open-sesame\n");
    machine.fake("docker-compose", `[ "\${*: -3}" = "ps --quiet green" ] && echo serving`);
    machine.fake(
      "docker",
      `case "$*" in *revision*" serving") echo c2 ;; *.Config.Image*) echo app:2 ;; esac`,
    );
    machine.fake("sleep", "log sleep");
    const of = (number: number) => [`/stack/app/${number}/KEY`, "a"] as const;
    machine.aws({
      definitions: {
        [web]: definition(web, "c1", 2),
        [old]: ofWorkers(old, "c1", 2),
        [wanted]: ofWorkers(wanted, "c2", 3),
      },
      services: [service([deployment("web", web)])],
      workers: [workers(deployment("old", old))],
      workersAfterUpdate: [workers(begun), done],
      parameters: Object.fromEntries([1, 2, 3].map(of)),
    });
  });
  afterEach(() => machine.remove());
  const serve = () => machine.run("serve-tasks.sh", ["stack", "worker", wanted, "900", "3", "3"]);

  it("is awaited until all its tasks run for 10 seconds", () => {
    const { status, stdout, stderr } = serve();
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    expect(stdout.replaceAll(/, \d+ s$/gm, "")).to.equal(
      "1 of 3 tasks run\n3 of 3 tasks run workers of commit c2\n",
    );
    expect(machine.log.match(/^sleep$/gm), "5 s each").to.have.length(4);
    expect(machine.exists("root/task-count"), "that of the web tasks").to.equal(false);
  });

  it("waits for 10 seconds again when a task has ended meanwhile", () => {
    machine.aws({ workersAfterUpdate: [done, done, workers(begun), done] });
    expect(serve().status).to.equal(0);
    expect(machine.log.match(/^sleep$/gm)).to.have.length(6);
  });

  it("keeps the variables with which the web tasks still run", () => {
    expect(serve().status).to.equal(0);
    expect(Object.keys(machine.state.parameters)).to.deep.equal([
      "/stack/app/2/KEY",
      "/stack/app/3/KEY",
    ]);
  });

  it("keeps all variables when ECS does not tell which ones it uses", () => {
    machine.script("rollback-tasks.sh", "exit 1");
    expect(serve().status).to.equal(0);
    expect(Object.keys(machine.state.parameters)).to.have.length(3);
  });

  it("fails with the last lines of the process when ECS has rolled it back", () => {
    const stoppedReason = "Essential container in task exited";
    machine.aws({
      workersAfterUpdate: [workers(begun), workers(deployment("back", old))],
      tasks: [
        task("t1", wanted, {
          desiredStatus: "STOPPED",
          stoppedReason,
          containers: [{ exitCode: 3 }],
        }),
      ],
      logs: { "worker/mailer/t1": [{ timestamp: 1, message: "KeyError: open-sesame" }] },
    });
    const { status, stderr } = serve();
    expect(status).to.equal(1);
    expect(stderr).to.match(/^error: ECS does not run workers of commit c2: another deployment/);
    expect(stderr).to.include("\n       3 of 3 workers run commit c1.\n");
    expect(stderr).to.match(
      /stopped task t1 Ess.*; exit status 3\n {2}\| log: KeyError: \[secret\]\n$/,
    );
  });

  describe("that serves", () => {
    beforeEach(() =>
      machine.aws({
        workers: [done],
        tasks: [1, 2, 3].map((id) => task(`${id}a1b2c3d4e`, wanted)),
        logs: { "worker/mailer/1a1b2c3d4e": [{ timestamp: 1, message: "sent open-sesame" }] },
      }),
    );

    it("is in the status: a worker is healthy as long as it runs", () => {
      const told = JSON.parse(machine.run("task-status.sh").stdout) as Record<string, unknown>;
      expect(told["workers"]).to.deep.equal({
        ...{ wanted: 3, running: 3, healthy: 3, problems: [] },
        groups: [{ commit: "c2", zone: "us-west-2a", running: 3, healthy: 3 }],
      });
      expect(machine.run("who-serves.sh").stdout).to.equal(
        "serves\tapp server\tapp:2\nserves\tworkers\tc2\n",
      );
    });

    it("has lines in the log with the names of process and task", () => {
      machine.write("root/release.env", "");
      machine.fake("docker-compose", ":");
      for (const options of [[], ["--since", "1970-01-01T00:00:00"]])
        expect(machine.run("logs.sh", options).stdout).to.equal(
          "1970-01-01T00:00:00Z mailer-1a1b2c3d sent [secret]\n",
        );
    });

    it("is a part of the acceptance check of the tasks", () => {
      const ofWeb = { group: "service:app", containers: [{ name: "app" }], taskDefinitionArn: web };
      const address = (id: string) => [
        { details: [{ name: "privateIPv4Address", value: `10.0.0.${id}` }] },
      ];
      machine.write("root/app.env", "KEY=a\n");
      machine.aws({
        parameters: { "/stack/app/3/KEY": "a" },
        definitions: {
          ...machine.state.definitions,
          [web]: definition(web, "c2", 3),
        },
        tasks: [
          ...["1", "2", "3"].map((id) => ({
            ...task(id, web, ofWeb),
            ...{ availabilityZone: `us-west-2${id === "1" ? "a" : "b"}`, attachments: address(id) },
          })),
          ...["4", "5", "6"].map((id) => task(id, wanted)),
        ],
        targets: ["1", "2", "3"].map((id) => ({
          Target: { Id: `10.0.0.${id}` },
          TargetHealth: { State: "healthy" },
        })),
      });
      const { stderr } = machine.run("check-tasks.sh");
      expect(stderr).to.match(
        /^error: all 3 workers are in us-west-2a: .*\nremedy: .* --service worker /,
      );
      machine.aws({ workers: [null] });
      expect(machine.run("check-tasks.sh").stderr).to.include("error: the service worker of the");
    });
  });
});

describe("A rollback with workers on tasks", function () {
  this.timeout(60_000);
  let machine: TasksMachine;
  const [web, worker] = ["arn:web", "arn:workers"];
  const after = (copy: string) => [service([deployment("b", copy)])];

  beforeEach(() => {
    machine = workersMachine();
    machine.script("backups.sh", "exit 0");
    prepareRollback(machine);
    machine.script(
      "push.sh",
      `printf '{"image": "repository@sha256:%s", "commit": "commit-of-%s", "environment": 4, "variables": ["KEY"], "processes": [%s]}\\n' \\
        "$1" "$1" '${JSON.stringify(process("sender", "exec python send.py"))}'`,
    );
    machine.write("root/release.env", "ROOT=/x\n");
    machine.write("serves", "app:2\n");
    for (const number of [1, 2]) {
      const fields = [`00000${number}`, "t", `commit-of-app:${number}`, `app:${number}`, "id"];
      const line = [...fields, "a1", "-", "ann", "cut-over=1.0"].join("\t");
      machine.write(`root/ledger/00000${number}`, `${line}\n`);
    }
    machine.aws({
      definitions: {
        [web]: definition(web, "commit-of-app:2", 3),
        [worker]: ofWorkers(worker, "commit-of-app:2", 3),
      },
      services: [service([deployment("a", web)])],
      updated: after("arn:definition:3")[0]!,
      afterUpdate: after("arn:definition:3"),
      workers: [workers(deployment("a", worker))],
      workersAfterUpdate: [workers(deployment("b", "arn:definition:4"))],
    });
    machine.run("serving.sh", ["record", "app:2", "release"]);
  });
  afterEach(() => machine.remove());
  const updated = () =>
    [
      ...machine.log.matchAll(
        /^aws ecs update-service .*--service (\S+) --task-definition (\S+)/gm,
      ),
    ].map(([, name, of]) => `${name} ${of}`);

  it("takes the web tasks back first, and then the workers to the process of the older version", () => {
    // The fake answers an update of the workers with their first answer.
    machine.aws({ workers: [workers(deployment("b", worker))] });
    const { status, stderr } = machine.run("rollback.sh");
    expect(status, stderr).to.equal(0);
    expect(updated()).to.deep.equal(["app arn:definition:3", "worker arn:definition:4"]);
    const copy = machine.state.definitions["arn:definition:4"] as Definition;
    expect(copy["family"]).to.equal("stack-workers");
    expect(copy.containerDefinitions[0]).to.deep.include({
      ...process("sender", "exec python send.py"),
      image: "repository@sha256:app:1",
    });
  });

  it("returns both when ECS does not run the older workers, the workers first", () => {
    machine.aws({
      workersAfterUpdate: [workers(deployment("c", worker))],
      afterUpdate: [...after("arn:definition:3")],
    });
    machine.script(
      "serve-tasks.sh",
      `log "serve $2 $3"; [ "$2 $3" != "worker arn:definition:4" ] || exit 1`,
    );
    const { status, stderr } = machine.run("rollback.sh");
    expect(status).to.equal(1);
    expect(stderr).to.include("error: the rollback has failed, and nothing has changed");
    expect(machine.log.match(/^serve .*$/gm)).to.deep.equal([
      "serve app arn:definition:3",
      "serve worker arn:definition:4",
      `serve worker ${worker}`,
      `serve app ${web}`,
    ]);
  });

  it("that is undone takes the workers first", () => {
    machine.script("serve-tasks.sh", `log "serve $2 $3"`);
    expect(machine.run("rollback.sh").status).to.equal(0);
    machine.write("log", "");
    expect(machine.run("rollback.sh", ["--undo"]).status).to.equal(0);
    expect(machine.log.match(/^serve \S+/gm)).to.deep.equal(["serve worker", "serve app"]);
  });
});
