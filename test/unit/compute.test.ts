import { expect } from "chai";
import { architectureOf } from "../../compute/images.ts";
import { userData } from "../../compute/user-data.ts";
import { program, type Program } from "./program.ts";

const instance = "aws:ec2/instance:Instance";

describe("The instances", () => {
  let built: Program;
  before(async () => {
    built = await program({ sshPublicKey: "ssh-ed25519 AAAA me@home" });
  });

  for (const [name, subnet, group] of [
    ["app-machine", "public-us-west-2a", "app"],
    ["test", "private-us-west-2a", "test"],
  ] as const) {
    it(`require IMDSv2, encrypt the root volume and keep user data secret: ${name}`, () => {
      const { inputs, ignoreChanges, secretInputs } = built.one(instance, `dev-${name}`);
      expect(inputs).to.include({
        ami: "ami-of-debian-13",
        instanceType: "t3.micro",
        subnetId: `flask-on-aws-dev-${subnet}-id`,
        keyName: "flask-on-aws-dev-1234567",
        userDataReplaceOnChange: true,
      });
      expect(inputs.vpcSecurityGroupIds).to.deep.equal([`flask-on-aws-dev-${group}-id`]);
      expect(inputs.metadataOptions).to.deep.equal({
        httpEndpoint: "enabled",
        httpTokens: "required",
        httpPutResponseHopLimit: 1,
      });
      expect(inputs.rootBlockDevice).to.include({ encrypted: true, volumeType: "gp3" });
      expect(ignoreChanges, "a new image must not replace the machine").to.deep.equal(["ami"]);
      expect(secretInputs, "it holds the first-contact key").to.deep.equal(["userData"]);
    });

    it(`receive the first-contact host key in their user data: ${name}`, () => {
      const config = JSON.parse(
        built.one(instance, `dev-${name}`).inputs.userData.replace("#cloud-config\n", ""),
      );
      expect(config.ssh_keys).to.deep.equal({
        ed25519_private: `-----BEGIN KEY-----\nflask-on-aws-dev-${name}-host-key\n-----END KEY-----\n`,
        ed25519_public: `ssh-ed25519 PUBLIC+flask-on-aws-dev-${name}-host-key`,
      });
      expect(config.ssh_authorized_keys).to.deep.equal(["ssh-ed25519 AAAA me@home"]);
    });
  }

  it("install their packages by a cloud-config that fits into the limit of user data", () => {
    const text = userData({
      loginUser: "admin",
      hostKey: { privateKey: "private\n", publicKey: "public" },
      authorizedKeys: [],
    });
    expect(text).to.match(/^#cloud-config\n/);
    const config = JSON.parse(text.replace("#cloud-config\n", ""));
    expect(config.packages).to.include.members([
      "docker.io",
      "docker-cli",
      "docker-compose",
      "git",
      "default-mysql-client",
      "zip",
      "cron",
      "awscli",
    ]);
    expect(config).to.include({ package_upgrade: true, ssh_deletekeys: true });
    expect(config.runcmd).to.deep.equal([["usermod", "--append", "--groups", "docker", "admin"]]);
    expect(text.length).to.be.below(16384 - 1000);
  });

  it("have public addresses only by an Elastic IP, which outlives the app server", () => {
    const address = built.one("aws:ec2/eip:Eip", "-app");
    expect(address.inputs).to.not.have.property("instance");
    expect(built.one("aws:ec2/eipAssociation:EipAssociation").inputs).to.deep.equal({
      allocationId: "flask-on-aws-dev-app-id",
      instanceId: "flask-on-aws-dev-app-machine-id",
    });
    for (const { inputs } of built.all(instance)) {
      expect(inputs).to.not.have.property("associatePublicIpAddress");
    }
  });

  it("have one role, which reads rules and the database's room, reads and writes backups and certificates and writes status.json", () => {
    expect(
      JSON.parse(built.one("aws:iam/rolePolicy:RolePolicy").inputs.policy).Statement,
    ).to.deep.equal([
      { Effect: "Allow", Action: "ec2:DescribeSecurityGroupRules", Resource: "*" },
      { Effect: "Allow", Action: "cloudwatch:GetMetricStatistics", Resource: "*" },
      {
        Effect: "Allow",
        Action: "rds:DescribeDBInstances",
        Resource: "arn:aws:rds:*:*:db:flask-on-aws-dev-database*",
      },
      {
        Effect: "Allow",
        Action: "s3:ListBucket",
        Resource: ["arn:aws:s3:::flask-on-aws-dev-backups", "arn:aws:s3:::flask-on-aws-dev-https"],
      },
      {
        Effect: "Allow",
        Action: ["s3:GetObject", "s3:PutObject"],
        Resource: [
          "arn:aws:s3:::flask-on-aws-dev-backups/*",
          "arn:aws:s3:::flask-on-aws-dev-https/*",
        ],
      },
      {
        Effect: "Allow",
        Action: "s3:PutObject",
        Resource: ["arn:aws:s3:::flask-on-aws-dev-site/status.json"],
      },
    ]);
    const trust = JSON.parse(built.one("aws:iam/role:Role").inputs.assumeRolePolicy);
    expect(trust.Statement[0].Principal).to.deep.equal({ Service: "ec2.amazonaws.com" });
    const profile = "flask-on-aws-dev-app-1234567";
    expect(built.one(instance, "app-machine").inputs.iamInstanceProfile).to.equal(profile);
    expect(built.one(instance, "dev-test").inputs).to.not.have.property("iamInstanceProfile");
  });

  it("have the architecture that their instance type implies", () => {
    for (const type of ["t4g.micro", "m7gd.large", "a1.medium", "c6gn.xlarge"]) {
      expect(architectureOf(type), type).to.equal("arm64");
    }
    for (const type of ["t3.micro", "g5.xlarge", "m7i-flex.large", "p4d.24xlarge"]) {
      expect(architectureOf(type), type).to.equal("amd64");
    }
  });
});

describe("Secrets", () => {
  it("include a new first-contact host key when sshPublicKey changes", async () => {
    // Other authorized keys replace the instance. The new one needs a host key that nobody knows yet.
    const triggers = (of: Program) =>
      of.one("command:local:Command", "app-machine-host-key").inputs.triggers as unknown;
    expect(triggers(await program())).to.equal(undefined);
    const sshPublicKey = "ssh-ed25519 AAAA";
    expect(triggers(await program({ sshPublicKey }))).to.deep.equal([sshPublicKey]);
  });

  it("are generated once: a changed command does not run again", async () => {
    const { all } = await program();
    // The reach check generates nothing, and the servers generate their own host keys.
    const commands = all("command:local:Command").filter(
      ({ name }) => !/-reach$|-own-host-key-/.test(name),
    );
    expect(commands.map(({ name }) => name.replace("flask-on-aws-dev-", ""))).to.have.members([
      "admin-key",
      "app-machine-host-key",
      "test-host-key",
      "database-master-password",
      "release-database-password",
      "release-secret-key",
    ]);
    for (const { inputs, ignoreChanges, secretOutputs } of commands) {
      expect(Object.keys(inputs)).to.have.members(["create", "logging"]);
      expect(inputs.logging).to.equal("none");
      expect(ignoreChanges).to.deep.equal(["create"]);
      expect(secretOutputs).to.deep.equal(["stdout"]);
    }
  });
});
