import { expect } from "chai";
import type { Duplex } from "node:stream";
import { containers, exec } from "../../../../lab/controller/docker.ts";
import { withFakeEngine } from "./fake-engine.ts";

/** A part of what a container printed, as the engine frames it: 1 is stdout, 2 is stderr. */
function frame(stream: 1 | 2, text: string): Buffer {
  const header = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

describe("A command in a container", () => {
  /** Runs `nft -f -`, which ends with the status after `act`. */
  async function nft(status: number, act: (connection: Duplex) => Promise<void>, stdin?: string) {
    await withFakeEngine(
      ({ url }, response) =>
        response
          .writeHead(url === "/containers/router/exec" ? 201 : 200)
          .end(JSON.stringify({ Id: "1", ExitCode: status })),
      async (server) => {
        server.on("upgrade", (_, connection: Duplex) => {
          connection.on("error", () => undefined);
          connection.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
          void act(connection);
        });
        await exec("router", ["nft", "-f", "-"], stdin);
      },
    );
  }
  const failure = (run: Promise<void>) =>
    run.then(() => "none").catch(({ message }: Error) => message);

  it("reads all of its input", async () => {
    const rules = "add rule\n".repeat(100_000);
    let read = "";
    await nft(
      0,
      async (connection) => {
        for await (const part of connection) read += String(part);
        connection.end();
      },
      rules,
    );
    // The request's own body comes first.
    expect(read.endsWith(rules)).to.equal(true);
  });

  it("is named with its container and what it printed when it fails", async () => {
    const printed = [frame(2, "line 1: sÿ"), frame(1, "ntax"), frame(2, " error\n")];
    const bytes = Buffer.concat(printed);
    const message = await failure(
      nft(1, async (connection) => {
        connection.write(bytes.subarray(0, 20));
        await new Promise(setImmediate);
        connection.end(bytes.subarray(20));
      }),
    );
    expect(message).to.equal("nft in router: line 1: sÿntax error");
  });

  it("fails with its exit status when it ends before it has read its input", async () => {
    const end = (connection: Duplex) => Promise.resolve(void connection.destroy());
    const message = await failure(nft(3, end, "add rule\n".repeat(100_000)));
    expect(message).to.equal("nft in router: exit status 3");
  });
});

describe("The list of containers", () => {
  it("omits a container that disappears while the list is read", async () => {
    const lab = {
      name: "unit",
      home: "/h",
      subnet: 0,
      images: { machine: "", net: "", mysql: "" },
    };
    const Config = { Image: "machine:1", Labels: { "flask-on-aws.resource": "i-1" } };
    const State = {
      ...{ Running: true, Paused: false, Pid: 7, StartedAt: "now", Health: { Status: "healthy" } },
      ...{ Status: "running", ExitCode: 0, OOMKilled: false },
    };
    let listed = "";
    await withFakeEngine(
      ({ url }, response) => {
        if (url!.startsWith("/containers/json")) {
          listed = decodeURIComponent(url!);
          response.end(JSON.stringify([{ Id: "gone" }, { Id: "there" }]));
        } else if (url!.includes("gone")) response.writeHead(404).end("{}");
        else response.end(JSON.stringify({ Name: "/unit-i-1", Config, State }));
      },
      async () => {
        expect([...(await containers(lab))]).to.deep.equal([
          [
            "unit-i-1",
            {
              name: "unit-i-1",
              resource: "i-1",
              image: "machine:1",
              running: true,
              paused: false,
              healthy: true,
              pid: 7,
              startedAt: "now",
              created: false,
              exitCode: 0,
              outOfMemory: false,
            },
          ],
        ]);
      },
    );
    expect(listed).to.include("all=true").and.to.include('["flask-on-aws.lab=/h"]');
  });
});
