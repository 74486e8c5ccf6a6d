/** The service on ECS that runs the process of the app's Procfile. */
import { expect } from "chai";
import { upstream, type Program } from "./program.ts";
import { account, withTasks } from "./task-stack.ts";

const [service, definition] = [
  "aws:ecs/service:Service",
  "aws:ecs/taskDefinition:TaskDefinition",
] as const;
const remote = "command:remote:Command";
const step = (of: Program, name: string) => of.one(remote, `release-${name}`).inputs;
const variables = "command:local:Command flask-on-aws-dev-tasks-variables";
const id = (name: string) => `${remote} flask-on-aws-dev-release-${name}`;

describe("Workers on ECS", function () {
  this.timeout(60_000);
  let built: Program;
  let without: Program;
  before(async () => {
    built = await withTasks({ appWorkerTasks: 2 });
    without = await withTasks();
  });

  it("are a service of the network of the tasks, without a load balancer", () => {
    const { inputs, ignoreChanges } = built.one(service, "dev-workers");
    const web = built.one(service, "dev-tasks").inputs;
    expect(inputs).to.include({ name: "worker", launchType: "FARGATE", desiredCount: 2 });
    expect(inputs).to.not.have.any.keys("loadBalancers", "healthCheckGracePeriodSeconds");
    expect(inputs.networkConfiguration).to.deep.equal(web.networkConfiguration);
    expect(inputs.deploymentCircuitBreaker).to.deep.equal({ enable: true, rollback: true });
    expect(ignoreChanges, "serve-tasks.sh updates it").to.deep.equal(["taskDefinition"]);
  });

  it("run the process that was pushed, with what a web task has of image, variables and roles", () => {
    const of = (name: string) => built.one(definition, name).inputs;
    const { containerDefinitions, ...task } = of("dev-workers");
    const { containerDefinitions: ofWeb, ...web } = of("dev-tasks");
    const named = {
      family: "flask-on-aws-dev-workers",
      tags: { Name: "flask-on-aws-dev-workers" },
    };
    expect(task).to.deep.equal({ ...web, ...named });
    const [worker, ...others] = JSON.parse(containerDefinitions) as Record<string, any>[];
    const [app] = JSON.parse(ofWeb) as Record<string, any>[];
    expect(others).to.deep.equal([]);
    const { portMappings, ...shared } = app!;
    expect(portMappings).to.have.length(1);
    const { options } = shared.logConfiguration;
    expect(worker).to.deep.equal({
      ...shared,
      ...{ name: "mailer", entryPoint: ["sh", "-c"], command: ["exec python mail.py"] },
      ...{ environment: [], stopTimeout: 120 },
      logConfiguration: {
        ...shared.logConfiguration,
        options: { ...options, "awslogs-stream-prefix": "worker" },
      },
    });
  });

  it("are released between push and web tasks, and only then leave the app server", () => {
    const serve = `/opt/flask-on-aws/bin/run-detached.sh serve-workers serve-tasks.sh 'flask-on-aws-dev' 'worker'`;
    expect(step(built, "serve-workers").create).to.match(
      new RegExp(`^${serve} '.*' '900' '2' '2'$`),
    );
    expect(step(built, "hand-over").create).to.equal(
      "/opt/flask-on-aws/bin/deploy-lock.sh processes.sh 'hand-over'",
    );
    for (const [earlier, later] of [
      [id("push"), `${definition} flask-on-aws-dev-workers`],
      [variables, `${service} flask-on-aws-dev-workers`],
      [`${service} flask-on-aws-dev-workers`, id("serve-workers")],
      [id("serve-workers"), id("hand-over")],
      [id("hand-over"), id("serve-tasks")],
      [id("hand-over"), id("lock-old-user")],
    ] as const)
      expect(upstream(built, later), `${earlier} before ${later}`).to.include(earlier);
  });

  it("are known to the app server, which releases again when they are switched on or off", () => {
    expect(step(built, "write-stack.env").stdin).to.include("\nTASKS_WORKERS='worker'\n");
    expect(step(without, "write-stack.env").stdin).to.not.include("TASKS_WORKERS");
    expect(step(built, "deploy").triggers).to.not.deep.equal(step(without, "deploy").triggers);
    const { inputs } = built.one("aws:iam/rolePolicy:RolePolicy", "dev-tasks");
    const { Statement } = JSON.parse(inputs.policy) as { Statement: Record<string, unknown>[] };
    const update = Statement.find(({ Action }) => String(Action).includes("ecs:UpdateService"));
    expect(update!.Resource).to.deep.equal(
      ["app", "worker"].map(
        (name) => `arn:aws:ecs:us-west-2:123456789012:service/flask-on-aws-dev/${name}`,
      ),
    );
  });

  it("do not make the app server release again when their number changes", async () => {
    const more = await withTasks({ appWorkerTasks: 3 });
    for (const name of ["deploy", "push", "write-stack.env"])
      expect(step(more, name).triggers, name).to.deep.equal(step(built, name).triggers);
    expect(step(more, "serve-workers").triggers).to.not.deep.equal(
      step(built, "serve-workers").triggers,
    );
  });

  it("do not exist by default, and go before the web tasks do", async () => {
    const off = await withTasks({ appTasks: 0 }, account("load balancer"));
    for (const each of [without, off]) {
      expect(each.all(service)).to.have.length(1);
      expect(each.resources.filter(({ name }) => /workers|hand-over/.test(name))).to.deep.equal([]);
    }
  });
});
