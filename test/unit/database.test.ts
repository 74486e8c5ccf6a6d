import { expect } from "chai";
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

  it("is protected from deletion and keeps a final snapshot unless the settings say otherwise", async () => {
    const lastSnapshot = {
      skipFinalSnapshot: false,
      finalSnapshotIdentifier: "flask-on-aws-dev-database-1234567-appdb-final",
    };
    expect(built.one(instance).inputs).to.include({ deletionProtection: true, ...lastSnapshot });
    expect(built.one(instance).protect).to.equal(true);

    const tornDown = (await program({ confirmDestroy: "dev" })).one(instance);
    expect(tornDown.inputs).to.include({ deletionProtection: false, ...lastSnapshot });
    expect(tornDown.protect).to.equal(false);

    const unprotected = (await program({ protectData: false })).one(instance);
    expect(unprotected.inputs).to.include({ deletionProtection: false, skipFinalSnapshot: true });
    expect(unprotected.inputs).to.not.have.property("finalSnapshotIdentifier");
    expect(unprotected.protect).to.equal(false);
  });
});
