/** The copy of the backups in another region. */
import { expect } from "chai";
import { program, upstream, type Program } from "./program.ts";

const token = (name: string) => `aws:s3/${name[0]!.toLowerCase()}${name.slice(1)}:${name}`;
const regions = "aws:index/getRegions:getRegions";
const copied = { backupCopyRegion: "us-east-2" };

describe("The copy of the backups in another region", () => {
  let built: Program;
  const inputs = (type: string, end = "-copy") => built.one(token(type), end).inputs;
  const key = ({ type, name }: { type: string; name: string }) => `${type} ${name}`;
  before(async () => {
    built = await program(copied);
  });

  it("does not exist without the setting, of which the scripts are then not told", async () => {
    const plain = await program();
    const keys = plain.resources.map(key);
    const more = built.resources.map(key).filter((each) => !keys.includes(each));
    expect(more).to.have.length(11);
    for (const each of more) expect(each).to.match(/ flask-on-aws-dev-copy/);
    expect(keys.filter((each) => !built.resources.map(key).includes(each))).to.deep.equal([]);
    // Another environment of the scripts would be another release.
    const variables = (of: Program) =>
      of.one("command:remote:Command", "-write-stack.env").inputs.stdin as string;
    expect(variables(plain)).to.not.include("COPY");
    expect(variables(built)).to.include("BACKUP_COPY_REGION='us-east-2'");
  });

  it("is a private, encrypted bucket with versions that expire, reached by TLS only, as the first", () => {
    const bucket = "flask-on-aws-dev-copy-id";
    for (const type of [
      "BucketPublicAccessBlock",
      "BucketServerSideEncryptionConfiguration",
      "BucketVersioning",
      "BucketLifecycleConfiguration",
    ])
      expect(inputs(type), type).to.deep.equal({ ...inputs(type, "-backups"), bucket });
    const policy = inputs("BucketPolicy", "-backups").policy as string;
    expect(inputs("BucketPolicy").policy).to.equal(policy.replaceAll("-backups", "-copy"));
    expect(built.outputs["backupCopyBucket"]!.value).to.equal(bucket);
  });

  it("is in the other region, and the rule and its role are of the stack's own", () => {
    const provider = built.one("pulumi:providers:aws", "-copy-us-east-2");
    expect(provider.inputs.region).to.equal("us-east-2");
    expect(JSON.parse(provider.inputs.defaultTags)).to.deep.equal({
      tags: { project: "flask-on-aws", stack: "dev" },
    });
    const own = /::flask-on-aws-dev::flask-on-aws-dev-id$/;
    for (const resource of built.resources.filter(({ name }) => name === "flask-on-aws-dev-copy")) {
      if (!resource.type.startsWith("aws:")) continue;
      const isHome = /iam|ReplicationConfig/.test(resource.type);
      const expected = isHome ? own : /::flask-on-aws-dev-copy-us-east-2-id$/;
      expect(resource.provider, resource.type).to.match(expected);
    }
  });

  it("gets each new object of the backups, and no deletion, once both buckets have versions", () => {
    const rule = built.one(token("BucketReplicationConfig"));
    expect(rule.inputs).to.deep.equal({
      bucket: "flask-on-aws-dev-backups-id",
      role: "arn:aws:iam:::flask-on-aws-dev-copy",
      rules: [
        {
          id: "backups",
          status: "Enabled",
          priority: 1,
          filter: { prefix: "backups/" },
          deleteMarkerReplication: { status: "Disabled" },
          destination: { bucket: "arn:aws:s3:::flask-on-aws-dev-copy" },
        },
      ],
    });
    const before = upstream(built, key(rule));
    for (const end of ["-backups", "-copy"])
      expect(before).to.include(key(built.one(token("BucketVersioning"), end)));
    expect(before).to.include(key(built.one("aws:iam/rolePolicy:RolePolicy", "-copy")));
  });

  it("is written by S3 alone, which may read the backups and delete nothing", () => {
    const [own, copy] = ["backups", "copy"].map((end) => `arn:aws:s3:::flask-on-aws-dev-${end}`);
    const role = built.one("aws:iam/role:Role", "-copy").inputs;
    expect(JSON.parse(role.assumeRolePolicy).Statement).to.deep.equal([
      {
        Effect: "Allow",
        Principal: { Service: "s3.amazonaws.com" },
        Action: "sts:AssumeRole",
      },
    ]);
    const { policy } = built.one("aws:iam/rolePolicy:RolePolicy", "-copy").inputs;
    expect(JSON.parse(policy).Statement).to.deep.equal([
      {
        Effect: "Allow",
        Action: ["s3:GetReplicationConfiguration", "s3:ListBucket"],
        Resource: own,
      },
      {
        Effect: "Allow",
        Action: [
          "s3:GetObjectVersionForReplication",
          "s3:GetObjectVersionAcl",
          "s3:GetObjectVersionTagging",
          "s3:GetObjectRetention",
          "s3:GetObjectLegalHold",
        ],
        Resource: `${own}/backups/*`,
      },
      {
        Effect: "Allow",
        Action: ["s3:ReplicateObject", "s3:ReplicateTags"],
        Resource: `${copy}/backups/*`,
      },
    ]);
    const others = built.all("aws:iam/rolePolicy:RolePolicy").map(({ inputs }) => inputs.policy);
    expect(others.filter((text: string) => text.includes(copy!))).to.deep.equal([policy]);
  });

  it("is locked as long as the backups, which S3 demands of a copy, before it gets any", async () => {
    const locked = await program({ ...copied, backupLockDays: 7 });
    const type = token("BucketObjectLockConfiguration");
    const before = upstream(locked, key(locked.one(token("BucketReplicationConfig"))));
    for (const end of ["-backups", "-copy"]) {
      const lock = locked.one(type, end);
      expect(lock.inputs.rule).to.deep.equal({
        defaultRetention: { mode: "GOVERNANCE", days: 7 },
      });
      expect(before).to.include(key(lock));
    }
    // S3's replication cannot ask that an object does not exist yet.
    const { policy } = locked.one(token("BucketPolicy"), "-copy").inputs;
    expect(policy).to.equal(inputs("BucketPolicy").policy);
    expect(locked.one(token("BucketPolicy"), "-backups").inputs.policy).to.not.equal(policy);
  });

  it("is protected, and deleted with its content, as the first bucket is", async () => {
    const bucket = (of: Program) => {
      const { inputs, protect } = of.one(token("Bucket"), "-copy");
      return { forceDestroy: inputs.forceDestroy, protect };
    };
    expect(bucket(built)).to.deep.equal({ forceDestroy: false, protect: true });
    for (const lifted of [{ protectData: false }, { confirmDestroy: "dev" }])
      expect(bucket(await program({ ...copied, ...lifted }))).to.deep.equal({
        ...{ forceDestroy: true, protect: false },
      });
  });

  const errorWith = (answer: () => Record<string, unknown>) =>
    program(copied, { [regions]: answer }).then(
      () => "",
      (error: Error) => error.message,
    );

  it("is refused in a region that does not exist, or that the account has not enabled", async () => {
    expect(await errorWith(() => ({ names: ["us-west-2", "eu-west-1"] }))).to.equal(
      [
        "The settings have problems:",
        '- flask-on-aws:backupCopyRegion is "us-east-2"',
        "    is no region of AWS, or one that the account has not enabled",
        "    remedy: use one of: eu-west-1",
        "            or enable it: aws account enable-region --region-name us-east-2",
      ].join("\n"),
    );
  });

  it("is refused when EC2 does not tell the regions", async () => {
    const denied = () => {
      throw new Error("UnauthorizedOperation");
    };
    expect(await errorWith(denied)).to.match(
      /^The regions of the account cannot be read: .*\nremedy: .* ec2:DescribeRegions/,
    );
  });
});
