import { expect } from "chai";
import { errorPage, indexPage } from "../../storage/pages.ts";
import { program, upstream, type Program } from "./program.ts";

const token = (name: string) => `aws:s3/${name[0]!.toLowerCase()}${name.slice(1)}:${name}`;

describe("Storage", () => {
  let built: Program;
  before(async () => {
    built = await program();
  });

  /** The objects of the site that anybody may read, and those that the app server may write. */
  const shared = async (settings: Record<string, unknown>) => {
    const of = await program(settings);
    const policy = JSON.parse(of.one(token("BucketPolicy"), "-site").inputs.policy);
    const role = JSON.parse(of.one("aws:iam/rolePolicy:RolePolicy").inputs.policy);
    const site = "arn:aws:s3:::flask-on-aws-dev-site/";
    const keys = (arns: string[]) => arns.map((arn) => arn.replace(site, ""));
    return {
      read: keys(policy.Statement[0].Resource),
      write: keys(role.Statement.at(-1).Resource),
    };
  };

  it("shares app.zip when publishing is on, and dump.sql.gz only with publishDump", async () => {
    const pages = ["index.html", "error.html"];
    const publish = { publishRepository: "https://git.example/a.git", publishToken: "sesame" };
    expect(await shared({})).to.deep.equal({
      read: [...pages, "status.json"],
      write: ["status.json"],
    });
    const zip = ["status.json", "app.zip"];
    expect(await shared(publish)).to.deep.equal({ read: [...pages, ...zip], write: zip });
    const dump = [...zip, "dump.sql.gz"];
    expect(await shared({ ...publish, publishDump: true })).to.deep.equal({
      read: [...pages, ...dump],
      write: dump,
    });
  });

  it("lets anybody read the site's pages and status by the bucket policy, not by ACLs", () => {
    const policy = built.one(token("BucketPolicy"), "-site");
    expect(policy.inputs.bucket).to.equal("flask-on-aws-dev-site-id");
    expect(JSON.parse(policy.inputs.policy)).to.deep.equal({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: "*",
          Action: "s3:GetObject",
          Resource: ["index.html", "error.html", "status.json"].map(
            (key) => `arn:aws:s3:::flask-on-aws-dev-site/${key}`,
          ),
        },
      ],
    });
    const access = built.one(token("BucketPublicAccessBlock"), "-site");
    expect(access.inputs).to.include({ blockPublicAcls: true, ignorePublicAcls: true });
    expect(access.inputs).to.include({ blockPublicPolicy: false, restrictPublicBuckets: false });
    // AWS refuses the policy while the bucket still blocks it.
    expect(policy.dependencies).to.include(`${access.type} ${access.name}`);
  });

  it("attaches the public policy last, so that the relaxed access block takes effect first", () => {
    const key = ({ type, name }: { type: string; name: string }) => `${type} ${name}`;
    const before = upstream(built, key(built.one(token("BucketPolicy"), "-site")));
    const website = built.one(token("BucketWebsiteConfiguration"));
    const pages = built.all(token("BucketObjectv2"));
    const network = [built.one("aws:ec2/natGateway:NatGateway"), built.one("aws:ec2/vpc:Vpc")];
    for (const earlier of [website, ...pages, ...network]) expect(before).to.include(key(earlier));
    const access = key(built.one(token("BucketPublicAccessBlock"), "-site"));
    for (const later of [website, ...pages]) expect(later.dependencies).to.include(access);
  });

  it("blocks public access to a private site and hosts no website for it", async () => {
    const publish = { publishRepository: "https://git.example/a.git", publishToken: "sesame" };
    const of = await program({ ...publish, publishDump: true, site: "private" });
    expect(of.one(token("BucketPublicAccessBlock"), "-site").inputs).to.deep.equal({
      bucket: "flask-on-aws-dev-site-id",
      blockPublicAcls: true,
      ignorePublicAcls: true,
      blockPublicPolicy: true,
      restrictPublicBuckets: true,
    });
    const ofSite = ({ name }: { name: string }) => name.includes("-site");
    for (const type of ["BucketPolicy", "BucketWebsiteConfiguration", "BucketObjectv2"])
      expect(of.all(token(type)).filter(ofSite), type).to.deep.equal([]);
    const role = JSON.parse(of.one("aws:iam/rolePolicy:RolePolicy").inputs.policy);
    expect(role.Statement.at(-1)).to.deep.equal({
      Effect: "Allow",
      Action: "s3:PutObject",
      Resource: ["status.json", "app.zip", "dump.sql.gz"].map(
        (name) => `arn:aws:s3:::flask-on-aws-dev-site/${name}`,
      ),
    });
  });

  it("adds only the policy, the website and the pages when a private site becomes public", async () => {
    const keys = (of: Program) => of.resources.map(({ type, name }) => `${type} ${name}`);
    const closed = keys(await program({ site: "private" }));
    const more = keys(built).filter((key) => !closed.includes(key));
    expect(closed.filter((key) => !keys(built).includes(key))).to.deep.equal([]);
    expect(more.map((key) => key.split(" ")[0])).to.have.members([
      ...[token("BucketPolicy"), token("BucketWebsiteConfiguration")],
      ...[token("BucketObjectv2"), token("BucketObjectv2")],
    ]);
    const bucket = (of: Program) => of.one(token("Bucket"), "-site").inputs;
    expect(bucket(await program({ site: "private" }))).to.deep.equal(bucket(built));
  });

  describe("of backups", () => {
    const ofBackups = (of: Program, type: string) => of.one(token(type), "-backups").inputs;
    const lockType = "BucketObjectLockConfiguration";

    it("has no lock by default", () => {
      expect(built.all(token(lockType))).to.deep.equal([]);
      const { Statement } = JSON.parse(ofBackups(built, "BucketPolicy").policy);
      expect(Statement.map(({ Sid }: { Sid: string }) => Sid)).to.deep.equal(["TlsOnly"]);
    });

    it("locks new versions for backupLockDays, and replaces no bucket for it", async () => {
      const of = await program({ backupLockDays: 30 });
      const lock = of.one(token(lockType));
      expect(lock.inputs).to.deep.equal({
        bucket: "flask-on-aws-dev-backups-id",
        rule: { defaultRetention: { mode: "GOVERNANCE", days: 30 } },
      });
      // S3 refuses it without versions.
      const versioning = of.one(token("BucketVersioning"));
      expect(lock.dependencies).to.include(`${versioning.type} ${versioning.name}`);
      expect(ofBackups(of, "Bucket")).to.deep.equal(ofBackups(built, "Bucket"));
    });

    it("refuses overwrites and delete markers where objects are written once, with a lock", async () => {
      const of = await program({ backupLockDays: 30 });
      const { Statement } = JSON.parse(ofBackups(of, "BucketPolicy").policy);
      const Resource = ["backups/*", "ledger/*"].map(
        (keys) => `arn:aws:s3:::flask-on-aws-dev-backups/${keys}`,
      );
      const denied = { Effect: "Deny", Principal: "*", Resource };
      expect(Statement[0].Sid).to.equal("TlsOnly");
      expect(Statement.slice(1)).to.deep.equal([
        {
          ...{ Sid: "NoOverwrite", ...denied, Action: "s3:PutObject" },
          Condition: {
            Null: { "s3:if-none-match": "true" },
            Bool: { "s3:ObjectCreationOperation": "true" },
          },
        },
        { Sid: "NoDeleteMarker", ...denied, Action: "s3:DeleteObject" },
      ]);
      // The app server's certificates are replaced.
      const { Statement: ofCertificates } = JSON.parse(
        of.one(token("BucketPolicy"), "-https").inputs.policy,
      );
      expect(ofCertificates).to.have.length(1);
    });
  });

  it("creates no site bucket and grants no right to one with `site: none`", async () => {
    const of = await program({ site: "none" });
    expect(of.resources.filter(({ name }) => name.includes("-site"))).to.deep.equal([]);
    const role = JSON.parse(of.one("aws:iam/rolePolicy:RolePolicy").inputs.policy);
    // IAM refuses a statement without a resource.
    const resources = role.Statement.map(({ Resource }: { Resource: unknown }) => Resource);
    expect(resources).to.not.deep.include([]);
    expect(resources.filter((of: unknown) => String(of).includes(":s3:::"))).to.deep.equal([
      ["arn:aws:s3:::flask-on-aws-dev-backups", "arn:aws:s3:::flask-on-aws-dev-https"],
      ["arn:aws:s3:::flask-on-aws-dev-backups/*", "arn:aws:s3:::flask-on-aws-dev-https/*"],
    ]);
  });

  it("keeps the certificates in a private, encrypted bucket, and has none without HTTPS", async () => {
    const bucket = "flask-on-aws-dev-https-id";
    expect(built.one(token("Bucket"), "-https").inputs.forceDestroy).to.equal(true);
    expect(built.one(token("BucketPublicAccessBlock"), "-https").inputs).to.deep.equal({
      ...{ bucket, blockPublicAcls: true, ignorePublicAcls: true },
      ...{ blockPublicPolicy: true, restrictPublicBuckets: true },
    });
    const [rule] = built.one(token("BucketServerSideEncryptionConfiguration"), "-https").inputs
      .rules;
    expect(rule.applyServerSideEncryptionByDefault.sseAlgorithm).to.equal("AES256");
    const { Statement } = JSON.parse(built.one(token("BucketPolicy"), "-https").inputs.policy);
    expect(Statement[0]).to.include({ Effect: "Deny", Principal: "*", Action: "s3:*" });
    const without = await program({ https: false });
    expect(without.resources.filter(({ name }) => name.endsWith("-https"))).to.deep.equal([]);
  });

  it("uploads the site's pages under the names in the website configuration", () => {
    const { inputs } = built.one(token("BucketWebsiteConfiguration"));
    expect(inputs.indexDocument).to.deep.equal({ suffix: "index.html" });
    expect(inputs.errorDocument).to.deep.equal({ key: "error.html" });
    const objects = built.all(token("BucketObjectv2")).map((object) => object.inputs);
    expect(objects.map(({ key }) => key)).to.have.members(["index.html", "error.html"]);
    for (const { bucket, contentType } of objects) {
      expect(bucket).to.equal("flask-on-aws-dev-site-id");
      expect(contentType).to.equal("text/html; charset=utf-8");
    }
    for (const page of [indexPage("a title"), errorPage("a title")])
      expect(page)
        .to.include("<h1>a title</h1>")
        .and.not.match(/undefined|\{\{/);
    expect(errorPage("a title")).to.not.equal(indexPage("a title"));
  });

  it("keeps backups private, encrypted and versioned", () => {
    const backups = (name: string) => built.one(token(name), "-backups").inputs;
    expect(backups("BucketPublicAccessBlock")).to.deep.equal({
      bucket: "flask-on-aws-dev-backups-id",
      blockPublicAcls: true,
      ignorePublicAcls: true,
      blockPublicPolicy: true,
      restrictPublicBuckets: true,
    });
    expect(backups("BucketVersioning").versioningConfiguration).to.deep.equal({
      status: "Enabled",
    });
    expect(backups("BucketServerSideEncryptionConfiguration").rules).to.deep.equal([
      { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } },
    ]);
  });

  it("requires TLS for the backups, and grants nobody access by the bucket policy", () => {
    const policy = JSON.parse(built.one(token("BucketPolicy"), "-backups").inputs.policy);
    const arn = "arn:aws:s3:::flask-on-aws-dev-backups";
    expect(policy.Statement).to.deep.equal([
      {
        Sid: "TlsOnly",
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: [arn, `${arn}/*`],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ]);
  });

  it("archives and expires backups as the settings say, but never the release history", async () => {
    const days = { backupColdAfterDays: 7, backupExpireAfterDays: 90 };
    const { inputs } = (await program(days)).one(token("BucketLifecycleConfiguration"));
    expect(inputs.bucket).to.equal("flask-on-aws-dev-backups-id");
    const [backups, leftovers, ...others] = inputs.rules;
    expect(backups).to.deep.include({
      filter: { prefix: "backups/" },
      transitions: [{ days: 7, storageClass: "GLACIER_IR" }],
      expiration: { days: 90 },
    });
    expect(leftovers).to.not.have.any.keys("expiration", "transitions");
    expect(others).to.deep.equal([]);
  });

  it("deletes the backups with their bucket only when the data is not protected", async () => {
    const bucket = (of: Program, end: string) => of.one(token("Bucket"), end);
    expect(bucket(built, "-backups").inputs.forceDestroy).to.equal(false);
    expect(bucket(built, "-backups").protect).to.equal(true);
    for (const settings of [{ protectData: false }, { confirmDestroy: "dev" }]) {
      const { inputs, protect } = bucket(await program(settings), "-backups");
      expect({ forceDestroy: inputs.forceDestroy, protect }).to.deep.equal({
        forceDestroy: true,
        protect: false,
      });
    }
    // The program and the app server create all its content.
    expect(bucket(built, "-site").inputs.forceDestroy).to.equal(true);
    expect(bucket(built, "-site").protect).to.equal(false);
  });
});
