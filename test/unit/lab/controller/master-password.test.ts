import { expect } from "chai";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import { changeMasterPassword } from "../../../../lab/controller/containers.ts";
import { withFakeEngine } from "./fake-engine.ts";

describe("The master password of a database in the lab", () => {
  /** What the API was given last. */
  let wanted: string;
  /** What mysql reads, each time. */
  let said: string[];
  let commands: string[];
  let status: number;
  const api = createServer((request, response) => {
    expect(request.url).to.equal("/_lab/db/db/master-password");
    response.end(JSON.stringify({ password: wanted }));
  });
  const { AWS_ENDPOINT_URL } = process.env;

  before(async () => {
    await once(api.listen(0, "127.0.0.1"), "listening");
    process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${(api.address() as AddressInfo).port}`;
  });
  after(() => {
    api.close();
    api.closeAllConnections();
    if (AWS_ENDPOINT_URL === undefined) delete process.env.AWS_ENDPOINT_URL;
    else process.env.AWS_ENDPOINT_URL = AWS_ENDPOINT_URL;
  });
  beforeEach(() => ([said, commands, status] = [[], [], 0]));

  /** Runs the test with a database whose server was told "first". */
  async function withDatabase(
    test: (change: () => Promise<void>, told: () => Promise<string>) => Promise<void>,
  ): Promise<void> {
    await withFakeEngine(
      (request, response) => {
        request.on("data", (part: Buffer) => commands.push(String(part)));
        response
          .writeHead(request.url === "/containers/unit-db/exec" ? 201 : 200)
          .end(JSON.stringify({ Id: "1", ExitCode: status }));
      },
      async (server, home) => {
        server.on("upgrade", (_, connection: Duplex) => {
          connection.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
          void (async () => {
            let read = "";
            for await (const part of connection) read += String(part);
            said.push(read.slice(read.indexOf("ALTER")));
            connection.end();
          })();
        });
        const file = join(home, "databases/db/password");
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, "first");
        const images = { machine: "", net: "", mysql: "" };
        const lab = { name: "unit", home, subnet: 0, images };
        await test(
          () => changeMasterPassword(lab, { id: "db", masterUser: "dbadmin" }),
          () => readFile(file, "utf8"),
        );
      },
    );
  }

  it("is changed once in the server, on no command line, when the API has another one", () =>
    withDatabase(async (change, told) => {
      wanted = `it's\\new`;
      await change();
      await change();
      expect(said).to.deep.equal([`ALTER USER 'dbadmin'@'%' IDENTIFIED BY 'it\\'s\\\\new';\n`]);
      expect(commands.join()).to.include("--user=rdsadmin").and.not.include("new");
      expect(await told()).to.equal(wanted);
    }));

  it("is not changed while it is the same", () =>
    withDatabase(async (change) => {
      wanted = "first";
      await change();
      expect(commands).to.deep.equal([]);
    }));

  it("is changed later when the server refuses at first", () =>
    withDatabase(async (change, told) => {
      [wanted, status] = ["second", 1];
      const failure = await change().catch((error: Error) => error);
      expect(failure).to.have.property("message").that.includes("mysql in unit-db");
      expect(await told()).to.equal("first");
      status = 0;
      await change();
      expect(said).to.have.length(2);
      expect(await told()).to.equal("second");
    }));
});
