import { expect } from "chai";
import { pendingChanges } from "../../database/pending-changes.ts";
import { growthLimit } from "../../database/storage.ts";
import { program, type Program } from "./program.ts";

describe("The database", () => {
  const instance = "aws:rds/instance:Instance";
  let built: Program;
  before(async () => {
    built = await program();
  });

  it("is MySQL 8.4, private and encrypted", () => {
    expect(built.one(instance).inputs).to.include({
      engine: "mysql",
      engineVersion: "8.4",
      instanceClass: "db.t4g.micro",
      allocatedStorage: 20,
      dbName: "appdb",
      storageEncrypted: true,
      publiclyAccessible: false,
      backupRetentionPeriod: 7,
      multiAz: false,
      autoMinorVersionUpgrade: true,
      copyTagsToSnapshot: true,
    });
    // Snapshots get its tags, and the program finds their schema there.
    expect(built.one(instance).inputs.tags).to.deep.equal({
      Name: "flask-on-aws-dev-database",
      schema: "appdb",
    });
    expect(built.one(instance).inputs.vpcSecurityGroupIds).to.deep.equal([
      "flask-on-aws-dev-database-id",
    ]);
    expect(built.one("aws:rds/subnetGroup:SubnetGroup").inputs.subnetIds).to.deep.equal([
      "flask-on-aws-dev-private-us-west-2a-id",
      "flask-on-aws-dev-private-us-west-2b-id",
    ]);
  });

  it("requires TLS and accepts dumps with functions and triggers", () => {
    const { family, parameters } = built.one("aws:rds/parameterGroup:ParameterGroup").inputs;
    expect(family).to.equal("mysql8.4");
    expect(parameters).to.have.deep.members([
      { name: "require_secure_transport", value: "1" },
      { name: "character_set_server", value: "utf8mb4" },
      { name: "log_bin_trust_function_creators", value: "1" },
    ]);
    expect(built.one(instance).inputs.parameterGroupName).to.include("flask-on-aws-dev-database");
  });

  it("has a generated master password, which stays a secret", () => {
    const { inputs, secretInputs } = built.one(instance);
    expect(inputs.password).to.equal("secret-of-flask-on-aws-dev-database-master-password");
    expect(secretInputs).to.deep.equal(["password"]);
  });

  it("has another master password with each rotation", async () => {
    const command = "command:local:Command";
    const { resources, one } = await program({ databaseMasterPasswordRotation: 1 });
    const [password, reach] = ["database-master-password", "release-reach"];
    expect(one(command, password).inputs.triggers).to.deep.equal([1]);
    expect(built.one(command, password).inputs).to.not.have.property("triggers");
    // The steps on the machine that use it run again, so this computer must reach the machine.
    expect(one(command, reach).inputs.triggers).to.not.deep.equal(
      built.one(command, reach).inputs.triggers,
    );
    const users = resources.filter(
      ({ inputs }) => `${inputs.stdin}`.includes("master-password") && inputs.create,
    );
    expect(users.map(({ name }) => name.replace(/^.*-release-/, ""))).to.deep.equal([
      "prepare-database",
      "lock-old-user",
    ]);
    for (const { dependencies } of users)
      expect(dependencies).to.include(`${instance} flask-on-aws-dev-database`);
  });

  it("grows to five times its storage unless the settings say otherwise", async () => {
    expect(built.one(instance).inputs.maxAllocatedStorage).to.equal(100);
    for (const [allocated, limit, to] of [
      [20, 50, 50],
      [20, 22, 22],
      [20, 20, 0],
      [13_107, 0, 65_535],
      [20_000, 0, 65_536],
      // There is no room for 10 % more.
      [60_000, 0, 0],
    ] as const)
      expect(growthLimit(allocated, limit), `${allocated}, ${limit}`).to.equal(to);
    const { inputs } = (await program({ databaseMaxAllocatedStorage: 20 })).one(instance);
    expect(inputs).to.include({ allocatedStorage: 20, maxAllocatedStorage: 0 });
  });

  it("changes in the windows that the settings name, or at once", async () => {
    const { inputs } = built.one(instance);
    expect(inputs).to.include({ applyImmediately: false });
    // AWS chooses.
    expect(inputs).to.not.have.any.keys("backupWindow", "maintenanceWindow");
    const settings = {
      databaseApplyImmediately: true,
      databaseBackupWindow: "03:00-04:00",
      databaseMaintenanceWindow: "sun:05:00-sun:06:00",
    };
    expect((await program(settings)).one(instance).inputs).to.include({
      applyImmediately: true,
      backupWindow: "03:00-04:00",
      maintenanceWindow: "sun:05:00-sun:06:00",
    });
  });

  it("warns of changes that wait for the maintenance window", () => {
    const has = {
      instanceClass: "db.t4g.micro",
      allocatedStorage: 20,
      multiAz: false,
      backupRetentionDays: 7,
    };
    const window = "sun:05:00-sun:06:00";
    expect(pendingChanges(has, has, window)).to.equal(undefined);
    expect(pendingChanges(has, { ...has, allocatedStorage: 60 }, window)).to.equal(undefined);
    expect(pendingChanges({ ...has, backupRetentionDays: 8 }, has, window)).to.equal(undefined);
    expect(pendingChanges({ ...has, backupRetentionDays: 0 }, has, window)).to.include(
      "- databaseBackupRetentionDays from 7 to 0\n",
    );
    const wanted = {
      instanceClass: "db.t4g.small",
      allocatedStorage: 40,
      multiAz: true,
      backupRetentionDays: 7,
    };
    const warning = pendingChanges(wanted, has, window);
    expect(warning).to.equal(
      "RDS makes these changes in the next maintenance window, sun:05:00-sun:06:00 UTC:\n" +
        "- databaseInstanceClass from db.t4g.micro to db.t4g.small\n" +
        "- databaseAllocatedStorage from 20 to 40\n" +
        "- databaseMultiAz from false to true\n" +
        "To make them at once, set databaseApplyImmediately to true and run up again.",
    );
  });

  it("has a standby, longer backup retention and log exports when the settings ask for them", async () => {
    const settings = { databaseMultiAz: true, databaseBackupRetentionDays: 30, databaseLogs: true };
    const larger = await program(settings);
    const { inputs } = larger.one(instance);
    expect(inputs).to.include({ multiAz: true, backupRetentionPeriod: 30 });
    expect(inputs.enabledCloudwatchLogsExports).to.deep.equal(["error", "slowquery"]);
    const { parameters } = larger.one("aws:rds/parameterGroup:ParameterGroup").inputs;
    expect(parameters).to.deep.include.members([
      { name: "slow_query_log", value: "1" },
      { name: "log_output", value: "FILE" },
    ]);
    expect(built.one(instance).inputs.enabledCloudwatchLogsExports).to.deep.equal([]);
  });

  it("keeps the name of its final snapshot, which is another one for each database", async () => {
    const first = built.one(instance);
    expect(first.ignoreChanges).to.include("finalSnapshotIdentifier");
    const second = (await program()).one(instance);
    expect(first.inputs.finalSnapshotIdentifier).to.not.equal(
      second.inputs.finalSnapshotIdentifier,
    );
  });

  it("does not begin with a snapshot that RDS does not have", async () => {
    const failure = await program({ databaseSnapshot: "none" }).catch((error: Error) => error);
    expect(failure).to.have.property("message").that.includes("is no DB snapshot of this account");
  });

  it("is protected from deletion and keeps a final snapshot unless the settings say otherwise", async () => {
    const lastSnapshot = {
      skipFinalSnapshot: false,
      deleteAutomatedBackups: false,
    };
    expect(built.one(instance).inputs).to.include({ deletionProtection: true, ...lastSnapshot });
    expect(built.one(instance).protect).to.equal(true);
    expect(built.one(instance).inputs.finalSnapshotIdentifier).to.match(
      /^flask-on-aws-dev-database-1234567-appdb-[0-9a-f]{8}-final$/,
    );

    const tornDown = (await program({ confirmDestroy: "dev" })).one(instance);
    expect(tornDown.inputs).to.include({ deletionProtection: false, ...lastSnapshot });
    expect(tornDown.protect).to.equal(false);

    const unprotected = (await program({ protectData: false })).one(instance);
    expect(unprotected.inputs).to.include({ deletionProtection: false, skipFinalSnapshot: true });
    expect(unprotected.inputs).to.include({ deleteAutomatedBackups: true });
    // A stack that asks for a final snapshot later has a name for it.
    expect(unprotected.inputs.finalSnapshotIdentifier).to.equal(
      "flask-on-aws-dev-database-1234567-appdb-final",
    );
    expect(unprotected.ignoreChanges).to.not.include("finalSnapshotIdentifier");
    expect(unprotected.protect).to.equal(false);
  });
});
