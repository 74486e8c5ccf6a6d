/** What ./ops verify tells of tasks. */
import { expect } from "chai";
import { definition, deployment, service, TasksMachine } from "../support/tasks-machine.ts";

const [commit, other] = ["c0ffee".repeat(7).slice(0, 40), "beef".repeat(10)];
const [one, two] = ["arn:definition:1", "arn:definition:2"];
const task = (id: string, zone: string, of = one) => ({
  ...{ taskArn: `arn:task/stack/${id}`, desiredStatus: "RUNNING", lastStatus: "RUNNING" },
  ...{ taskDefinitionArn: of, availabilityZone: zone },
  attachments: [{ details: [{ name: "privateIPv4Address", value: `10.0.0.${id}` }] }],
});
const target = (id: string, State = "healthy") => ({
  Target: { Id: `10.0.0.${id}`, Port: 5005 },
  TargetHealth: { State },
});

describe("The acceptance check of the tasks", function () {
  this.timeout(30_000); // each starts many programs
  let machine: TasksMachine;
  beforeEach(() => {
    machine = new TasksMachine();
    machine.write("root/proxy/active", "green\n");
    machine.fake("docker-compose", `case "$*" in *"ps --quiet green") echo container ;; esac`);
    machine.fake(
      "docker",
      `case "$*" in *.Config.Image*) echo app:1 ;; *image.revision*) echo ${commit} ;; *) exit 9 ;; esac`,
    );
    machine.write("root/app.env", "KEY=secret\n");
    machine.aws({
      parameters: { "/stack/app/1/KEY": "secret" },
      definitions: { [one]: definition(one, commit), [two]: definition(two, other) },
      services: [service([deployment("a", one)])],
      tasks: [task("1", "us-west-2a"), task("2", "us-west-2b"), task("3", "us-west-2a")],
      targets: ["1", "2", "3"].map((id) => target(id)),
    });
  });
  afterEach(() => machine.remove());

  const check = () => {
    const env = { STACK_FLAGS: " --stack prod" };
    const { status, stdout, stderr } = machine.run("acceptance.sh", ["tasks"], "", env);
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    const [name, ...cells] = stdout.trimEnd().split("\t");
    expect(name).to.equal("tasks");
    return cells;
  };
  const fails = (found: RegExp, remedy: RegExp) => {
    const [result, text, advice] = check();
    expect(result).to.equal("FAILED");
    expect(text).to.match(found);
    expect(advice).to.match(remedy);
    return advice!;
  };

  it("passes where all tasks are healthy in two zones and run what the app server serves", () => {
    const text =
      "3 of 3 tasks are healthy, in us-west-2a and us-west-2b, and run commit c0ffeec0ffee";
    expect(check()).to.deep.equal(["ok", text]);
  });

  it("is one of the checks only where there are tasks", () => {
    const names = () =>
      machine
        .run("acceptance.sh")
        .stdout.trimEnd()
        .split("\n")
        .map((line) => line.split("\t")[0]);
    machine.script("restore-test.sh", "exit 1");
    machine.script("backup.sh", "exit 1");
    machine.fake("curl", "exit 1");
    machine.mysql({});
    expect(names().slice(0, 3)).to.deep.equal(["app", "tasks", "certificate"]);
    machine.stack({ TASKS_CLUSTER: "" });
    expect(names()).to.not.include("tasks");
  });

  it("fails while a task runs another commit, and has the tasks follow by the remedy", () => {
    machine.aws({
      services: [service([deployment("a", two)])],
      tasks: [task("1", "us-west-2a", two), task("2", "us-west-2b"), task("3", "us-west-2a")],
    });
    const advice = fails(
      /^commit c0ffeec0ffee serves on the app server, and tasks run beefbeefbeef$/,
      /^have the tasks follow: \.\/ops ssh --stack prod -- \S+\/deploy-lock\.sh rollback-tasks\.sh app:1$/,
    );
    const [, command] = / -- \S+\/(deploy-lock\.sh .*)$/.exec(advice)!;
    const [lock, ...args] = command!.split(" ");
    const pushed = { image: `repository@sha256:${commit}`, commit, environment: 1 };
    machine.script("push.sh", `echo '${JSON.stringify({ ...pushed, variables: ["KEY"] })}'`);
    const followed = "arn:definition:3";
    const updated = service([deployment("b", followed)]);
    machine.aws({ updated, afterUpdate: [updated] });
    const { status, stdout, stderr } = machine.run(lock!, args);
    expect(status, stderr).to.equal(0);
    expect(stdout).to.include(`3 of 3 tasks run commit ${commit}`);
    machine.aws({
      tasks: [task("1", "us-west-2a", followed), task("2", "us-west-2b", followed)],
      services: [service([deployment("b", followed)], { desiredCount: 2 })],
    });
    expect(check()[0]).to.equal("ok");
  });

  it("fails while tasks run with older variables than the app server", () => {
    machine.write("root/app.env", "KEY=changed\n");
    const older = /^the tasks run with variables of before the last change$/;
    fails(older, /^have the tasks follow: /);
    machine.aws({ parameters: { "/stack/app/1/KEY": "secret", "/stack/app/2/KEY": "changed" } });
    fails(older, /^have the tasks follow: /);
  });

  it("names the rollback that was cut off", () => {
    machine.aws({ tasks: [task("1", "us-west-2a", two)] });
    for (const [action, option] of [
      ["rollback", ""],
      ["undo", " --undo"],
    ] as const) {
      machine.write("root/rollback", `${action} app:1\napp:2\n${other}\n${two}\n`);
      fails(
        /tasks run beef/,
        new RegExp(`^finish the rollback: ./ops rollback${option} --stack prod$`),
      );
    }
  });

  it("fails while a task is not healthy, with the reason, or ECS rolls a deployment", () => {
    machine.aws({ targets: [target("1"), target("2"), target("3", "unhealthy")] });
    const remedy = /^ECS replaces .*: \.\/ops status --stack prod; \.\/ops logs --stack prod$/;
    fails(/^2 of 3 tasks are healthy; task 3 is unhealthy$/, remedy);
    const rolling = { rolloutState: "IN_PROGRESS", rolloutStateReason: "it goes on" } as const;
    machine.aws({
      services: [service([deployment("a", one, rolling)])],
      targets: ["1", "2", "3"].map((id) => target(id)),
    });
    fails(/^3 of 3 tasks are healthy; the deployment is IN_PROGRESS: it goes on$/, remedy);
  });

  it("fails where all of several tasks are in one zone, with the command that spreads them", () => {
    machine.aws({ tasks: ["1", "2", "3"].map((id) => task(id, "us-west-2a")) });
    fails(
      /^all 3 tasks are in us-west-2a: its loss would be that of the app$/,
      /: aws ecs update-service --region us-west-2 --cluster stack --service app --force-new-deployment$/,
    );
    machine.aws({
      services: [service([deployment("a", one)], { desiredCount: 1 })],
      tasks: [task("1", "us-west-2a")],
    });
    expect(check()[0], "a single task").to.equal("ok");
  });

  it("fails where the service is gone, and where ECS does not answer", () => {
    machine.aws({ services: [null] });
    fails(
      /^the service app of the cluster stack is not there$/,
      /^make it again: pulumi up --refresh --stack prod$/,
    );
    machine.aws({ refused: { "ecs describe-services": "AccessDenied for this role" } });
    fails(
      /^the tasks cannot be read: AccessDenied for this role$/,
      /^run pulumi up --refresh --stack prod, which restores the policy/,
    );
  });
});
