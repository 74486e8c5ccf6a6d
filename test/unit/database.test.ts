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
    });
    expect(built.one(instance).inputs.vpcSecurityGroupIds).to.deep.equal([
      "flask-on-aws-dev-database-id",
    ]);
    expect(built.one("aws:rds/subnetGroup:SubnetGroup").inputs.subnetIds).to.deep.equal([
      "flask-on-aws-dev-private-us-west-2a-id",
      "flask-on-aws-dev-private-us-west-2b-id",
    ]);
  });

  it("requires TLS and lets dumps with functions and triggers be restored", () => {
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

  it("is not lost with the stack unless the settings say so", async () => {
    expect(built.one(instance).inputs).to.include({
      deletionProtection: true,
      skipFinalSnapshot: false,
      finalSnapshotIdentifier: "flask-on-aws-dev-database-1234567-final",
    });
    const unprotected = await program({ protectData: false });
    const { inputs } = unprotected.one(instance);
    expect(inputs).to.include({ deletionProtection: false, skipFinalSnapshot: true });
    expect(inputs).to.not.have.property("finalSnapshotIdentifier");
  });
});
