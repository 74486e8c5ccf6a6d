import { expect } from "chai";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntilServicesStable } from "@aws-sdk/client-ecs";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { controlApi } from "../../support/control-api.ts";
import {
  controller,
  logGroup,
  makeFargate,
  makeNetwork,
  type Network,
} from "../../support/fargate.ts";

describe("A service in the lab's API", function () {
  this.timeout(60_000);
  let api: ApiServer;
  let network: Network;
  let fargate: Awaited<ReturnType<typeof makeFargate>>;
  let play: ReturnType<typeof controller>;
  before(async () => {
    api = await startApi({ LAB_CONTROLLER: "1" });
    network = await makeNetwork(api);
    fargate = await makeFargate(api, network);
    play = controller(api, network.targetGroup);
  });
  after(() => api?.stop());

  const until = async (what: string, condition: () => Promise<boolean>) => {
    for (const end = Date.now() + 10_000; !(await condition()); await sleep(100))
      if (Date.now() > end) throw new Error(`not ${what} within 10 s`);
  };
  const messages = async () =>
    ((await fargate.describe()).events ?? []).map(({ message }) => message!);
  const healthOf = async (address: string) => {
    const { TargetHealthDescriptions } = await network.elb.describeTargetHealth({
      TargetGroupArn: network.targetGroup,
    });
    return TargetHealthDescriptions!.find(({ Target }) => Target!.Id === address)?.TargetHealth;
  };
  const running = async () =>
    (await play.tasks()).filter(({ lastStatus }) => lastStatus === "RUNNING");

  it("tells the controller all that a container needs, with its secrets", async () => {
    await fargate.ecs.createService(fargate.service(await fargate.register()));
    const tasks = await play.tasks();
    expect(tasks).to.have.length(2);
    expect(new Set(tasks.map(({ subnetId }) => subnetId))).to.have.keys(network.privateSubnets);
    const [{ id, ...task }] = tasks as unknown as [Record<string, unknown>];
    expect(id).to.match(/^[0-9a-f]{32}$/);
    expect(task).to.deep.include({
      arn: `arn:aws:ecs:us-west-2:123456789012:task/app/${id as string}`,
      ...{ desiredStatus: "RUNNING", lastStatus: "PROVISIONING", problem: null },
      ...{ entryPoint: null, command: null },
      environment: { PLAIN: "text", SECRET: "swordfish" },
      ...{ vpcId: network.vpc, groupIds: [network.group], address: "10.0.10.4" },
      ...{ cpu: 256, memoryMiB: 512, port: 5000, stopTimeout: 45 },
      ...{ logGroup, logStream: `app/app/${id as string}` },
    });
    const interfaces = await network.make.interfaces(network.vpc);
    const own = interfaces.find(({ PrivateIpAddress }) => PrivateIpAddress === "10.0.10.4");
    expect(own).to.deep.include({ MacAddress: task.mac, RequesterManaged: true });
  });

  it("becomes steady once its targets are healthy, and says so as AWS does", async () => {
    const [first, second] = await play.tasks();
    await play.report(first!, { status: "running" });
    await play.report(second!, { status: "running" });
    expect(await healthOf(first!.address)).to.include({ State: "initial" });
    const { runningCount, pendingCount, deployments } = await fargate.describe();
    expect({ runningCount, pendingCount }).to.deep.equal({ runningCount: 2, pendingCount: 0 });
    expect(deployments![0]!.rolloutState).to.equal("IN_PROGRESS");
    const before = (await controlApi(api, "revision")).body.revision as number;
    await play.health(true, [first!, second!]);
    const after = (await controlApi(api, "revision")).body.revision;
    expect(after).to.be.above(before);
    await play.health(true, [first!, second!]);
    expect((await controlApi(api, "revision")).body.revision).to.equal(after);
    expect(await healthOf(first!.address)).to.deep.equal({ State: "healthy" });
    const service = await fargate.describe();
    expect(service.deployments).to.have.length(1);
    expect(service.deployments![0]).to.include({ rolloutState: "COMPLETED", status: "PRIMARY" });
    expect((await messages())[0]).to.equal("(service app) has reached a steady state.");
    await waitUntilServicesStable(
      { client: fargate.ecs, minDelay: 1, maxWaitTime: 5 },
      { cluster: "app", services: ["app"] },
    );
  });

  it("without a load balancer is steady when its tasks run, by the entry point of their own", async () => {
    const worker = { name: "mailer", entryPoint: ["sh", "-c"], command: ["exec work"] };
    const definition = await fargate.register({ ...worker, portMappings: undefined });
    const own = { serviceName: "worker", loadBalancers: [] };
    await fargate.ecs.createService({ ...fargate.service(definition), ...own });
    const mine = async () =>
      (await play.tasks()).filter((task) => "port" in task && task.port === null);
    const tasks = await mine();
    expect(tasks).to.have.length(2);
    const { entryPoint, command } = worker;
    expect(tasks[0]).to.deep.include({ entryPoint, command });
    expect(tasks[0]).to.include({ logStream: `app/mailer/${tasks[0]!.id}` });
    for (const task of tasks) await play.report(task, { status: "running" });
    expect((await fargate.describe("worker")).deployments![0]).to.include({
      rolloutState: "COMPLETED",
    });
    await fargate.ecs.deleteService({ cluster: "app", service: "worker", force: true });
    for (const task of await mine()) await play.report(task, { status: "stopped", exitCode: 0 });
    expect((await fargate.describe("worker")).status).to.equal("INACTIVE");
  });

  it("drains a target for its delay before the container is to stop", async () => {
    const old = await running();
    const taskDefinition = await fargate.register();
    await fargate.ecs.updateService({ cluster: "app", service: "app", taskDefinition });
    await play.workOff();
    const draining = (await play.tasks()).filter(({ lastStatus }) => lastStatus === "DEACTIVATING");
    expect(draining.map(({ id }) => id)).to.have.members(old.map(({ id }) => id));
    expect(draining.map(({ desiredStatus }) => desiredStatus)).to.include("RUNNING");
    expect(await healthOf(old[0]!.address)).to.include({
      State: "draining",
      Reason: "Target.DeregistrationInProgress",
    });
    const { tasks } = await fargate.ecs.describeTasks({ cluster: "app", tasks: [old[0]!.id] });
    expect(tasks![0]).to.include({ desiredStatus: "STOPPED", lastStatus: "DEACTIVATING" });
    const statuses = async () => (await play.tasks()).map(({ desiredStatus }) => desiredStatus);
    await until("to be stopped", async () => (await statuses()).includes("STOPPED"));
    expect(await healthOf(old[0]!.address)).to.equal(undefined);
    await play.workOff();
    const service = await fargate.describe();
    expect(service.deployments).to.have.length(1);
    expect(service.deployments![0]).to.include({ taskDefinition, rolloutState: "COMPLETED" });
    const addresses = (await network.make.interfaces(network.vpc)).map(
      (one) => one.PrivateIpAddress,
    );
    expect(addresses).to.not.include(old[0]!.address);
  });

  it("rolls back when the new version's containers exit", async () => {
    const before = await fargate.describe();
    const bad = await fargate.register();
    await fargate.ecs.updateService({ cluster: "app", service: "app", taskDefinition: bad });
    for (let n = 0; n < 3; n++) {
      const fresh = (await play.tasks()).find(({ lastStatus }) => lastStatus === "PROVISIONING")!;
      await play.report(fresh, { status: "running" });
      await play.report(fresh, { status: "stopped", exitCode: 3 });
    }
    const service = await fargate.describe();
    expect(service.taskDefinition).to.equal(before.taskDefinition);
    expect(service.deployments![0]).to.include({
      id: before.deployments![0]!.id,
      rolloutStateReason: `ECS deployment circuit breaker: rolling back to deploymentId ${before.deployments![0]!.id!}.`,
    });
    const { taskArns } = await fargate.ecs.listTasks({
      ...{ cluster: "app", serviceName: "app", desiredStatus: "STOPPED" },
    });
    const { tasks } = await fargate.ecs.describeTasks({ cluster: "app", tasks: taskArns });
    const failed = tasks!.filter(({ taskDefinitionArn }) => taskDefinitionArn === bad);
    expect(failed.some(({ containers }) => containers![0]!.exitCode === 3)).to.equal(true);
    expect(failed.map(({ stoppedReason }) => stoppedReason)).to.include(
      "Essential container in task exited",
    );
    await play.workOff();
    expect((await fargate.describe()).deployments).to.have.length(1);
    expect((await messages()).join("\n"))
      .to.include("deployment failed: tasks failed to start.")
      .and.include(`rolling back to deployment ${before.deployments![0]!.id!}.`);
  });

  it("goes back by an update while a new version is not done, as scripts/serve-tasks.sh does", async () => {
    const { taskDefinition: before } = await fargate.describe();
    const late = await fargate.register();
    const update = (taskDefinition: string) =>
      fargate.ecs.updateService({ cluster: "app", service: "app", taskDefinition });
    await update(late);
    const fresh = (await play.tasks()).find(({ lastStatus }) => lastStatus === "PROVISIONING")!;
    await play.report(fresh, { status: "running" });
    const states = async () =>
      (await fargate.describe()).deployments!.map(({ status, rolloutState, taskDefinition }) =>
        [status, rolloutState, taskDefinition].join(" "),
      );
    expect(await states()).to.deep.equal([
      `PRIMARY IN_PROGRESS ${late}`,
      `ACTIVE COMPLETED ${before!}`,
    ]);
    await update(before!);
    await until("back", async () => (await play.workOff(), await play.tasks()).length === 2);
    expect(await states()).to.deep.equal([`PRIMARY COMPLETED ${before!}`]);
  });

  it("replaces an unhealthy task and one that is stopped by hand", async () => {
    const [sick, stopped] = await running();
    await play.health(false, [sick!], "Health checks failed with these codes: [500]");
    expect(await healthOf(sick!.address)).to.deep.include({
      ...{ State: "unhealthy", Reason: "Target.ResponseCodeMismatch" },
    });
    expect(await play.tasks()).to.have.length(3);
    await play.workOff();
    const task = stopped!.id;
    const { task: answer } = await fargate.ecs.stopTask({ cluster: "app", task, reason: "a test" });
    expect(answer).to.include({ stopCode: "UserInitiated", stoppedReason: "a test" });
    await play.workOff();
    expect((await running()).map(({ id }) => id)).to.not.include.members([sick!.id, stopped!.id]);
    const { runningCount } = await fargate.describe();
    expect(runningCount).to.equal(2);
  });

  it("lists the tasks of one service, and by default those that are to run", async () => {
    await until("drained", async () => (await play.workOff(), await play.tasks()).length === 2);
    const list = async (more: object) =>
      (await fargate.ecs.listTasks({ cluster: "app", ...more })).taskArns;
    expect(await list({})).to.have.length(2);
    expect(await list({ serviceName: "app" })).to.have.length(2);
    expect(await list({ serviceName: "other" })).to.deep.equal([]);
    const { failures } = await fargate.ecs.describeTasks({ cluster: "app", tasks: ["none"] });
    expect(failures).to.deep.equal([{ arn: "none", reason: "MISSING" }]);
  });

  it("drains when it is deleted, and its cluster goes after it", async () => {
    const refused = (call: Promise<unknown>) =>
      call.then(
        () => "allowed",
        ({ name, message }: Error) => `${name}: ${message}`,
      );
    const address = { cluster: "app", service: "app" };
    expect(await refused(fargate.ecs.deleteCluster({ cluster: "app" }))).to.match(
      /^ClusterContainsServicesException/,
    );
    expect(await refused(fargate.ecs.deleteService(address))).to.match(/scaled above 0/);
    await fargate.ecs.updateService({ ...address, desiredCount: 0 });
    await fargate.ecs.deleteService(address);
    expect((await fargate.describe()).status).to.equal("DRAINING");
    await until(
      "drained",
      async () => (await play.workOff(), (await fargate.describe()).status === "INACTIVE"),
    );
    expect(await refused(fargate.ecs.updateService(address))).to.match(
      /^ServiceNotActiveException/,
    );
    await fargate.ecs.deleteCluster({ cluster: "app" });
    const { failures } = await fargate.ecs.describeTasks({ cluster: "app", tasks: ["none"] });
    expect(failures).to.have.length(1);
  });
});
