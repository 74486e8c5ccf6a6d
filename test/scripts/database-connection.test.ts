import { expect } from "chai";
import { createServer as createHttpServer, type Server as HttpServer } from "node:http";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { FakeMachine } from "../support/machine.ts";

describe("The check of the database connection", () => {
  let machine: FakeMachine;
  let database: Server;
  let app: HttpServer;
  /** What the app does for a request, and what it answers. */
  let work: () => Promise<unknown>;
  let status: number;
  let asked: { url: string | undefined; host: string | undefined; scheme: unknown }[];
  /** Whether the database closes each connection, as it does where it refuses a login. */
  let refuses: boolean;
  let pooled: Socket[];
  const port = () => (database.address() as AddressInfo).port;

  /** Connects as an app does; resolves when the database has seen it. */
  const open = async () => {
    const client = connect(port(), "127.0.0.1");
    client.on("error", () => undefined);
    await once(client, "data");
    return client;
  };
  const openAndClose = async () => {
    const client = await open();
    // The side that closes first keeps the connection in TIME_WAIT.
    await once(client.end(), "close");
  };

  before(async () => {
    database = createServer({ allowHalfOpen: false }, (socket) => {
      socket.on("error", () => undefined);
      if (refuses) socket.end("Access denied");
      else socket.write("welcome");
    }).listen(0, "127.0.0.1");
    app = createHttpServer((request, response) => {
      const { host, "x-forwarded-proto": scheme } = request.headers;
      asked.push({ url: request.url, host, scheme });
      void work().then(() => response.writeHead(status).end("page"));
    }).listen(0, "127.0.0.1");
    await Promise.all([once(database, "listening"), once(app, "listening")]);
  });
  after(() => {
    database.close();
    app.close();
  });
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack({ DB_HOST: "127.0.0.1", DB_PORT: port() });
    machine.fake("docker-compose", `[ "\${*: 9}" = "ps --quiet green" ]; echo container`);
    machine.fake("docker", `[ "$1 $4" = "inspect container" ]; echo "${process.pid} 127.0.0.1 "`);
    [work, status, asked, refuses, pooled] = [() => Promise.resolve(), 200, [], false, []];
  });
  afterEach(async () => {
    await Promise.all(pooled.map((client) => once(client.destroy(), "close")));
    machine.remove();
  });

  const gate = () =>
    machine.start("check-database-connection.sh", [
      ...["green", String((app.address() as AddressInfo).port), "/up?a=b", "200"],
    ]).ended;
  const passes = async () => expect(await gate()).to.deep.equal({ status: 0, output: "" });
  const nothing = () => `the app answers GET /up?a=b without a connection to 127.0.0.1:${port()}\n`;

  it("asks for the page as the proxy does, and passes when a pool keeps a connection", async () => {
    pooled.push(await open());
    await passes();
    expect(asked).to.deep.equal([{ url: "/up?a=b", host: "app.example", scheme: "https" }]);
  });

  it("passes when the request opens the connection that a pool keeps", async () => {
    work = async () => pooled.push(await open());
    await passes();
    expect(asked).to.have.length(1);
  });

  it("passes when each request opens a connection and closes it", async () => {
    work = openAndClose;
    await passes();
    expect(asked).to.have.length(4);
  });

  it("fails when no request connects, as with SQLite", async () => {
    expect(await gate()).to.deep.equal({ status: 1, output: nothing() });
  });

  it("fails when only an earlier request has connected, before the app fell back to SQLite", async () => {
    await openAndClose();
    expect(await gate()).to.deep.equal({ status: 1, output: nothing() });
  });

  it("fails when the app falls back to SQLite in the first request", async () => {
    work = () => (asked.length === 1 ? openAndClose() : Promise.resolve());
    expect(await gate()).to.deep.equal({ status: 1, output: nothing() });
  });

  it("fails when the database closes the connections of the app", async () => {
    refuses = true;
    work = async () => {
      const client = connect({ port: port(), host: "127.0.0.1" }).resume();
      await once(client, "close");
    };
    expect(await gate()).to.deep.equal({ status: 1, output: nothing() });
  });

  it("fails when the app is connected to another port of that server", async () => {
    work = () => Promise.resolve();
    machine.stack({ DB_HOST: "127.0.0.1", DB_PORT: port() === 65535 ? 1 : port() + 1 });
    pooled.push(await open());
    expect((await gate()).output).to.match(
      /^the app answers GET .* without a connection to 127\.0\.0\.1:\d+\n/,
    );
  });

  it("fails with the status that the page answers with", async () => {
    pooled.push(await open());
    status = 500;
    const output = "the app answers GET /up?a=b with status 500, not 200\n";
    expect(await gate()).to.deep.equal({ status: 1, output });
  });
});
