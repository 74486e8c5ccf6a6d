import { expect } from "chai";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { bucketStore } from "../../../operations/backup-bucket.ts";
import { Failure } from "../../../operations/failure.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

describe("Another stack's bucket", () => {
  let server: Server;
  /** What S3 answers. */
  let s3: Answer;
  const set = ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
  const outer = set.map((name) => [name, process.env[name]] as const);

  before(async () => {
    server = createServer((request, response) => {
      response.setHeader("content-type", "text/xml");
      if (request.method !== "POST") return s3(request, response);
      response.end(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>111111111111</Account>" +
          "</GetCallerIdentityResult></GetCallerIdentityResponse>",
      );
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    process.env.AWS_ACCESS_KEY_ID = "own";
    process.env.AWS_SECRET_ACCESS_KEY = "secret";
  });
  after(() => {
    server.close();
    for (const [name, value] of outer)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  });

  const store = () =>
    bucketStore("old-backups", { region: "us-west-2" }, new AbortController().signal);
  const refuse = (response: ServerResponse, status: number, code: string) =>
    response
      .writeHead(status)
      .end(`<Error><Code>${code}</Code><Message>no\nAAAA</Message></Error>`);
  const failure = async (call: Promise<unknown>) => {
    const error: unknown = await call.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error instanceof Failure) return error;
    throw new Error(`no Failure: ${String(error)}`);
  };

  it("must be of the operator's account, as anybody may make a bucket of a deleted one's name", async () => {
    const owners: unknown[] = [];
    s3 = (request, response) => {
      if (request.method === "HEAD") return void response.end();
      owners.push(request.headers["x-amz-expected-bucket-owner"]);
      refuse(response, 403, "AccessDenied");
    };
    const bucket = await store();
    for (const call of [
      () => bucket.names(),
      () => bucket.files("x"),
      () => bucket.manifest("x"),
      () => bucket.open("x", "dump.sql.gz"),
    ]) {
      const { message, remedy } = await failure(call());
      expect(message).to.equal(
        "--from: the bucket old-backups is of another account than 111111111111, whose credentials these are",
      );
      expect(remedy).to.include("aws s3 sync s3://old-backups/backups/NAME DIRECTORY/backups/NAME");
    }
    expect(owners).to.deep.equal(Array(4).fill("111111111111"));
  });

  it("is named when it may not be read, with S3's first line and the actions to allow", async () => {
    s3 = (_, response) => void refuse(response, 403, "AccessDenied");
    const { message, remedy } = await failure((await store()).names());
    expect(message).to.equal("--from: the bucket old-backups cannot be read: AccessDenied: no");
    expect(remedy).to.match(
      /^log in to AWS with credentials that may s3:ListBucket and s3:GetObject/,
    );
  });

  it("may be in another region than the stack, to which S3 redirects", async () => {
    const regions: (string | undefined)[] = [];
    s3 = (request, response) => {
      const region = /Credential=\w+\/\d+\/([\w-]+)\//.exec(request.headers.authorization!)?.[1];
      regions.push(region);
      if (region === "eu-central-1") return void response.end("<ListBucketResult/>");
      response.setHeader("x-amz-bucket-region", "eu-central-1");
      refuse(response, 301, "PermanentRedirect");
    };
    expect(await (await store()).names()).to.deep.equal([]);
    expect(regions).to.deep.equal(["us-west-2", "eu-central-1"]);
  });

  it("breaks off a file whose connection ends early", async () => {
    s3 = (_, response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write("half", () => response.destroy());
    };
    const body = await (await store()).open("x", "dump.sql.gz");
    expect(await buffer(body).catch((error: Error) => error.message)).to.equal("aborted");
  });
});
