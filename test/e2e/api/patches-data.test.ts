import * as ec2 from "@aws-sdk/client-ec2";
import * as rds from "@aws-sdk/client-rds";
import * as s3 from "@aws-sdk/client-s3";
import { expect } from "chai";
import { AccountClient } from "../../../lab/providers/aws/account-client.ts";
import { builder, type Builder } from "../../../lab/support/account.ts";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";

describe("As on AWS, the lab's", function () {
  this.timeout(30_000);
  let api: ApiServer;
  let make: Builder;
  let vpc: string;
  let subnet: string;
  let count = 0;
  before(async () => (api = await startApi({ LAB_SUBNET: "7" })));
  after(() => api?.stop());
  beforeEach(async () => {
    make = builder(api);
    vpc = await make.vpc(`10.${++count}.0.0/16`);
    subnet = await make.subnet(vpc, `10.${count}.0.0/24`);
  });

  describe("databases", () => {
    let name: string;
    beforeEach(async () => {
      name = `db-${count}`;
      await make.subnetGroup(name, [subnet, await make.subnet(vpc, `10.${count}.1.0/24`, "b")]);
    });
    const create = (more: Partial<rds.CreateDBInstanceCommandInput> = {}) =>
      make.databases.send(
        new rds.CreateDBInstanceCommand({ ...make.database(name, name), ...more }),
      );
    const remove = () =>
      make.databases.send(
        new rds.DeleteDBInstanceCommand({ DBInstanceIdentifier: name, SkipFinalSnapshot: true }),
      );

    const modify = (more: Partial<rds.ModifyDBInstanceCommandInput>) =>
      make.databases.send(new rds.ModifyDBInstanceCommand({ DBInstanceIdentifier: name, ...more }));

    it("have a full version, an endpoint, a unique ID and the default group of their VPC", async () => {
      await create();
      const database = await make.describeDatabase(name);
      expect(database.EngineVersion).to.match(/^8\.4\.\d+$/);
      expect(database.DBParameterGroups![0]!.DBParameterGroupName).to.equal("default.mysql8.4");
      expect(database.Endpoint!.Port).to.equal(3306);
      expect(database.Endpoint!.Address).to.match(/^db-\d+\.\w+\.us-west-2\.rds\.amazonaws\.com$/);
      expect(database.DBInstanceStatus).to.equal("available");
      const [eni] = await make.interfaces(vpc);
      const group = database.VpcSecurityGroups![0]!.VpcSecurityGroupId;
      expect(eni!.Groups!.map(({ GroupId }) => GroupId)).to.deep.equal([group]);
      const first = database.DbiResourceId;
      await remove();
      await create();
      expect((await make.describeDatabase(name)).DbiResourceId).to.not.equal(first);
    });

    it("are created in the requested zone if one of their subnets is there", async () => {
      const error = await create({ AvailabilityZone: "us-west-2c" }).catch((e: Error) => e);
      expect(error).to.have.property("name", "InvalidVPCNetworkStateFault");
      await create({ AvailabilityZone: "us-west-2b" });
      expect((await make.describeDatabase(name)).AvailabilityZone).to.equal("us-west-2b");
      expect((await make.interfaces(vpc))[0]!.PrivateIpAddress).to.equal(`10.${count}.1.4`);
    });

    it("do not change their class at once unless ApplyImmediately is set", async () => {
      await create();
      const DBInstanceClass = "db.t4g.small";
      await modify({ DBInstanceClass, ApplyImmediately: false });
      const waiting = await make.describeDatabase(name);
      expect(waiting.DBInstanceClass).to.equal("db.t4g.micro");
      expect(waiting.PendingModifiedValues!.DBInstanceClass).to.equal("db.t4g.small");
      await modify({ DBInstanceClass, ApplyImmediately: true });
      const applied = await make.describeDatabase(name);
      expect(applied.DBInstanceClass).to.equal("db.t4g.small");
      expect(applied.PendingModifiedValues?.DBInstanceClass).to.equal(undefined);
    });

    it("change the limit of their storage at once, and have none when it is the storage itself", async () => {
      await create({ MaxAllocatedStorage: 22 });
      expect((await make.describeDatabase(name)).MaxAllocatedStorage).to.equal(22);
      await modify({ AllocatedStorage: 40, MaxAllocatedStorage: 200 });
      const waiting = await make.describeDatabase(name);
      expect(waiting).to.include({ AllocatedStorage: 20, MaxAllocatedStorage: 200 });
      await modify({ MaxAllocatedStorage: 20 });
      expect((await make.describeDatabase(name)).MaxAllocatedStorage).to.equal(undefined);
    });

    it("grow, and refuse to shrink", async () => {
      await create();
      await modify({ AllocatedStorage: 30, ApplyImmediately: true });
      const refusal = await modify({ AllocatedStorage: 20 }).catch((reason: Error) => reason);
      expect(refusal).to.have.property("name", "InvalidParameterValue");
      expect((refusal as Error).message).to.include("30 GiB");
    });

    it("accept a maintenance window that ends in the next week", async () => {
      await create({ PreferredMaintenanceWindow: "sun:23:45-mon:00:15" });
      await modify({ PreferredMaintenanceWindow: "sun:23:30-mon:00:30" });
      const { PreferredMaintenanceWindow } = await make.describeDatabase(name);
      expect(PreferredMaintenanceWindow).to.equal("sun:23:30-mon:00:30");
    });

    it("have parameters that name their source", async () => {
      await make.parameterGroup(name, "mysql8.4");
      const group = { DBParameterGroupName: name };
      const wanted = { ParameterName: "max_connections", ParameterValue: "50" };
      const Parameters = [{ ...wanted, ApplyMethod: "immediate" as const }];
      await make.databases.send(new rds.ModifyDBParameterGroupCommand({ ...group, Parameters }));
      const command = new rds.DescribeDBParametersCommand({ ...group, Source: "user" });
      const found = (await make.databases.send(command)).Parameters!;
      expect(found.map(({ Source }) => Source)).to.deep.equal(["user"]);
      expect(found[0]).to.include(wanted);
      await make.databases.send(new rds.ResetDBParameterGroupCommand({ ...group, Parameters }));
      expect((await make.databases.send(command)).Parameters ?? []).to.deep.equal([]);
    });

    it("prevent the deletion of their security group until they are deleted", async () => {
      const group = await make.group(vpc, "database");
      await create({ VpcSecurityGroupIds: [group] });
      const command = new ec2.DeleteSecurityGroupCommand({ GroupId: group });
      const error = await make.cloud.send(command).catch((reason: Error) => reason);
      expect(error).to.have.property("name", "DependencyViolation");
      await remove();
      await make.cloud.send(command);
    });
  });

  describe("buckets", () => {
    const put = { Key: "a", Body: "a" };
    const policy = (Bucket: string, statement: object) =>
      new s3.PutBucketPolicyCommand({
        Bucket,
        Policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Principal: "*", Resource: `arn:aws:s3:::${Bucket}/*`, ...statement }],
        }),
      });

    it("block public access by default, and accept a public policy after that is turned off", async () => {
      const Bucket = `site-${count}`;
      const client = new s3.S3Client(api.client);
      await client.send(new s3.CreateBucketCommand({ Bucket }));
      const blocked = await client.send(new s3.GetPublicAccessBlockCommand({ Bucket }));
      expect(Object.values(blocked.PublicAccessBlockConfiguration!)).to.deep.equal([
        ...[true, true, true, true],
      ]);
      const PublicAccessBlockConfiguration = { BlockPublicPolicy: false };
      const relax = { Bucket, PublicAccessBlockConfiguration };
      await client.send(new s3.PutPublicAccessBlockCommand(relax));
      await client.send(policy(Bucket, { Effect: "Allow", Action: "s3:GetObject" }));
    });

    it("refuse public policies that the account blocks, even if their own settings allow them", async () => {
      const Bucket = `blocked-${count}`;
      const client = new s3.S3Client(api.client);
      await client.send(new s3.CreateBucketCommand({ Bucket }));
      const nothing = { BlockPublicPolicy: false };
      const relax = { Bucket, PublicAccessBlockConfiguration: nothing };
      await client.send(new s3.PutPublicAccessBlockCommand(relax));
      const account = new AccountClient(api.client);
      const AccountId = "123456789012";
      const block = (PublicAccessBlockConfiguration: s3.PublicAccessBlockConfiguration) =>
        account.putPublicAccessBlock({ AccountId, PublicAccessBlockConfiguration });
      await block({ BlockPublicPolicy: true });
      const open = policy(Bucket, { Effect: "Allow", Action: "s3:GetObject" });
      const error = await client.send(open).catch((reason: s3.S3ServiceException) => reason);
      expect(error).to.have.property("name", "AccessDenied");
      expect((error as Error).message).to.include(
        "because public policies are blocked by the BlockPublicPolicy block public access setting",
      );
      await block({ BlockPublicAcls: true });
      await client.send(open);
    });

    it("accept the lab's calls as TLS when their policy refuses plain HTTP", async () => {
      const Bucket = `tls-${count}`;
      const client = new s3.S3Client(api.client);
      await client.send(new s3.CreateBucketCommand({ Bucket }));
      const Condition = { Bool: { "aws:SecureTransport": "false" } };
      await client.send(policy(Bucket, { Effect: "Deny", Action: "s3:*", Condition }));
      await client.send(new s3.PutObjectCommand({ Bucket, ...put }));
      await client.send(policy(Bucket, { Effect: "Deny", Action: "s3:GetObject" }));
      const command = new s3.GetObjectCommand({ Bucket, Key: "a" });
      const error = await client.send(command).catch((reason: s3.S3ServiceException) => reason);
      expect(error.$metadata.httpStatusCode).to.equal(403);
    });
  });
});
