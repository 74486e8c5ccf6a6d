import { type ModifyDBInstanceCommandInput, RDS } from "@aws-sdk/client-rds";
import { expect } from "chai";

import { builder, type Builder } from "../../../../lab/support/account.ts";
import { type ApiServer, startApi } from "../../../../lab/support/api-server.ts";
import {
  ProviderProcess,
  type EngineResource,
  type Properties,
} from "../../../support/aws-provider.ts";

describe("For a database, the lab's AWS provider", function () {
  this.timeout(60_000);

  let api: ApiServer;
  let make: Builder;
  let provider: ProviderProcess;
  let count = 0;
  let identifier: string;
  const inputs = (more: Properties = {}): Properties => ({
    identifier,
    engine: "mysql",
    engineVersion: "8.4",
    instanceClass: "db.t4g.micro",
    allocatedStorage: 20,
    maxAllocatedStorage: 100,
    storageType: "gp3",
    username: "owner",
    password: "correct-horse",
    dbSubnetGroupName: "db",
    skipFinalSnapshot: true,
    ...more,
  });

  before(async () => {
    api = await startApi();
    make = builder(api);
    const vpc = await make.vpc("10.0.0.0/16");
    const subnet = await make.subnet(vpc, "10.0.0.0/24");
    await make.subnetGroup("db", [subnet, await make.subnet(vpc, "10.0.1.0/24", "b")]);
    provider = await ProviderProcess.start(api.endpoint);
    await provider.configure({ region: "us-west-2" });
  });
  after(async () => {
    await provider?.stop();
    await api?.stop();
  });
  beforeEach(() => (identifier = `database-${++count}`));

  const create = (more?: Properties) =>
    provider.create("aws:rds/instance:Instance", "database", inputs(more));
  /** What an `up` with these inputs would change. */
  const changes = async (resource: EngineResource, more?: Properties) => {
    const news = await provider.checked(resource.type, "database", inputs(more), resource.inputs);
    return (await provider.diff(resource, news)).changes;
  };
  const found = () => make.describeDatabase(identifier);
  const modify = (more: Omit<ModifyDBInstanceCommandInput, "DBInstanceIdentifier">) =>
    new RDS(api.client).modifyDBInstance({ DBInstanceIdentifier: identifier, ...more });

  it("leaves storage as it is that has grown by itself, and grows it further", async () => {
    const created = await create();
    await modify({ AllocatedStorage: 60, ApplyImmediately: true });
    const grown = (await provider.read(created))!;
    expect(grown.state).to.include({ allocatedStorage: 60, maxAllocatedStorage: 100 });
    expect(grown.inputs).to.include({ allocatedStorage: 20 });
    expect(await changes(grown)).to.deep.equal({});
    expect(await changes(grown, { allocatedStorage: 50 })).to.deep.equal({});

    const more = await provider.update(grown, inputs({ maxAllocatedStorage: 200 }));
    expect(await found()).to.include({ AllocatedStorage: 60, MaxAllocatedStorage: 200 });
    const news = { allocatedStorage: 80, maxAllocatedStorage: 200, applyImmediately: true };
    await provider.update(more, inputs(news));
    expect(await found()).to.include({ AllocatedStorage: 80, MaxAllocatedStorage: 200 });
  });

  it("switches growth off by the size that the storage has", async () => {
    const created = await create();
    const fixed = await provider.update(created, inputs({ maxAllocatedStorage: 0 }));
    expect((await found()).MaxAllocatedStorage).to.equal(undefined);
    expect(await changes(fixed, { maxAllocatedStorage: 0 })).to.deep.equal({});
  });

  it("creates storage that does not grow", async () => {
    const created = await create({ maxAllocatedStorage: 0 });
    expect((await found()).MaxAllocatedStorage).to.equal(undefined);
    const update = await provider.update(created, inputs());
    expect((await found()).MaxAllocatedStorage).to.equal(100);
    expect(await changes(update)).to.deep.equal({});
  });

  it("shows a change again until RDS has made it, and has it made with applyImmediately", async () => {
    const created = await create();
    const news = { instanceClass: "db.t4g.small" };
    const waiting = await provider.update(created, inputs(news));
    expect(waiting.state).to.include({ instanceClass: "db.t4g.micro" });
    expect(await changes(waiting, news)).to.deep.equal({ instanceClass: "UPDATE" });
    const made = await provider.update(waiting, inputs({ ...news, applyImmediately: true }));
    expect(made.state).to.include({ instanceClass: "db.t4g.small" });
  });

  it("sets both windows, and leaves them as they are when the program names none", async () => {
    const windows = { backupWindow: "03:00-04:00", maintenanceWindow: "sun:05:00-sun:06:00" };
    const created = await create();
    expect(await changes(created)).to.deep.equal({});
    const updated = await provider.update(created, inputs(windows));
    expect(updated.state).to.include(windows);
    expect(await changes(updated)).to.deep.equal({});
    const capitals = { ...windows, maintenanceWindow: "Sun:05:00-Sun:06:00" };
    expect(await changes(updated, capitals)).to.deep.equal({});
  });
});
