import { expect } from "chai";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, request, type IncomingMessage, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { serveEcr } from "../../../../../lab/controller/ecr/server.ts";

describe("A push to the lab's ECR", () => {
  const { fetch } = globalThis;
  const type = "application/vnd.docker.distribution.manifest.v2+json";
  const manifest = JSON.stringify({ config: { size: 2 }, layers: [{ size: 30 }, { size: 10 }] });
  const digest = `sha256:${createHash("sha256").update(manifest).digest("hex")}`;
  /** What the registry and the API are told, in this order. */
  let seen: string[];
  let registryStatus: number;
  let apiStatus: number;
  let directory: string;
  let servers: Server[];

  beforeEach(async () => {
    [seen, registryStatus, apiStatus] = [[], 201, 200];
    directory = await mkdtemp(join(tmpdir(), "ecr-"));
    const socket = join(directory, "registry.sock");
    const registry = createServer((asked, response) => {
      void text(asked).then((body) => {
        const { "content-type": as, host } = asked.headers;
        expect([body, as, host]).to.deep.equal([manifest, type, "123456789012.dkr.ecr.example"]);
        seen.push(`${asked.method} ${asked.url}`);
        response.writeHead(registryStatus, { "Docker-Content-Digest": digest }).end("{}");
      });
    });
    await once(registry.listen(socket), "listening");
    globalThis.fetch = (url, init) => {
      seen.push(`${(url as string).replace(/.*_lab/, "")} ${init!.body as string}`);
      const body = JSON.stringify({ error: "The image tag '1' already exists" });
      return Promise.resolve(new Response(body, { status: apiStatus }));
    };
    const ensure = () => Promise.resolve();
    servers = [
      registry,
      await serveEcr(join(directory, "ecr.sock"), { socket, ensure }, () => undefined),
    ];
  });
  afterEach(async () => {
    globalThis.fetch = fetch;
    for (const server of servers) server.close();
    await rm(directory, { recursive: true });
  });

  async function push(reference: string, method = "PUT") {
    const sent = request({
      ...{ socketPath: join(directory, "ecr.sock"), method },
      path: `/v2/team/app/manifests/${reference}`,
      headers: { host: "123456789012.dkr.ecr.example", "content-type": type },
    });
    const [response] = (await once(sent.end(manifest), "response")) as [IncomingMessage];
    return { status: response.statusCode, headers: response.headers, body: await text(response) };
  }
  const byDigest = `PUT /v2/team/app/manifests/${digest}`;
  const told = (tag: string) =>
    `/ecr-image ${JSON.stringify({ repository: "team/app", digest, tag, size: 42 })}`;

  it("is known to the API before the image has its tag and the push ends", async () => {
    const { status, headers } = await push("1");
    expect(status).to.equal(201);
    expect(headers).to.include({ "docker-content-digest": digest });
    expect(seen).to.deep.equal([byDigest, told("1"), "PUT /v2/team/app/manifests/1"]);
  });

  it("of an image without a tag concerns the registry alone", async () => {
    expect((await push(digest)).status).to.equal(201);
    expect(seen).to.deep.equal([byDigest]);
  });

  it("leaves an immutable tag as it is, with ECR's error", async () => {
    apiStatus = 409;
    const { status, body } = await push("1");
    expect([status, seen]).to.deep.equal([400, [byDigest, told("1")]]);
    expect(JSON.parse(body)).to.deep.equal({
      errors: [{ code: "TAG_INVALID", message: "The image tag '1' already exists" }],
    });
  });

  it("fails without a repository, with ECR's error", async () => {
    apiStatus = 404;
    const { status, body } = await push("1");
    expect(status).to.equal(404);
    expect(body).to.include('"NAME_UNKNOWN"').and.include("'team/app' does not exist");
    expect(body).to.include("registry with id '123456789012'");
  });

  it("that the registry refuses is unknown to the API", async () => {
    registryStatus = 400;
    expect((await push("1")).status).to.equal(400);
    expect(seen).to.deep.equal([byDigest]);
  });

  it("is answered with an error that asks for another try when the API fails", async () => {
    apiStatus = 500;
    expect((await push("1")).status).to.equal(500);
    expect(seen).to.have.length(2);
  });

  it("is a PUT of a manifest and nothing else", async () => {
    expect((await push("1", "DELETE")).status).to.equal(404);
    expect(seen).to.deep.equal([]);
  });
});
