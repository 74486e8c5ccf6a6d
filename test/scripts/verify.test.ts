import { expect } from "chai";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { FakeMachine } from "../support/machine.ts";

describe("The verification", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.write("root/proxy/active", "green\n");
  });
  afterEach(() => machine.remove());

  const verify = (
    answers: {
      page?: string;
      schemas?: string;
      tables?: string;
      revision?: string;
      serves?: string;
    } = {},
  ) => {
    const { page = "200", schemas = "appdb", tables = "alembic_version\nusers" } = answers;
    machine.fake("curl", `printf %s ${page}; [ ${page} != 000 ]`);
    machine.mysql({
      "SHOW?DATABASES": `information_schema\n${schemas}\n`,
      "SHOW?TABLES": `${tables}\n`,
      "SHOW?TABLES?LIKE*": "alembic_version\n",
      "SELECT?version_num*": answers.revision ?? "a1\n",
    });
    if (schemas !== "appdb") machine.write("dropped", "");
    machine.fake("docker-compose", `[ "\${*: -3}" = "ps --quiet green" ] && echo container`);
    const { serves = "app:1" } = answers;
    machine.fake(
      "docker",
      `[ "$*" = "inspect --format {{.Config.Image}} container" ] && echo '${serves}'`,
    );
    return machine.run("verify.sh", ["app:1"]);
  };
  const gate = (body: string) => machine.script("check-database-connection.sh", body);

  it("prints nothing when all checks pass", () => {
    gate(`[ "$1" = green ]`);
    expect(verify()).to.deep.equal({ status: 0, stdout: "", stderr: "" });
  });

  for (const [what, answers, error] of [
    ["another image runs", { serves: "app:2" }, "app:2 serves, not app:1"],
    ["no container runs", { serves: "" }, "nothing serves, not app:1"],
    [
      "the page answers with an error",
      { page: "502" },
      "https://app.example/login answers with status 502, not 200",
    ],
    [
      "the page does not answer",
      { page: "000" },
      "https://app.example/login answers with status 000, not 200",
    ],
    [
      "the server has no such schema",
      { schemas: "appdb2" },
      "db.example has no schema appdb: somebody dropped it",
    ],
    [
      "the schema has no table users",
      { tables: "alembic_version\nmy_users" },
      "the schema appdb at db.example has no table users, only: alembic_version my_users",
    ],
    [
      "the schema has no table alembic_version",
      { tables: "users" },
      "the schema appdb at db.example has no table alembic_version, only: users",
    ],
    ["the schema has no revision", { revision: "" }, "the schema appdb names no revision"],
  ] as const) {
    it(`fails when ${what}`, () => {
      gate(":");
      const { status, stderr } = verify(answers);
      expect(status).to.equal(1);
      expect(stderr).to.include(`error: ${error}\nremedy: `);
    });
  }

  it("fails with the last line of the database check, and shows its whole output", () => {
    gate("printf 'Traceback\\nthe data is at None\\n' >&2; exit 1");
    const { status, stderr } = verify();
    expect(status).to.equal(1);
    expect(stderr).to.equal(
      "error: the data is at None\nremedy: run pulumi up again\n  | Traceback\n  | the data is at None\n",
    );
  });
});

describe("The check of the database connection", () => {
  let machine: FakeMachine;
  let server: Server;
  let client: Socket | undefined;
  const port = () => (server.address() as AddressInfo).port;
  before((done) => {
    server = createServer().listen(0, "127.0.0.1", done);
  });
  after((done) => {
    server.close(done);
  });

  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack({ DB_HOST: "127.0.0.1", DB_PORT: port() });
    // The parts of the app and of SQLAlchemy that the check uses; Python is the real one.
    machine.write(
      "python/run.py",
      `import os
from types import SimpleNamespace as Object
class app:
    config = {"SQLALCHEMY_DATABASE_URI": os.environ["URI"]}
    def app_context():
        return open(os.devnull)
def execute(statement):
    print(statement)
    if "users" in os.environ.get("MISSING", ""): raise RuntimeError("no such table: users")
db = Object(session=Object(execute=execute))
`,
    );
    machine.write(
      "python/sqlalchemy.py",
      `from urllib.parse import urlsplit
from types import SimpleNamespace as Object
text = str
def make_url(uri):
    return Object(host=urlsplit(uri).hostname, drivername=uri.split(":")[0])
`,
    );
    machine.fake(
      "docker-compose",
      `[ "\${*: 9:3}" = "exec -T green" ]; cd '${machine.home}/python'; exec "\${@:12}"`,
    );
    machine.fake("python", `exec python3 "$@"`);
  });
  afterEach((done) => {
    machine.remove();
    if (client) client.on("close", done).destroy();
    else done();
    client = undefined;
  });

  const connected = () =>
    new Promise<void>((resolve) => {
      client = connect(port(), "127.0.0.1", resolve);
    });
  const gate = (host = "127.0.0.1", env: NodeJS.ProcessEnv = {}) => {
    const URI = host === "" ? "sqlite:///db.sqlite3" : `mysql+pymysql://a:b@${host}/appdb`;
    return machine.run("check-database-connection.sh", ["green"], "", { URI, ...env });
  };

  it("passes when the app is connected to the database", async () => {
    await connected();
    expect(gate()).to.deep.equal({ status: 0, stdout: "SELECT COUNT(*) FROM users\n", stderr: "" });
  });

  it("fails when the app uses SQLite", async () => {
    await connected();
    const { status, stderr } = gate("");
    expect(status).to.equal(1);
    expect(stderr).to.match(/^the app's data is at sqlite, not at 127\.0\.0\.1: see DB_/);
  });

  it("fails when the app uses another server", async () => {
    await connected();
    expect(gate("other.example").stderr).to.match(/^the app's data is at other\.example, not at/);
  });

  it("fails when the app has no connection to the database", () => {
    const { status, stderr } = gate();
    expect(status).to.equal(1);
    expect(stderr).to.equal(
      `the app has answered requests, but none of its processes is connected to 127.0.0.1:${port()}\n`,
    );
  });

  it("fails when the app cannot query the database", async () => {
    await connected();
    const { status, stderr } = gate(undefined, { MISSING: "users" });
    expect(status).to.equal(1);
    expect(stderr).to.include("no such table: users");
  });
});
