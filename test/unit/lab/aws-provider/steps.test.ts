import { EC2 } from "@aws-sdk/client-ec2";
import { S3 } from "@aws-sdk/client-s3";
import { expect } from "chai";

import { builder } from "../../../../lab/support/account.ts";
import { type ApiServer, startApi } from "../../../../lab/support/api-server.ts";
import {
  ProviderProcess,
  type Properties,
  type EngineResource,
  unknown,
} from "../../../support/aws-provider.ts";

const types = {
  vpc: "aws:ec2/vpc:Vpc",
  subnet: "aws:ec2/subnet:Subnet",
  securityGroup: "aws:ec2/securityGroup:SecurityGroup",
  instance: "aws:ec2/instance:Instance",
  bucket: "aws:s3/bucket:Bucket",
  object: "aws:s3/bucketObjectv2:BucketObjectv2",
  versioning: "aws:s3/bucketVersioning:BucketVersioning",
  lock: "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration",
  role: "aws:iam/role:Role",
  database: "aws:rds/instance:Instance",
};

describe("The lab's AWS provider", function () {
  this.timeout(60_000);

  let api: ApiServer;
  let provider: ProviderProcess;
  let ec2: EC2;
  const settings = { region: "us-west-2", defaultTags: { tags: { project: "test" } } };
  before(async () => {
    api = await startApi();
    ec2 = new EC2(api.client);
    provider = await ProviderProcess.start(api.endpoint);
    await provider.configure(settings);
  });
  after(async () => {
    await provider?.stop();
    await api?.stop();
  });

  const createVpc = (inputs: Properties = {}): Promise<EngineResource> =>
    provider.create(types.vpc, "main", { cidrBlock: "10.0.0.0/16", ...inputs });
  const error = (call: Promise<unknown>): Promise<Error> =>
    call.then(
      () => expect.fail("no error"),
      (reason: Error) => reason,
    );
  /** What an `up` with these inputs would change. */
  const diff = async (resource: EngineResource, news: Properties, ignore: string[] = []) =>
    provider.diff(
      resource,
      await provider.checked(resource.type, resource.name, news, resource.inputs),
      ignore,
    );

  describe("before a resource exists", () => {
    it("refuses types, inputs, fields, functions and settings that it does not support", async () => {
      const inputs = { cidrBlock: "10.0.0.0/16", ipv6CidrBlock: "::/56", tagsAll: {} };
      const { failures } = await provider.check(types.vpc, "main", inputs);
      expect(Object.keys(failures)).to.deep.equal(["ipv6CidrBlock", "tagsAll"]);
      expect(failures["ipv6CidrBlock"]).to.contain(
        "does not know 'ipv6CidrBlock' of aws:ec2/vpc:Vpc",
      );
      const root = { rootBlockDevice: { volumeSize: 8, throughput: 125 } };
      const nested = await provider.check(types.instance, "app", root);
      expect(Object.keys(nested.failures)).to.deep.equal(["rootBlockDevice.throughput"]);

      for (const type of [
        "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
        "aws:sqs/queue:Queue",
      ])
        expect((await error(provider.check(type, "x", {}))).message).to.contain(
          `no type '${type}'`,
        );
      const call = provider.invoke("aws:index/getAmi:getAmi", {});
      expect((await error(call)).message).to.contain("no function 'aws:index/getAmi:getAmi'");
      expect(await provider.checkConfig({ ...settings, skipMetadataApiCheck: true })).to.deep.equal(
        {},
      );
      expect(await provider.checkConfig({ endpoints: "[]" })).to.have.all.keys("endpoints");
    });

    it("refuses an API that is not on this computer", async () => {
      const other = await ProviderProcess.start("http://198.51.100.1:4566");
      const reason = await error(other.configure(settings));
      await other.stop();
      expect(reason.message).to.contain("AWS_ENDPOINT_URL is 'http://198.51.100.1:4566'");
    });

    it("names a resource that the program does not name, and keeps that name", async () => {
      const { inputs } = await provider.check(types.securityGroup, "app", {});
      expect(inputs["name"]).to.match(/^app-[0-9a-f]{7}$/);
      expect(inputs["description"]).to.equal("Managed by Pulumi");
      expect(inputs["__defaults"]).to.have.members(["name", "description"]);
      const again = await provider.check(types.securityGroup, "app", {}, inputs);
      expect(again.inputs["name"]).to.equal(inputs["name"]);
      const named = await provider.check(types.securityGroup, "app", { name: "web" }, inputs);
      expect(named.inputs).to.include({ name: "web" });
      const unnamed = await provider.check(types.securityGroup, "app", {}, named.inputs);
      expect(unnamed.inputs["name"]).to.match(/^app-/);
    });

    it("previews a creation with unknown outputs and creates nothing", async () => {
      const count = async () => (await ec2.describeVpcs()).Vpcs!.length;
      const before = await count();
      const { state } = await provider.create(
        types.subnet,
        "public",
        { vpcId: unknown, cidrBlock: "10.0.0.0/24" },
        true,
      );
      expect(state).to.include({
        vpcId: unknown,
        availabilityZone: unknown,
        ownerId: unknown,
        cidrBlock: "10.0.0.0/24",
      });
      expect(state["tagsAll"]).to.deep.equal({ project: "test" });
      expect(await count()).to.equal(before);
    });
  });

  describe("with an existing resource", () => {
    it("sees no change in a resource that it has just created", async () => {
      const inputs = { cidrBlock: "10.0.0.0/16", enableDnsHostnames: true, tags: { Name: "main" } };
      const vpc = await provider.create(types.vpc, "main", inputs);
      expect(vpc.id).to.match(/^vpc-/);
      expect(await diff(vpc, inputs)).to.deep.equal({
        changes: {},
        replaces: [],
        deleteBeforeReplace: false,
      });
      expect((await provider.read(vpc))!.state).to.deep.equal(vpc.state);
    });

    it("distinguishes updates from replacements, also when the new value is still unknown", async () => {
      const vpc = await createVpc({ tags: { Name: "main" } });
      const news = { cidrBlock: unknown, enableDnsSupport: false };
      expect(await diff(vpc, news)).to.deep.equal({
        changes: {
          cidrBlock: "UPDATE_REPLACE",
          enableDnsSupport: "UPDATE",
          tags: "DELETE",
          tagsAll: "UPDATE",
        },
        replaces: ["cidrBlock"],
        deleteBeforeReplace: false,
      });
      const same = { cidrBlock: "10.0.0.0/16", enableDnsHostnames: true, tags: { Name: "main" } };
      expect((await diff(vpc, same)).changes).to.deep.equal({ enableDnsHostnames: "ADD" });
      expect((await diff(vpc, news, ["cidrBlock"])).replaces).to.deep.equal([]);
    });

    it("deletes a resource with a fixed name before it creates the replacement", async () => {
      const policy = { assumeRolePolicy: "{}" };
      const replaced = async (inputs: Properties) => {
        const { id: vpcId } = await createVpc();
        const group = await provider.create(types.securityGroup, "group", { ...inputs, vpcId });
        return diff(group, { ...inputs, vpcId, description: "other" });
      };
      expect(await replaced({ name: "fixed" })).to.include({ deleteBeforeReplace: true });
      expect(await replaced({})).to.include({ deleteBeforeReplace: false });
      const role = await provider.create(types.role, "role", { ...policy, name: "old" });
      const renamed = await diff(role, { ...policy, name: "new" });
      expect(renamed).to.deep.include({ replaces: ["name"], deleteBeforeReplace: false });
    });

    it("keeps its default tags separate from the resource's own tags", async () => {
      const vpc = await createVpc({ tags: { Name: "main" } });
      expect(vpc.state["tags"]).to.deep.equal({ Name: "main" });
      expect(vpc.state["tagsAll"]).to.deep.equal({ Name: "main", project: "test" });

      const other = await ProviderProcess.start(api.endpoint);
      await other.configure({ ...settings, defaultTags: { tags: { stack: "dev" } } });
      const inputs = await other.checked(types.vpc, "main", vpc.inputs);
      expect((await other.diff(vpc, inputs)).changes).to.deep.equal({ tagsAll: "UPDATE" });
      await other.update(vpc, { cidrBlock: "10.0.0.0/16", tags: { Name: "main" } });
      await other.stop();
      const { Tags } = (await ec2.describeVpcs({ VpcIds: [vpc.id] })).Vpcs![0]!;
      expect(Tags).to.have.deep.members([
        { Key: "Name", Value: "main" },
        { Key: "stack", Value: "dev" },
      ]);
    });

    it("detects changes that were made outside Pulumi, and reverts them", async () => {
      const inputs = { cidrBlock: "10.0.0.0/16", tags: { Name: "main" } };
      const vpc = await createVpc(inputs);
      await ec2.createTags({ Resources: [vpc.id], Tags: [{ Key: "Name", Value: "other" }] });
      await ec2.modifyVpcAttribute({ VpcId: vpc.id, EnableDnsSupport: { Value: false } });
      const seen = (await provider.read(vpc))!;
      expect(seen.inputs).to.deep.include({ tags: { Name: "other" }, enableDnsSupport: false });
      expect((await diff(seen, inputs)).changes).to.have.all.keys(
        "tags",
        "tagsAll",
        "enableDnsSupport",
      );
      const right = await provider.update(seen, inputs);
      expect(right.state).to.deep.equal(vpc.state);
      expect((await provider.read(right))!.state).to.deep.equal(vpc.state);
    });

    it("detects that a resource no longer exists, and accepts its deletion", async () => {
      const vpc = await createVpc();
      await ec2.deleteVpc({ VpcId: vpc.id });
      expect(await provider.read(vpc)).to.equal(undefined);
      await provider.delete(vpc);
    });

    it("reports the error code and message of AWS with the resource's name", async () => {
      const { message } = await error(createVpc({ cidrBlock: "10.0.0.0/8" }));
      expect(message).to.match(
        /creating aws:ec2\/vpc:Vpc 'main': InvalidVpc\.?Range: .*10\.0\.0\.0\/8/,
      );
    });
  });

  it("empties a bucket only with forceDestroy", async () => {
    const s3 = new S3(api.client);
    const full = async (forceDestroy: boolean) => {
      const bucket = await provider.create(types.bucket, "Backup", { forceDestroy });
      const { id: Bucket } = bucket;
      const versioningConfiguration = { status: "Enabled" };
      await provider.create(types.versioning, "v", { bucket: Bucket, versioningConfiguration });
      for (const Body of ["1", "2"]) await s3.putObject({ Bucket, Key: "a", Body });
      await s3.deleteObject({ Bucket, Key: "a" });
      return bucket;
    };
    const kept = await full(false);
    expect(kept.id).to.match(/^backup-[0-9a-f]{7}$/);
    expect((await error(provider.delete(kept))).message).to.contain("'Backup': BucketNotEmpty: ");
    const bucket = await full(true);
    await provider.delete(bucket);
    expect(await provider.read(bucket)).to.equal(undefined);
  });

  it("deletes locked versions with a bucket only when a refresh has seen the lock", async () => {
    const bucket = await provider.create(types.bucket, "Locked", { forceDestroy: true });
    const { id: Bucket } = bucket;
    const versioningConfiguration = { status: "Enabled" };
    const versions = { bucket: Bucket, versioningConfiguration };
    const versioning = await provider.create(types.versioning, "v", versions);
    const rule = { defaultRetention: { mode: "GOVERNANCE", days: 1 } };
    const lock = await provider.create(types.lock, "l", { bucket: Bucket, rule });
    await new S3(api.client).putObject({ Bucket, Key: "a", Body: "1", ChecksumAlgorithm: "CRC32" });
    await provider.delete(lock);
    await provider.delete(versioning);
    expect((await error(provider.delete(bucket))).message).to.contain(
      "AccessDenied on object a: Access Denied because object protected by object lock.",
    );
    await provider.delete((await provider.read(bucket))!);
    expect(await provider.read(bucket)).to.equal(undefined);
  });

  it("deletes every version of an object, and no version of other objects", async () => {
    const s3 = new S3(api.client);
    const { id: bucket } = await provider.create(types.bucket, "site", {});
    const versioningConfiguration = { status: "Enabled" };
    await provider.create(types.versioning, "v", { bucket, versioningConfiguration });
    const object = await provider.create(types.object, "a", { bucket, content: "1" });
    expect(object.inputs["key"]).to.equal("a");
    await provider.update(object, { bucket, content: "2" });
    await s3.putObject({ Bucket: bucket, Key: "ab", Body: "stays" });
    await provider.delete(object);
    const { Versions = [] } = await s3.listObjectVersions({ Bucket: bucket });
    expect(Versions.map(({ Key }) => Key)).to.deep.equal(["ab"]);
  });

  it("looks up availability zones and SSM parameters", async () => {
    const { names } = await provider.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", {
      filters: [{ name: "zone-type", values: ["availability-zone"] }],
    });
    expect(names).to.include.members(["us-west-2a", "us-west-2b"]);
    const name = "/aws/service/debian/release/13/latest/amd64";
    const parameter = await provider.invoke("aws:ssm/getParameter:getParameter", { name });
    expect(parameter["insecureValue"]).to.equal(builder(api).image);
    const unknownName = provider.invoke("aws:ssm/getParameter:getParameter", { name: "/x" });
    expect((await error(unknownName)).message).to.contain("ParameterNotFound");
  });
});
