/** Sites that are public, private or missing, under the real engine, in an account that blocks public buckets. */
import { S3 } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AccountClient } from "../../../lab/providers/aws/account-client.ts";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { engineFor } from "../../support/engine.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

const AccountId = "123456789012";

describe("A site in an account that blocks public buckets", function () {
  this.timeout(120_000);
  stepsInOrder();

  const directory = mkdtempSync(join(tmpdir(), "site-"));
  let api: ApiServer;
  let s3: S3;
  let account: AccountClient;
  /** The error of the program that refused the public site. */
  let refusal = "";
  let bucket = "";

  before(async () => {
    api = await startApi();
    [s3, account] = [new S3(api.client), new AccountClient(api.client)];
    await account.putPublicAccessBlock({
      AccountId,
      PublicAccessBlockConfiguration: {
        ...{ BlockPublicAcls: true, IgnorePublicAcls: true },
        ...{ BlockPublicPolicy: true, RestrictPublicBuckets: true },
      },
    });
  });
  after(async () => {
    await api?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const pulumiOf = (program: string) => engineFor(api, program, directory);
  const up = ["up", "--yes", "--skip-preview"];

  /** Deploys the site's program in a mode; resolves to its outputs. */
  const change = async (mode: string) => {
    const { pulumi } = pulumiOf("test/e2e/programs/site");
    const { status, stdout, stderr } = await pulumi(...up, "--config", `site=${mode}`);
    expect(status, stdout + stderr).to.equal(0);
    const outputs = await pulumi("stack", "output", "--json");
    return JSON.parse(outputs.stdout) as { siteUrl: string; siteBucket: string };
  };
  const buckets = async () => ((await s3.listBuckets({})).Buckets ?? []).map(({ Name }) => Name);
  /** Requests a path of the bucket's website anonymously; resolves to status and body. */
  const visit = (path: string) =>
    new Promise<string>((resolve, reject) => {
      const host = `${bucket}.s3-website-us-west-2.amazonaws.com`;
      get(`${api.endpoint}/${path}`, { headers: { host } }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => (body += text));
        response.on("end", () => resolve(`${response.statusCode} ${body}`));
      }).on("error", reject);
    });

  it("is refused before anything is created if it is public", async () => {
    const { pulumi, begin } = pulumiOf(".");
    await begin();
    const { status, stdout, stderr } = await pulumi(...up);
    refusal = stdout + stderr;
    expect(status, refusal).to.not.equal(0);
    expect(refusal).to.match(/The setting site is public\n.*it has BlockPublicPolicy and Restrict/);
    expect(await buckets()).to.deep.equal([]);
    const state = JSON.parse((await pulumi("stack", "export")).stdout) as {
      deployment: { resources?: { type: string }[] };
    };
    const types = (state.deployment.resources ?? []).map(({ type }) => type);
    expect(types.filter((type) => type.startsWith("aws:"))).to.deep.equal([]);
  });

  it("is refused by S3 with the error in docs/troubleshooting.md if the program does not check", async () => {
    const { pulumi, begin } = pulumiOf("test/e2e/programs/site");
    await begin();
    const { status, stdout, stderr } = await pulumi(...up);
    expect(status).to.not.equal(0);
    expect(stdout + stderr).to.match(/AccessDenied: .*s3:PutBucketPolicy.*BlockPublicPolicy/);
  });

  it("is created when it is private, and only the account can read it", async () => {
    const outputs = await change("private");
    expect(outputs.siteUrl).to.equal("");
    bucket = outputs.siteBucket;
    expect(await buckets()).to.deep.equal([bucket]);
    // As the app server does.
    await s3.putObject({ Bucket: bucket, Key: "status.json", Body: "{}" });
    expect(await visit("status.json")).to.match(/^404 .*NoSuchWebsiteConfiguration/);
    const { PublicAccessBlockConfiguration: block } = await s3.getPublicAccessBlock({
      Bucket: bucket,
    });
    expect(Object.values(block!)).to.deep.equal([true, true, true, true]);
    const object = await s3.getObject({ Bucket: bucket, Key: "status.json" });
    expect(await object.Body!.transformToString()).to.equal("{}");
  });

  it("becomes public in the same bucket after the command of the error message was run", async () => {
    const [, configuration] = /--public-access-block-configuration (\S+)/.exec(refusal)!;
    const set = configuration!.split(",").map((each) => each.split("=") as [string, string]);
    await account.putPublicAccessBlock({
      AccountId: / --account-id (\d+) /.exec(refusal)![1]!,
      PublicAccessBlockConfiguration: Object.fromEntries(
        set.map(([name, value]) => [name, value === "true"]),
      ),
    });
    const outputs = await change("public");
    expect(outputs.siteBucket).to.equal(bucket);
    expect(outputs.siteUrl).to.equal(`http://${bucket}.s3-website-us-west-2.amazonaws.com`);
    expect(await visit("status.json")).to.equal("200 {}");
    expect(await visit("")).to.match(/^200 .*<h1>site<\/h1>/s);
  });

  it("becomes private again in the same bucket and keeps its objects", async () => {
    expect(await change("private")).to.deep.equal({ siteUrl: "", siteBucket: bucket });
    expect(await visit("status.json")).to.match(/^404 .*NoSuchWebsiteConfiguration/);
    const { Contents } = await s3.listObjectsV2({ Bucket: bucket });
    expect(Contents!.map(({ Key }) => Key)).to.deep.equal(["status.json"]);
    const policy = await s3.getBucketPolicy({ Bucket: bucket }).catch(({ name }: Error) => name);
    expect(policy).to.equal("NoSuchBucketPolicy");
  });

  it("is deleted with its bucket and all objects when the setting is none", async () => {
    expect(await change("none")).to.deep.equal({ siteUrl: "", siteBucket: "" });
    expect(await buckets()).to.deep.equal([]);
  });
});
