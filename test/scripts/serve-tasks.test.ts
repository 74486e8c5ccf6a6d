import { expect } from "chai";
import { definition, deployment, service, TasksMachine } from "../support/tasks-machine.ts";

describe("The service of the tasks", () => {
  let machine: TasksMachine;
  const [old, wanted] = ["arn:definition:1", "arn:definition:2"];
  const rolling = (running: number, changed = {}) =>
    deployment("new", wanted, { rolloutState: "IN_PROGRESS", runningCount: running, ...changed });
  const leaving = (running: number) =>
    deployment("old", old, { status: "ACTIVE", runningCount: running });
  const before = service([deployment("old", old)]);
  const done = service([deployment("new", wanted)]);

  beforeEach(() => {
    machine = new TasksMachine();
    machine.write("root/proxy/active", "green\n");
    machine.write("root/app.env", "DB_PASS=open-sesame\n");
    machine.fake("docker-compose", `[ "\${*: -3}" = "ps --quiet green" ] && echo serving`);
    machine.fake("docker", `[[ "$*" == *revision*" serving" ]] && echo c2`);
    machine.aws({
      definitions: { [old]: definition(old, "c1", 1), [wanted]: definition(wanted, "c2", 2) },
      parameters: { "/stack/app/1/KEY": "a", "/stack/app/2/KEY": "b" },
      updated: service([rolling(0), leaving(3)]),
    });
  });
  afterEach(() => machine.remove());

  const serve = (limit = 900, env: NodeJS.ProcessEnv = {}) =>
    machine.run("serve-tasks.sh", ["stack", "app", wanted, String(limit)], "", env);
  const updates = () => machine.log.match(/^aws ecs update-service.*$/gm) ?? [];
  /** Runs it with these answers, which make it fail; returns what it prints. */
  const fails = (services: (object | null)[], limit?: number) => {
    machine.aws({ services });
    const { status, stderr } = serve(limit);
    expect(status, stderr).to.equal(1);
    return stderr;
  };
  /** Runs it with these answers, which make it succeed. */
  const succeeds = (services: object[]) => {
    machine.aws({ services });
    const { status, stdout, stderr } = serve();
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    return stdout;
  };

  it("is updated, and awaited until all its tasks run the definition and no other one does", () => {
    const stdout = succeeds([
      before,
      service([rolling(1), leaving(3)]),
      service([rolling(3), leaving(1)]),
      // ECS calls it complete while a task of the version before still ends.
      service([deployment("new", wanted), leaving(0)]),
      done,
    ]);
    expect(stdout.replaceAll(/, \d+ s$/gm, "")).to.equal(
      "1 of 3 tasks run, 3 of the version before\n3 of 3 tasks run, 1 of the version before\n" +
        "3 of 3 tasks run\n3 of 3 tasks run commit c2: https://app.example.com\n",
    );
    expect(updates()).to.deep.equal([
      `aws ecs update-service --cluster stack --service app --task-definition ${wanted} --output json`,
    ]);
  });

  it("is not updated when it runs the definition already, but awaited", () => {
    succeeds([service([rolling(2)]), service([rolling(3)]), done]);
    expect(updates()).to.deep.equal([]);
  });

  it("is awaited until it has the number of tasks that it was given since", () => {
    const three = service([deployment("new", wanted)], { desiredCount: 4 });
    const four = deployment("new", wanted, { desiredCount: 4, runningCount: 4 });
    expect(succeeds([three, three, service([four], { desiredCount: 4 })])).to.match(
      /^4 of 4 tasks/m,
    );
  });

  it("keeps the variables that it uses, and removes older ones", () => {
    machine.aws({ parameters: { ...machine.state.parameters, "/stack/app/3/KEY": "c" } });
    succeeds([done]);
    expect(Object.keys(machine.state.parameters)).to.deep.equal([
      "/stack/app/2/KEY",
      "/stack/app/3/KEY",
    ]);
  });

  describe("that ECS has rolled back", () => {
    const failed = { ...rolling(0), status: "ACTIVE", rolloutState: "FAILED" } as const;
    const reason = "ECS deployment circuit breaker: tasks failed to start.";
    const rolledBack = service(
      [deployment("back", old), { ...failed, rolloutStateReason: reason }],
      {
        events: [
          { createdAt: "2026-01-02T03:05:00Z", message: "(service app) rolling back" },
          { createdAt: "2026-01-02T03:04:00Z", message: "(service app) has started 1 tasks" },
        ],
      },
    );

    it("fails with the events, why tasks have stopped, the last lines of the log, and what serves", () => {
      const task = { desiredStatus: "STOPPED", taskDefinitionArn: wanted };
      machine.aws({
        tasks: [
          {
            ...{ ...task, taskArn: "arn:task/stack/t1", stoppedAt: "2026-01-02T03:04:10Z" },
            stoppedReason: "Essential container in task exited",
            containers: [{ exitCode: 3 }],
          },
          {
            ...{ ...task, taskArn: "arn:task/stack/t2", stoppedAt: "2026-01-02T03:04:30Z" },
            stoppedReason: "Task failed to start",
            containers: [{ reason: "CannotPullContainerError: no" }],
          },
          { ...task, taskArn: "arn:task/stack/t0", taskDefinitionArn: old },
        ],
        logs: { "app/app/t2": [{ timestamp: 1, message: "KeyError: open-sesame" }] },
      });
      const said = fails([before, rolledBack]);
      expect(said).to.equal(
        `error: ECS does not serve commit c2: ${reason}\n` +
          "       On the app server commit c2 serves.\n       3 of 3 tasks run commit c1.\n" +
          "remedy: correct the app, then: pulumi config set appCommit HASH && pulumi up\n" +
          "  | 2026-01-02T03:04:00Z (service app) has started 1 tasks\n" +
          "  | 2026-01-02T03:05:00Z (service app) rolling back\n" +
          "  | stopped task t2 Task failed to start; CannotPullContainerError: no\n" +
          "  | stopped task t1 Essential container in task exited; exit status 3\n" +
          "  | log: KeyError: [secret]\n",
      );
      expect(machine.state.parameters, "the version before uses them").to.have.property(
        "/stack/app/1/KEY",
      );
    });

    it("fails also when the failed deployment is not listed any more", () => {
      const said = fails([before, service([deployment("back", old)])]);
      expect(said).to.match(
        /^error: ECS does not serve commit c2: another deployment has taken its/,
      );
    });

    it("fails when the rollback is still under way", () => {
      const back = deployment("back", old, { rolloutState: "IN_PROGRESS" });
      const said = fails([before, service([back, { ...failed, rolloutState: "IN_PROGRESS" }])]);
      expect(said).to.include("another deployment takes its place");
    });

    it("is tried again by the next run", () => {
      expect(succeeds([rolledBack, done])).to.match(/^3 of 3 tasks run commit c2/m);
      expect(updates()).to.have.length(1);
    });
  });

  it("fails when the first deployment ever fails, and begins it again in the next run", () => {
    const failed = rolling(0, { rolloutState: "FAILED" });
    const said = fails([service([rolling(0)]), service([failed])]);
    expect(said).to.include("error: ECS does not serve commit c2: ECS gives no reason\n");
    expect(said).to.include("\n       0 of 3 tasks run commit c2.\n");
    expect(updates()).to.deep.equal([]);
    succeeds([service([failed]), done]);
    expect(updates()[0]).to.match(/ --force-new-deployment --output json$/);
  });

  describe("that is not settled in time", () => {
    const halfway = service([rolling(1), leaving(3)]);

    it("returns to the version before, which is an error that names the setting", () => {
      const said = fails([before, halfway], 0);
      expect(said).to.match(
        /^error: ECS does not serve commit c2 after 0 s, and returns to commit c1: 1 of 3 tasks run, 3 of the version before\n/,
      );
      expect(said).to.include("3 of 3 tasks run commit c1.\n");
      expect(said).to.match(
        /or, if it only needs more time, raise appTasksTimeout, then run pulumi up/,
      );
      const update = "aws ecs update-service --cluster stack --service app --task-definition";
      expect(updates()).to.deep.equal([
        `${update} ${wanted} --output json`,
        `${update} ${old} --output json`,
      ]);
      expect(machine.state.parameters, "the version before uses them").to.have.property(
        "/stack/app/1/KEY",
      );
      expect(succeeds([before, done]), "the next run").to.include("commit c2");
    });

    const stuck = deployment("stuck", "arn:definition:0", {
      ...{ status: "ACTIVE", rolloutState: "IN_PROGRESS", runningCount: 1 },
    } as const);
    for (const [what, services] of [
      ["is the first one", service([rolling(1)])],
      ["has replaced all others", service([rolling(3), leaving(0)])],
      [
        "has another number of tasks since",
        service([deployment("new", wanted)], { desiredCount: 4 }),
      ],
      ["follows one that never served alone", service([rolling(1), stuck])],
    ] as const)
      it(`goes on where it ${what}, and is awaited by the next run`, () => {
        const said = fails([before, services], 0);
        expect(said).to.match(
          /^error: ECS does not serve commit c2 after 0 s, and goes on trying: /,
        );
        expect(updates()).to.have.length(1);
        expect(succeeds([services, done])).to.include("commit c2");
        expect(updates()).to.have.length(1);
      });

    it("goes on where it is the way back of a rollback that has failed, or AWS refuses the update", () => {
      machine.aws({ services: [before, halfway] });
      expect(serve(0, { undoing: "1" }).stderr).to.include(", and goes on trying: ");
      machine.aws({ services: [halfway], refused: { "ecs update-service": "AccessDenied" } });
      expect(serve(0).stderr).to.include(", and goes on trying: ");
    });
  });

  it("does not get a commit that the app server has not proven", () => {
    machine.fake("docker", `[[ "$*" == *revision*" serving" ]] && echo c1`);
    const said = fails([before]);
    expect(said).to.match(
      /^error: commit c1 serves on the app server, and the tasks were to run c2\n/,
    );
    expect(updates()).to.deep.equal([]);
    machine.aws({ services: [before, done] });
    expect(serve(900, { undoing: "1" }).status, "of a rollback that has failed").to.equal(0);
  });

  it("fails when it is not there, or disappears", () => {
    expect(fails([null])).to.include("remedy: run pulumi up --refresh\n");
    const said = fails([before, service([], { status: "INACTIVE" })]);
    expect(said).to.include("the service is not there any more");
  });

  it("does not succeed when ECS does not answer", () => {
    machine.aws({ services: [before], refused: { "ecs describe-services": "AccessDenied" } });
    const { status, stdout, stderr } = serve();
    expect(status).to.not.equal(0);
    expect(stdout).to.equal("");
    expect(stderr).to.include("AccessDenied");
  });
});
