import { setTimeout as sleep } from "node:timers/promises";

import { EC2 } from "@aws-sdk/client-ec2";
import { expect } from "chai";

import { builder, type Builder } from "../../../../lab/support/account.ts";
import { type ApiServer, startApi } from "../../../../lab/support/api-server.ts";
import { incomplete, ProviderProcess, type EngineResource } from "../../../support/aws-provider.ts";

const instanceType = "aws:ec2/instance:Instance";
const databaseType = "aws:rds/instance:Instance";

describe("The lab's AWS provider", function () {
  this.timeout(60_000);

  let api: ApiServer;
  let make: Builder;
  let ec2: EC2;
  let provider: ProviderProcess;
  let subnetId: string;
  before(async () => {
    api = await startApi({ LAB_CONTROLLER: "1" });
    make = builder(api);
    ec2 = new EC2(api.client);
    const vpc = await make.vpc("10.0.0.0/16");
    subnetId = await make.subnet(vpc, "10.0.0.0/24");
    await make.subnetGroup("db", [subnetId, await make.subnet(vpc, "10.0.1.0/24", "b")]);
  });
  after(() => api?.stop());
  beforeEach(async () => {
    provider = await ProviderProcess.start(api.endpoint);
    await provider.configure({ region: "us-west-2" });
  });
  afterEach(() => provider?.stop());

  /** Reports a status, as the controller does. */
  const report = (resource: string, status: string) =>
    fetch(`${api.endpoint}/_lab/status`, {
      method: "POST",
      body: JSON.stringify({ resource, status }),
    });
  const machine = (more = {}) => ({
    ami: make.image,
    instanceType: "t3.micro",
    subnetId,
    ...more,
  });
  /** The id of the newest instance, once it exists. */
  async function newest(name: string): Promise<string> {
    for (;;) {
      const Filters = [{ Name: "tag:Name", Values: [name] }];
      const { Reservations } = await ec2.describeInstances({ Filters });
      const id = Reservations?.[0]?.Instances?.[0]?.InstanceId;
      if (id) return id;
      await sleep(50); // the creation is under way
    }
  }
  const running = async (name: string, more = {}): Promise<EngineResource> => {
    const creation = provider.create(
      instanceType,
      name,
      machine({ tags: { Name: name }, ...more }),
    );
    await report(await newest(name), "running");
    return creation;
  };
  /** Reports each status as soon as the instance awaits it. */
  async function follow(id: string, statuses: string[]): Promise<void> {
    for (const status of statuses) while (!(await report(id, status)).ok) await sleep(50);
  }

  it("waits until a new instance is running and until a deleted one is terminated", async () => {
    const instance = await running("app");
    expect(instance.state).to.include({ instanceState: "running", subnetId });
    const deletion = provider.delete(instance);
    await follow(instance.id, ["terminated"]);
    await deletion;
    expect(await provider.read(instance)).to.equal(undefined);
  });

  it("stops an instance to change its type, and waits until it is running again", async () => {
    const instance = await running("resized");
    const news = machine({ instanceType: "t3.small", tags: { Name: "resized" } });
    const update = provider.update(instance, news);
    await follow(instance.id, ["stopped", "running"]);
    expect((await update).state).to.include({
      instanceType: "t3.small",
      instanceState: "running",
    });
  });

  it("fails at once when a new instance shuts down", async () => {
    const inputs = machine({ tags: { Name: "lost" } });
    const failure = provider.create(instanceType, "lost", inputs).catch(String);
    await ec2.terminateInstances({ InstanceIds: [await newest("lost")] });
    expect(await failure).to.match(
      /creating aws:ec2\/instance:Instance 'lost': EC2 instance i-\w+ is shutting-down instead of running/,
    );
  });

  for (const [name, changed] of [
    ["late", {}],
    ["later", { tags: { Name: "later", note: "changed" } }],
  ] as const) {
    const how =
      "note" in (changed.tags ?? {}) ? "an update with changes" : "an update without changes";
    it(`keeps an instance after a cancelled creation, and ${how} waits for it`, async () => {
      const inputs = machine({ tags: { Name: name } });
      const creation = provider.create(instanceType, name, inputs);
      const failure = creation.catch((reason: Error) => reason);
      const id = await newest(name);
      await provider.cancel();
      const error = (await failure) as Error;
      expect(error.message).to.contain(`cancelled while EC2 instance ${id} was pending`);

      await provider.stop();
      provider = await ProviderProcess.start(api.endpoint);
      await provider.configure({ region: "us-west-2" });
      const checked = await provider.checked(instanceType, name, inputs);
      const kept = { type: instanceType, name, inputs: checked, ...incomplete(error)! };
      const update = provider.update((await provider.read(kept))!, { ...inputs, ...changed });
      await sleep(200); // an update that does not wait is over by then
      await follow(id, ["running"]);
      const { state } = await update;
      expect(state).to.include({ instanceState: "running", subnetId });
      expect(Object.keys(state).filter((key) => key.startsWith("__"))).to.deep.equal([]);
    });
  }

  it("waits until a database is available, and needs a final-snapshot setting to delete it", async () => {
    const inputs = {
      identifier: "main",
      engine: "mysql",
      engineVersion: "8.4",
      instanceClass: "db.t4g.micro",
      allocatedStorage: 20,
      username: "owner",
      password: "correct-horse",
      dbSubnetGroupName: "db",
    };
    const creation = provider.create(databaseType, "db", inputs);
    await follow("main", ["available"]);
    const database = await creation;
    expect(database.state).to.include({ status: "available", engineVersion: "8.4", port: 3306 });
    expect(database.state["engineVersionActual"]).to.match(/^8\.4\.\d+$/);
    const news = await provider.checked(databaseType, "db", inputs, database.inputs);
    expect((await provider.diff(database, news)).changes).to.deep.equal({});

    const refusal = await provider.delete(database).catch(String);
    expect(refusal).to.contain(
      "finalSnapshotIdentifier is required when skipFinalSnapshot is false",
    );
    const skipping = await provider.update(database, { ...inputs, skipFinalSnapshot: true });
    const deletion = provider.delete(skipping);
    await follow("main", ["deleted"]);
    await deletion;
    expect(await provider.read(skipping)).to.equal(undefined);
  });
});
