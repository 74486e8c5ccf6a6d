/** DB snapshots and automated backups in the lab's AWS API, and the instances that begin with them. */
import * as rds from "@aws-sdk/client-rds";
import { expect } from "chai";
import { builder, type Builder } from "../../../lab/support/account.ts";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";

/** An account with a subnet group and an instance that begins to be created. */
async function account(api: ApiServer) {
  const make: Builder = builder(api);
  const client = new rds.RDS(api.client);
  const vpc = await make.vpc("10.0.0.0/16");
  const subnet = await make.subnet(vpc, "10.0.0.0/24");
  await make.subnetGroup("db", [subnet, await make.subnet(vpc, "10.0.1.0/24", "b")]);
  await client.createDBInstance({
    ...make.database("source", "db"),
    DBName: "appdb",
    StorageEncrypted: true,
    BackupRetentionPeriod: 7,
    CopyTagsToSnapshot: true,
    DeletionProtection: true,
    Tags: [{ Key: "schema", Value: "appdb" }],
  });
  const unlock = { DBInstanceIdentifier: "source", DeletionProtection: false };
  return {
    make,
    client,
    snapshot: (DBSnapshotIdentifier: string) =>
      client.createDBSnapshot({ DBInstanceIdentifier: "source", DBSnapshotIdentifier }),
    describe: async (DBSnapshotIdentifier: string) =>
      (await client.describeDBSnapshots({ DBSnapshotIdentifier })).DBSnapshots![0]!,
    restore: (more: Partial<rds.RestoreDBInstanceFromDBSnapshotCommandInput> = {}) =>
      client.restoreDBInstanceFromDBSnapshot({
        DBInstanceIdentifier: "restored",
        DBSnapshotIdentifier: "first",
        DBSubnetGroupName: "db",
        ...more,
      }),
    remove: async (more: Partial<rds.DeleteDBInstanceCommandInput>) => {
      await client.modifyDBInstance(unlock);
      await client.deleteDBInstance({ DBInstanceIdentifier: "source", ...more });
    },
  };
}
const errorOf = (call: Promise<unknown>) =>
  call.then(
    () => "none",
    (error: Error) => error.name,
  );

describe("As on AWS, the lab's snapshots", function () {
  this.timeout(30_000);
  let api: ApiServer;
  let of: Awaited<ReturnType<typeof account>>;
  beforeEach(async () => {
    api = await startApi();
    of = await account(api);
  });
  afterEach(() => api?.stop());

  it("tell what their instance was when they were made", async () => {
    await of.snapshot("first");
    await of.client.modifyDBInstance({
      ...{ DBInstanceIdentifier: "source", AllocatedStorage: 40, ApplyImmediately: true },
    });
    const { TagList, ...snapshot } = await of.describe("first");
    expect(snapshot).to.include({ Status: "available", Engine: "mysql", AllocatedStorage: 20 });
    expect(snapshot).to.include({ MasterUsername: "admin", Encrypted: true });
    expect(snapshot.EngineVersion).to.match(/^8\.4\.\d+$/);
    expect(TagList).to.deep.equal([{ Key: "schema", Value: "appdb" }]);
  });

  it("give an instance their schema, user and encryption, and leave its settings to the call", async () => {
    await of.snapshot("first");
    const { DBSnapshotArn } = await of.describe("first");
    const Tags = [{ Key: "stack", Value: "other" }];
    await of.restore({ DBSnapshotIdentifier: DBSnapshotArn, Tags });
    const restored = await of.make.describeDatabase("restored");
    expect(restored).to.include({ DBName: "appdb", MasterUsername: "admin", AllocatedStorage: 20 });
    expect(restored).to.include({ StorageEncrypted: true, DeletionProtection: false });
    expect(restored).to.include({ BackupRetentionPeriod: 7, DBInstanceStatus: "available" });
    expect(restored.TagList).to.deep.equal(Tags);
    const answer = await fetch(`${api.endpoint}/_lab/db/restored/address`);
    expect(await answer.json()).to.include({ snapshot: "first" });
    const { DbiResourceId } = await of.make.describeDatabase("source");
    expect(restored.DbiResourceId).to.not.equal(DbiResourceId);
  });

  it("refuse less storage than they have, and names that do not exist or are taken", async () => {
    await of.snapshot("first");
    expect(await errorOf(of.snapshot("first"))).to.match(/^DBSnapshotAlreadyExists/);
    expect(await errorOf(of.restore({ AllocatedStorage: 19 }))).to.equal("InvalidParameterValue");
    const none = of.restore({ DBSnapshotIdentifier: "none" });
    expect(await errorOf(none)).to.equal("DBSnapshotNotFoundFault");
    await of.client.deleteDBSnapshot({ DBSnapshotIdentifier: "first" });
    expect(await errorOf(of.restore())).to.equal("DBSnapshotNotFoundFault");
  });

  it("have the final one's name once: a second instance cannot use it", async () => {
    await of.remove({ FinalDBSnapshotIdentifier: "final" });
    expect((await of.describe("final")).SnapshotType).to.equal("manual");
    await of.client.createDBInstance(of.make.database("source", "db"));
    const again = of.remove({ FinalDBSnapshotIdentifier: "final" });
    expect(await errorOf(again)).to.match(/^DBSnapshotAlreadyExists/);
  });

  it("leave automated backups when they are to be kept, which restore a deleted instance", async () => {
    const backups = async (DbiResourceId: string) =>
      (await of.client.describeDBInstanceAutomatedBackups({ DbiResourceId }))
        .DBInstanceAutomatedBackups![0]!;
    const { DbiResourceId } = await of.make.describeDatabase("source");
    const live = await backups(DbiResourceId!);
    expect(live).to.include({ Status: "active", DBInstanceIdentifier: "source", Encrypted: true });
    await of.remove({ SkipFinalSnapshot: true, DeleteAutomatedBackups: false });
    const kept = await backups(DbiResourceId!);
    expect(kept).to.include({ Status: "retained", AllocatedStorage: 20, MasterUsername: "admin" });

    const restore = (RestoreTime: Date) =>
      of.client.restoreDBInstanceToPointInTime({
        TargetDBInstanceIdentifier: "restored",
        SourceDbiResourceId: DbiResourceId,
        DBSubnetGroupName: "db",
        RestoreTime,
      });
    const { EarliestTime, LatestTime } = kept.RestoreWindow!;
    expect(EarliestTime).to.be.at.most(LatestTime!);
    const after = restore(new Date(LatestTime!.getTime() + 2000));
    expect(await errorOf(after)).to.match(/^InvalidRestoreFault/);
    await restore(LatestTime!);
    expect(await of.make.describeDatabase("restored")).to.include({ DBName: "appdb" });
  });

  it("go with the instance whose automated backups are not kept", async () => {
    const { DbiResourceId } = await of.make.describeDatabase("source");
    await of.remove({ SkipFinalSnapshot: true });
    const asked = of.client.describeDBInstanceAutomatedBackups({ DbiResourceId });
    expect(await errorOf(asked)).to.match(/^DBInstanceAutomatedBackupNotFound/);
  });
});

