import { expect } from "chai";
import { load } from "js-yaml";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { FakeMachine, scripts } from "../support/machine.ts";

describe("The health check of the app's container", () => {
  let machine: FakeMachine;
  let app: Server;
  let answer: (request: IncomingMessage, response: ServerResponse) => unknown;
  let port: number;
  before(async () => {
    machine = new FakeMachine();
    machine.stack();
    app = createServer((request, response) => answer(request, response)).listen(0, "127.0.0.1");
    await once(app, "listening");
    ({ port } = app.address() as AddressInfo);
  });
  after(() => {
    app.closeAllConnections();
    app.close();
    machine.remove();
  });

  const check = async (status = "200", at = port) => {
    // A proxy of the environment does not reach the container.
    const env = { http_proxy: "http://127.0.0.1:1", NO_PROXY: "", no_proxy: "" };
    const args = [`127.0.0.1:${at}`, "/a/../up?a=b", status];
    return machine.start("check-page.sh", args, env).ended;
  };
  const answers = (status: number, headers: Record<string, string> = {}) =>
    (answer = (_, response) => response.writeHead(status, headers).end("page"));

  it("asks for the page as the proxy does", async () => {
    let asked: IncomingMessage | undefined;
    answer = (request, response) => {
      asked = request;
      response.end();
    };
    expect(await check()).to.deep.equal({ status: 0, output: "" });
    expect(asked!.url).to.equal("/a/../up?a=b");
    expect(asked!.headers).to.include({
      host: "app.example",
      "x-forwarded-proto": "https",
      "x-forwarded-for": "127.0.0.1",
      "user-agent": "flask-on-aws-check",
    });
  });

  it("expects the status of the setting, and follows no redirect", async () => {
    answers(301, { location: "/elsewhere" });
    expect(await check("301")).to.deep.equal({ status: 0, output: "" });
    expect(await check()).to.deep.equal({ status: 1, output: "status 301 /elsewhere\n" });
    for (const status of [404, 500]) {
      answers(status);
      expect(await check()).to.deep.equal({ status: 1, output: `status ${status} \n` });
    }
  });

  it("tells a slow page and a port on which nothing listens from an answer", async () => {
    const script = machine.read("root/bin/check-page.sh");
    machine.write("root/bin/check-page.sh", script.replace("--max-time 5", "--max-time 0.3"));
    answer = () => undefined;
    expect((await check()).output).to.match(/^no answer: .* timed out after \d+ milliseconds/);
    expect((await check("200", 1)).output).to.match(
      /^no answer: Failed to connect to 127.0.0.1 port 1 /,
    );
  });
});

describe("The services of compose.yml", () => {
  interface Service {
    readonly env_file: readonly unknown[];
    readonly environment?: unknown;
  }
  const { services } = load(readFileSync(join(scripts, "compose.yml"), "utf8")) as {
    services: Record<string, Service>;
  };

  it("take their own variables after the app's, from a file that an earlier version did not write", () => {
    for (const name of ["blue", "green"]) {
      expect(services[name]!.env_file).to.deep.equal([
        "${ROOT}/app.env",
        { path: `\${ROOT}/${name}.env`, required: false },
      ]);
      expect(services[name], "which would win over both files").to.not.have.property("environment");
    }
  });
});
