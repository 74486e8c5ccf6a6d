import { expect } from "chai";
import { load } from "js-yaml";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { scripts } from "../support/machine.ts";

interface Service {
  readonly environment: Readonly<Record<string, string>>;
  readonly healthcheck: { readonly test: readonly [string, string, string, string] };
}
const { services } = load(readFileSync(join(scripts, "compose.yml"), "utf8")) as {
  services: Record<"blue" | "green", Service>;
};

describe("The health check of the app's container", () => {
  let app: Server;
  let answer: (request: IncomingMessage, response: ServerResponse) => unknown;
  let port: number;
  before(async () => {
    app = createServer((request, response) => answer(request, response)).listen(0, "127.0.0.1");
    await once(app, "listening");
    ({ port } = app.address() as AddressInfo);
  });
  after(() => {
    app.closeAllConnections();
    app.close();
  });

  /** Runs the program of compose.yml, with a shorter time limit. */
  const check = (status = "200", at = port) =>
    new Promise<{ code: number; said: string }>((resolve) => {
      const [, , flag, program] = services.blue.healthcheck.test;
      const here = program.replace("5005", String(at)).replace("timeout=5", "timeout=0.3");
      const env = {
        ...process.env,
        FLASK_ON_AWS_PAGE: "https://app.example/up?a=b",
        FLASK_ON_AWS_STATUS: status,
      };
      execFile("python3", [flag, here], { env }, (error, stdout, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, said: (stdout + stderr).trim() }),
      );
    });
  const answers = (status: number, headers: Record<string, string> = {}) =>
    (answer = (_, response) => response.writeHead(status, headers).end());

  it("asks for the page as the proxy does, without leaving the container", async () => {
    let asked: IncomingMessage | undefined;
    answer = (request, response) => {
      asked = request;
      response.end();
    };
    expect(await check()).to.deep.equal({ code: 0, said: "" });
    expect(asked!.url).to.equal("/up?a=b");
    expect(asked!.headers).to.include({
      host: "app.example",
      "x-forwarded-proto": "https",
      "user-agent": "flask-on-aws-check",
    });
  });

  it("expects the status of the setting, and follows no redirect", async () => {
    answers(301, { location: "/elsewhere" });
    expect(await check("301")).to.deep.equal({ code: 0, said: "" });
    expect(await check()).to.deep.equal({ code: 1, said: "status 301 /elsewhere" });
    for (const status of [404, 500]) {
      answers(status);
      expect(await check()).to.deep.equal({ code: 1, said: `status ${status}` });
    }
  });

  it("tells a slow page and a port on which nothing listens from an answer", async () => {
    answer = () => undefined;
    expect(await check()).to.deep.equal({ code: 1, said: "no answer: timed out" });
    expect(await check("200", 1)).to.deep.equal({
      code: 1,
      said: "no answer: [Errno 111] Connection refused",
    });
  });

  it("takes module, page and status from release.env, and without them those of earlier versions", () => {
    for (const [name, { environment }] of Object.entries(services).slice(0, 2)) {
      const prefix = name.toUpperCase();
      expect(environment).to.include({
        FLASK_APP: `\${${prefix}_MODULE:-run:app}`,
        FLASK_ON_AWS_PAGE: `\${${prefix}_PAGE:-http://localhost/login}`,
        FLASK_ON_AWS_STATUS: `\${${prefix}_STATUS:-200}`,
      });
      expect(environment.GUNICORN_CMD_ARGS).to.include("--proxy-protocol");
    }
  });
});
