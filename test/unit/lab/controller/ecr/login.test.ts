import { expect } from "chai";
import { request } from "node:http";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage, Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serveEcr } from "../../../../../lab/controller/ecr/server.ts";

describe("The login to the lab's ECR", () => {
  const { fetch } = globalThis;
  const logged: string[] = [];
  let directory: string;
  let server: Server;
  let prepared: number;
  let unready: Error | undefined;

  beforeEach(async () => {
    prepared = 0;
    unready = undefined;
    directory = await mkdtemp(join(tmpdir(), "ecr-"));
    // Of a controller that was killed.
    await writeFile(join(directory, "ecr.sock"), "");
    globalThis.fetch = (_, init) => {
      const known = init!.body === JSON.stringify({ user: "AWS", password: "a:b" });
      return Promise.resolve(new Response("{}", { status: known ? 200 : 404 }));
    };
    server = await serveEcr(
      join(directory, "ecr.sock"),
      {
        socket: "",
        ensure: () => {
          prepared++;
          return unready ? Promise.reject(unready) : Promise.resolve();
        },
      },
      (text) => logged.push(text),
    );
  });
  afterEach(async () => {
    globalThis.fetch = fetch;
    server.close();
    await rm(directory, { recursive: true });
  });

  async function ask(authorization?: string): Promise<IncomingMessage> {
    const headers = { host: "123456789012.dkr.ecr.us-west-2.amazonaws.com", authorization };
    const sent = request({
      socketPath: join(directory, "ecr.sock"),
      path: "/login",
      headers: authorization ? headers : { host: headers.host },
    });
    const [response] = (await once(sent.end(), "response")) as [IncomingMessage];
    response.resume();
    return response;
  }
  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

  it("is asked for by its scheme, before the registry is there", async () => {
    for (const wrong of [undefined, "Bearer x", "Basic %", basic("AWS"), basic("AWS:wrong")]) {
      const { statusCode, headers } = await ask(wrong);
      expect(statusCode, wrong).to.equal(401);
      expect(headers["www-authenticate"]).to.equal(
        'Basic realm="https://123456789012.dkr.ecr.us-west-2.amazonaws.com/",service="ecr.amazonaws.com"',
      );
    }
    expect(prepared).to.equal(0);
  });

  it("is valid if the API has given it, and the registry is there by then", async () => {
    expect((await ask(basic("AWS:a:b"))).statusCode).to.equal(204);
    expect(prepared).to.equal(1);
  });

  it("fails, and is logged, when the registry does not start", async () => {
    unready = new Error("ECR's registry does not answer");
    expect((await ask(basic("AWS:a:b"))).statusCode).to.equal(500);
    expect(logged).to.deep.equal(["ECR, /login: ECR's registry does not answer"]);
  });
});
