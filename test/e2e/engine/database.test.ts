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
  this.timeout(120_000);
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
  const up = async (changed: Partial<DatabaseArgs> = {}) => {
    const config = ["--config", `changed=${JSON.stringify(changed)}`];
    const { status, stdout, stderr } = await engine.pulumi(
      "up",
      "--yes",
      "--skip-preview",
      ...config,
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
});
