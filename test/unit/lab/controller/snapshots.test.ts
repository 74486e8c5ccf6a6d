/** The data of DB snapshots, with an engine of the test's own and a docker CLI that notes its arguments. */
import { expect } from "chai";
import { once } from "node:events";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import {
  fillFromSnapshot,
  removeSnapshot,
  storedSnapshots,
  takeSnapshot,
} from "../../../../lab/controller/snapshots.ts";
import { withFakeEngine } from "./fake-engine.ts";

describe("The data of a snapshot in the lab", () => {
  const outer = { PATH: process.env.PATH, AWS_ENDPOINT_URL: process.env.AWS_ENDPOINT_URL };
  /** What happened, in order: requests to the engine and to the API, and commands. */
  let story: string[];
  const reports = createServer((request, response) => {
    void text(request).then((body) => {
      story.push(`report ${body}`);
      response.end("{}");
    });
  });

  before(async () => {
    await once(reports.listen(0, "127.0.0.1"), "listening");
    process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${(reports.address() as AddressInfo).port}`;
  });
  after(() => {
    reports.close();
    reports.closeAllConnections();
    process.env.PATH = outer.PATH;
    if (outer.AWS_ENDPOINT_URL === undefined) delete process.env.AWS_ENDPOINT_URL;
    else process.env.AWS_ENDPOINT_URL = outer.AWS_ENDPOINT_URL;
  });
  beforeEach(() => (story = []));

  /** @param problems statuses of the engine's refusals, by the end of the request's path */
  async function withEngine(
    test: (lab: Parameters<typeof takeSnapshot>[0], home: string) => Promise<void>,
    problems: Record<string, number> = {},
    answer: object = {},
    copying = 0,
  ): Promise<void> {
    await withFakeEngine(
      (request, response) => {
        const path = decodeURIComponent(request.url!).replace(/\?.*/, "");
        story.push(`${request.method} ${path}`);
        const [, problem] = Object.entries(problems).find(([end]) => path.endsWith(end)) ?? [];
        const done = request.method === "GET" ? 200 : path.endsWith("/create") ? 201 : 204;
        const status = problem ?? done;
        response.writeHead(status, { "content-type": "application/json" });
        response.end(status === 204 ? undefined : JSON.stringify(problem ? {} : answer));
      },
      async (_, home) => {
        const cli = join(home, "docker");
        await writeFile(cli, `#!/bin/sh\necho "$*" >>'${home}/commands'\nexit ${copying}\n`);
        await chmod(cli, 0o755);
        process.env.PATH = `${home}:${outer.PATH}`;
        const images = { machine: "", net: "net-image", mysql: "" };
        await test({ name: "unit", home, subnet: 0, images }, home);
      },
    );
  }
  const commandsIn = (home: string) => readFile(join(home, "commands"), "utf8");

  it("is copied while the server is paused, and reported when it runs again", () =>
    withEngine(async (lab, home) => {
      await takeSnapshot(lab, "db", "first");
      expect(story).to.deep.equal([
        "POST /containers/unit-db/pause",
        "DELETE /containers/unit-copy-to-snapshot.first",
        "DELETE /volumes/unit-snapshot.first",
        "POST /volumes/create",
        "POST /containers/unit-db/unpause",
        'report {"resource":"snapshot.first","status":"available"}',
      ]);
      expect(await commandsIn(home)).to.equal(
        `run --rm --name unit-copy-to-snapshot.first --label flask-on-aws.lab=${home} --network=none ` +
          "--entrypoint=cp --volume=unit-db:/from:ro --volume=unit-snapshot.first:/to net-image " +
          "--archive /from/. /to/\n",
      );
    }));

  it("is copied of a server that has ended, and of one that an ended controller has left paused", () =>
    withEngine(
      async (lab) => {
        await takeSnapshot(lab, "db", "first");
        expect(story.at(-1)).to.match(/^report /);
      },
      { "/pause": 409, "/unpause": 409, "/containers/unit-copy-to-snapshot.first": 404 },
    ));

  it("is not reported when the copy fails, and the server runs again", () =>
    withEngine(
      async (lab) => {
        const failure = await takeSnapshot(lab, "db", "first").catch((error: Error) => error);
        expect(failure).to.be.an("error");
        expect(story.at(-1)).to.equal("POST /containers/unit-db/unpause");
      },
      {},
      {},
      1,
    ));

  it("goes to a database that begins with it", () =>
    withEngine(async (lab, home) => {
      await fillFromSnapshot(lab, "restored", "first");
      expect(await commandsIn(home)).to.include(
        "--volume=unit-snapshot.first:/from:ro --volume=unit-restored:/to",
      );
    }));

  it("is missed, not made empty, when its volume is not there", () =>
    withEngine(
      async (lab) => {
        const failure = await fillFromSnapshot(lab, "restored", "first").catch(
          (error: Error) => error,
        );
        expect(failure).to.be.an("error");
        expect(story).to.deep.equal(["GET /volumes/unit-snapshot.first"]);
      },
      { "/volumes/unit-snapshot.first": 404 },
    ));

  it("is found by the name of its volume, and removed with it", () =>
    withEngine(
      async (lab) => {
        expect(await storedSnapshots(lab)).to.deep.equal(["first", "final"]);
        await removeSnapshot(lab, "first");
        expect(story.at(-1)).to.equal("DELETE /volumes/unit-snapshot.first");
      },
      {},
      {
        Volumes: ["unit-db", "unit-snapshot.first", "unit-snapshot.final"].map((Name) => ({
          Name,
        })),
      },
    ));
});