describe("With machines, the lab's snapshots", function () {
  this.timeout(30_000);
  let api: ApiServer;
  let of: Awaited<ReturnType<typeof account>>;
  before(async () => {
    api = await startApi({ LAB_CONTROLLER: "1" });
    of = await account(api);
  });
  after(() => api?.stop());
  const report = async (resource: string, status: string) => {
    const body = JSON.stringify({ resource, status });
    return (await fetch(`${api.endpoint}/_lab/status`, { method: "POST", body })).status;
  };

  it("are of available instances, and are being made until the controller has their data", async () => {
    expect(await errorOf(of.snapshot("first"))).to.match(/^InvalidDBInstanceState/);
    expect(await report("source", "available")).to.equal(200);
    await of.snapshot("first");
    expect((await of.describe("first")).Status).to.equal("creating");
    expect(await errorOf(of.restore())).to.match(/^InvalidDBSnapshotState/);
    const early = of.client.deleteDBSnapshot({ DBSnapshotIdentifier: "first" });
    expect(await errorOf(early)).to.match(/^InvalidDBSnapshotState/);
    expect(await report("snapshot.first", "available")).to.equal(200);
    expect((await of.describe("first")).Status).to.equal("available");
    await of.restore();
    expect((await of.make.describeDatabase("restored")).DBInstanceStatus).to.equal("creating");
  });

  it("refuse what the lab has no data of: automated ones, copies and moments", async () => {
    const { DBSnapshots = [] } = await of.client.describeDBSnapshots({ SnapshotType: "automated" });
    const automated = of.restore({ DBSnapshotIdentifier: DBSnapshots[0]!.DBSnapshotIdentifier });
    expect(await errorOf(automated)).to.match(/^InvalidRestoreFault/);
    const copy = of.client.copyDBSnapshot({
      ...{ SourceDBSnapshotIdentifier: "first", TargetDBSnapshotIdentifier: "copy" },
    });
    expect(await errorOf(copy)).to.match(/^InvalidDBSnapshotState/);
    const moment = of.client.restoreDBInstanceToPointInTime({
      ...{ TargetDBInstanceIdentifier: "other", SourceDBInstanceIdentifier: "source" },
      RestoreTime: new Date(),
    });
    expect(await errorOf(moment)).to.match(/^InvalidRestoreFault/);
  });

  it("are in the making while their deleted instance waits for them", async () => {
    await of.remove({ FinalDBSnapshotIdentifier: "final" });
    expect((await of.make.describeDatabase("source")).DBInstanceStatus).to.equal("deleting");
    expect((await of.describe("final")).Status).to.equal("creating");
  });
});
