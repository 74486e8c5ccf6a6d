import { expect } from "chai";
import { program, type Program } from "./program.ts";

describe("The program", () => {
  let built: Program;
  before(async () => {
    built = await program();
  });

  it("has the outputs that teammates read, with secrets marked", () => {
    const names = (secret: boolean) =>
      Object.keys(built.outputs).filter((name) => built.outputs[name]!.secret === secret);
    expect(names(false)).to.have.members([
      "appUrl",
      "appServerPublicIp",
      "appServerHostKey",
      "canaryUrl",
      "dnsRecord",
      "testServerPrivateIp",
      "testServerHostKey",
      "sshUser",
      "sshAccess",
      "region",
      "databaseEndpoint",
      "databaseName",
      "databaseUser",
      "siteUrl",
      "siteBucket",
      "backupBucket",
      "backupCopyBucket",
      "logGroups",
      "configuredCommit",
      "ciDeployRoleArn",
      "ciPreviewRoleArn",
      "vpcId",
    ]);
    expect(names(true)).to.have.members(["sshPrivateKey", "databasePassword"]);
    const value = (name: string) => built.outputs[name]!.value;
    expect(value("appUrl")).to.equal("https://198.18.0.64");
    expect(value("databaseEndpoint")).to.equal("db.example:3306");
    expect(value("siteUrl")).to.equal("http://flask-on-aws-dev-site-id.s3-website.example");
    expect(value("backupCopyBucket")).to.equal("");
    expect(value("region")).to.equal("us-west-2");
    expect(value("sshUser")).to.equal("admin");
    expect(value("testServerPrivateIp")).to.equal("10.0.1.10");
    for (const name of ["appServerHostKey", "testServerHostKey"])
      expect(value(name)).to.match(/^ssh-ed25519 \S+$/);
    expect(value("databaseUser")).to.equal("app_a");
    expect(JSON.parse(JSON.stringify(value("sshAccess")))).to.deep.equal({
      ...{ group: "flask-on-aws-dev-app-id", ownAddress: true, networks: ["203.0.113.7/32"] },
      account: { region: "us-west-2" },
    });
  });

  it("tags every AWS resource by the default tags of its provider", () => {
    const provider = built.one("pulumi:providers:aws");
    expect(JSON.parse(provider.inputs.defaultTags)).to.deep.equal({
      tags: { project: "flask-on-aws", stack: "dev" },
    });
    expect(provider.inputs.region).to.equal("us-west-2");
    const aws = built.resources.filter(({ type }) => type.startsWith("aws:"));
    expect(aws).to.have.length.above(40);
    for (const { type, name, provider: used } of aws) {
      expect(used, `${type} ${name}`).to.match(/::flask-on-aws-dev::flask-on-aws-dev-id$/);
    }
  });

  it("names every resource after the project and the stack", () => {
    for (const { type, name } of built.resources) {
      expect(name, type).to.match(/^flask-on-aws-dev(-|$)/);
    }
  });

  it("puts every resource into the component of its layer", () => {
    const layers: Record<string, string> = {
      "aws:ec2/vpc:Vpc": "flask-on-aws-dev",
      "aws:rds/instance:Instance": "flask-on-aws-dev-database",
      "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration": "flask-on-aws-dev-site",
      "aws:s3/bucketVersioning:BucketVersioning": "flask-on-aws-dev-backups",
      "aws:ec2/eipAssociation:EipAssociation": "flask-on-aws-dev-app",
    };
    for (const [type, parent] of Object.entries(layers)) {
      expect(built.one(type).parent, type).to.equal(parent);
    }
    const roots = built.resources.filter(
      ({ parent, type }) => !type.startsWith("flask-on-aws:") && !/^flask-on-aws-dev/.test(parent),
    );
    expect(roots.map(({ type }) => type)).to.have.members([
      "pulumi:providers:aws",
      "aws:ec2/keyPair:KeyPair",
      "command:local:Command",
    ]);
  });
});
