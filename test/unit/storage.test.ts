import { expect } from "chai";
import { errorPage, indexPage } from "../../storage/pages.ts";
import { program, type Program } from "./program.ts";

const token = (name: string) => `aws:s3/${name[0]!.toLowerCase()}${name.slice(1)}:${name}`;

describe("Storage", () => {
  let built: Program;
  before(async () => {
    built = await program();
  });

  it("lets anybody read the site's objects, by policy alone", () => {
    const policy = built.one(token("BucketPolicy"));
    expect(policy.inputs.bucket).to.equal("flask-on-aws-dev-site-id");
    expect(JSON.parse(policy.inputs.policy)).to.deep.equal({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: "*",
          Action: "s3:GetObject",
          Resource: "arn:aws:s3:::flask-on-aws-dev-site/*",
        },
      ],
    });
    const access = built.one(token("BucketPublicAccessBlock"), "-site");
    expect(access.inputs).to.include({ blockPublicAcls: true, ignorePublicAcls: true });
    expect(access.inputs).to.include({ blockPublicPolicy: false, restrictPublicBuckets: false });
    // AWS refuses the policy while the bucket still blocks it.
    expect(policy.dependencies).to.include(`${access.type} ${access.name}`);
  });

  it("serves the site's pages, under the names that its website configuration gives", () => {
    const { inputs } = built.one(token("BucketWebsiteConfiguration"));
    expect(inputs.indexDocument).to.deep.equal({ suffix: "index.html" });
    expect(inputs.errorDocument).to.deep.equal({ key: "error.html" });
    const objects = built.all(token("BucketObjectv2")).map((object) => object.inputs);
    expect(objects.map(({ key }) => key)).to.have.members(["index.html", "error.html"]);
    for (const { bucket, contentType } of objects) {
      expect(bucket).to.equal("flask-on-aws-dev-site-id");
      expect(contentType).to.equal("text/html; charset=utf-8");
    }
    expect(indexPage("a title")).to.include("<h1>a title</h1>");
    expect(errorPage("a title")).to.not.equal(indexPage("a title"));
  });

  it("keeps backups private, encrypted and in every version", () => {
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
    expect(built.all(token("BucketPolicy")).map(({ name }) => name)).to.deep.equal([
      "flask-on-aws-dev-site",
    ]);
  });

  it("removes backups with their bucket only when data is not protected", async () => {
    expect(built.one(token("Bucket"), "-backups").inputs.forceDestroy).to.equal(false);
    const unprotected = await program({ protectData: false });
    expect(unprotected.one(token("Bucket"), "-backups").inputs.forceDestroy).to.equal(true);
    expect(built.one(token("Bucket"), "-site").inputs.forceDestroy).to.equal(true);
  });
});
