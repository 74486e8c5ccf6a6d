/** How the database changes and grows, under the real engine. */
import { RDS } from "@aws-sdk/client-rds";
import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseArgs } from "../../../database/database.ts";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { type Engine, engineFor } from "../../support/engine.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

describe("The database", function () {
  this.timeout(180_000);
  stepsInOrder();

  const directory = mkdtempSync(join(tmpdir(), "database-"));
  let api: ApiServer;
  let engine: Engine;
  let rds: RDS;
  before(async () => {
    api = await startApi();
    rds = new RDS(api.client);
    engine = engineFor(api, "test/e2e/programs/database", directory);
    await engine.begin();
  });
  after(async () => {
    await api?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Runs `pulumi up` with these arguments of the database; resolves to what it prints. */
  const up = async (changed: Partial<DatabaseArgs> = {}, args: string[] = []) => {
    const config = ["--config", `changed=${JSON.stringify(changed)}`];
    const { status, stdout, stderr } = await engine.pulumi(
      "up",
      "--yes",
      "--skip-preview",
      ...config,
      ...args,
    );
    expect(status, stdout + stderr).to.equal(0);
    return stdout + stderr;
  };
  const found = async () => (await rds.describeDBInstances({})).DBInstances![0]!;
  const masterPassword = async () =>
    (await engine.pulumi("stack", "output", "masterPassword", "--show-secrets")).stdout.trim();
  /** The password that the server has. */
  const applied = async () => {
    const { DBInstanceIdentifier: id } = await found();
    const answer = await fetch(`${api.endpoint}/_lab/db/${id}/master-password`);
    return ((await answer.json()) as { password: string }).password;
  };

  it("may grow to five times its storage, and what has grown is no drift", async () => {
    expect(await up()).to.not.include("warning");
    const { DBInstanceIdentifier, MaxAllocatedStorage } = await found();
    expect(MaxAllocatedStorage).to.equal(100);
    const grown = { AllocatedStorage: 60, ApplyImmediately: true };
    await rds.modifyDBInstance({ DBInstanceIdentifier, ...grown });
    // As ./ops verify does.
    const preview = ["preview", "--refresh", "--expect-no-changes"];
    const { status, stdout, stderr } = await engine.pulumi(...preview);
    expect(status, stdout + stderr).to.equal(0);
  });

  it("keeps the storage that has grown when another setting changes, with a refresh and without", async () => {
    const windows = {
      backupWindow: "03:00-04:00",
      maintenanceWindow: "sun:05:00-sun:06:00",
    };
    await up(windows);
    await engine.pulumi("refresh", "--yes", "--skip-preview");
    await up({ ...windows, maxAllocatedStorage: 200 });
    expect(await found()).to.include({
      AllocatedStorage: 60,
      MaxAllocatedStorage: 200,
      PreferredBackupWindow: "03:00-04:00",
      PreferredMaintenanceWindow: "sun:05:00-sun:06:00",
    });
  });

  it("warns of a change until RDS has made it, and makes it at once if it is told to", async () => {
    const warning =
      /RDS makes these changes in the next maintenance window, sun:05:00-sun:06:00 UTC:\n +- databaseInstanceClass from db.t4g.micro to db.t4g.small\n/;
    const instanceClass = "db.t4g.small";
    expect(await up({ instanceClass })).to.match(warning);
    expect(await found()).to.include({ DBInstanceClass: "db.t4g.micro" });
    expect(await up({ instanceClass })).to.match(warning);
    expect(await up({ instanceClass, applyImmediately: true })).to.not.include("maintenance");
    expect(await found()).to.include({ DBInstanceClass: "db.t4g.small" });
    expect(await up({ instanceClass })).to.not.include("maintenance");
  });

  it("has another master password with each rotation, and only then", async () => {
    const first = await masterPassword();
    expect(await applied()).to.equal(first);
    await up({ masterPasswordRotation: 1 });
    const second = await masterPassword();
    expect(second)
      .to.match(/^[0-9a-f]{32}$/)
      .and.not.equal(first);
    expect(await applied()).to.equal(second);
    await up({ masterPasswordRotation: 1, backupRetentionDays: 8 });
    expect(await masterPassword()).to.equal(second);
    expect(await applied()).to.equal(second);
  });

  describe("with an origin", () => {
    const final = async () => {
      const { stdout } = await engine.pulumi("stack", "export");
      return /"finalSnapshotIdentifier": "(.*?)"/.exec(stdout)?.[1];
    };
    const instance = ["--replace", "**rds/instance:Instance::**"];
    const snapshots = async () =>
      (await rds.describeDBSnapshots({ SnapshotType: "manual" })).DBSnapshots!;
    const backups = async () =>
      (await rds.describeDBInstanceAutomatedBackups({})).DBInstanceAutomatedBackups!;
    // As it has grown.
    const kept = { finalSnapshot: true, allocatedStorage: 60 };
    const origin = { snapshotIdentifier: "first" };
    const warning = "databaseSnapshot is first, but the database is older, and keeps its rows.";
    let before: string;

    it("stays as it is when one is named later, and warns", async () => {
      await up(kept);
      const { DBInstanceIdentifier, DbiResourceId } = await found();
      before = DbiResourceId!;
      await rds.createDBSnapshot({ DBInstanceIdentifier, DBSnapshotIdentifier: "first" });
      expect(await up({ ...kept, origin })).to.include(warning);
      expect((await found()).DbiResourceId).to.equal(before);
    });

    it("is replaced on demand, with the master password of the state, and the old one leaves a final snapshot and its backups", async () => {
      const name = await final();
      expect(await up({ ...kept, origin }, instance)).to.not.include("warning");
      const { DbiResourceId, DBName } = await found();
      expect(DbiResourceId).to.not.equal(before);
      expect(DBName).to.equal("appdb");
      expect(await applied()).to.equal(await masterPassword());
      const names = (await snapshots()).map(({ DBSnapshotIdentifier: id }) => id);
      expect(names).to.have.members(["first", name]);
      const retained = (await backups()).filter(({ Status }) => Status === "retained");
      expect(retained.map(({ DbiResourceId: id }) => id)).to.deep.equal([before]);
    });

    it("keeps its rows when the origin is changed, removed and gone", async () => {
      const { DbiResourceId } = await found();
      expect(await up({ ...kept, origin })).to.not.include("warning");
      await rds.deleteDBSnapshot({ DBSnapshotIdentifier: "first" });
      expect(await up({ ...kept, origin: { snapshotIdentifier: "other" } })).to.include(
        "databaseSnapshot is other, but the database is older",
      );
      await up(kept);
      await engine.pulumi("refresh", "--yes", "--skip-preview");
      expect(await up(kept)).to.not.include("warning");
      expect((await found()).DbiResourceId).to.equal(DbiResourceId);
    });

    it("begins with a moment of an instance that is deleted", async () => {
      const [{ DbiResourceId = "", RestoreWindow } = {}] = (await backups()).filter(
        ({ Status }) => Status === "retained",
      );
      const restoreTime = `${RestoreWindow!.LatestTime!.toISOString().slice(0, 19)}Z`;
      const moment = { restoreToPointInTime: { restoreTime, sourceDbiResourceId: DbiResourceId } };
      const text = await up({ ...kept, origin: moment }, instance);
      expect(text).to.not.include("warning");
      expect((await found()).DBName).to.equal("appdb");
      expect(await applied()).to.equal(await masterPassword());
      expect(await snapshots()).to.have.length(2);
    });

    it("has a name for its final snapshot that is free when its schema goes away and comes back", async () => {
      await up({ ...kept, schema: "shop" });
      await up(kept);
      expect((await engine.pulumi("destroy", "--yes", "--skip-preview")).status).to.equal(0);
      const names = (await snapshots()).map(({ DBSnapshotIdentifier: id }) => id!);
      expect(names).to.have.length(5);
      expect(names.filter((name) => /-shop-[0-9a-f]{8}-final$/.test(name))).to.have.length(1);
    });
  });
});
