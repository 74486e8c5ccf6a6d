import { expect } from "chai";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Failure } from "../../../operations/failure.ts";
import { momentOf } from "../../../operations/logs.ts";
import { storedLines } from "../../../operations/stored-logs.ts";
import { fixture, type Fixture } from "./fixture.ts";

type Input = Readonly<Record<string, unknown>>;
type Answer = (input: Input) => { status?: number; body: object };

/** An event so many seconds after 2026-01-02 03:00. */
const event = (seconds: number, message: string, logStreamName = "server") => ({
  timestamp: Date.UTC(2026, 0, 2, 3) + seconds * 1000,
  ...{ message, logStreamName, eventId: `${seconds}` },
});
const commands = { make: "pulumi up --refresh", local: "./ops logs" };

describe("The logs in CloudWatch", () => {
  let server: Server;
  let cloudWatch: Answer;
  let calls: Input[];
  const set = ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
  const outer = set.map((name) => [name, process.env[name]] as const);

  before(async () => {
    server = createServer((request, response) => {
      void text(request).then((body) => {
        const input = JSON.parse(body) as Input;
        calls.push(input);
        const answer = cloudWatch(input);
        response.writeHead(answer.status ?? 200, { "content-type": "application/x-amz-json-1.1" });
        response.end(JSON.stringify(answer.body));
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    process.env.AWS_ACCESS_KEY_ID = "own";
    process.env.AWS_SECRET_ACCESS_KEY = "secret";
  });
  beforeEach(() => (calls = []));
  after(() => {
    server.close();
    for (const [name, value] of outer)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  });

  const read = async (groups: readonly string[], all = false) => {
    const lines: string[] = [];
    const account = { region: "us-west-2" };
    const stop = new AbortController().signal;
    for await (const line of storedLines({ groups, account, start: 5, all, stop, commands }))
      lines.push(line);
    return lines;
  };
  const failure = async () => {
    const error: unknown = await read(["app"]).catch((thrown: unknown) => thrown);
    if (error instanceof Failure) return error;
    throw new Error(`no Failure: ${String(error)}`);
  };

  it("are read page by page, from the moment on, and merged with those of tasks", async () => {
    const pages: Record<string, object> = {
      app: { events: [event(1, "green one")], nextToken: "2" },
      app2: { events: [event(3, "green three\n")] },
      tasks: {
        events: [event(2, "two", "app/app/0123456789"), event(4, "four", "worker/mail/89abcdef01")],
      },
    };
    cloudWatch = ({ logGroupName, nextToken }) => ({
      body: pages[[logGroupName, nextToken].join("")]!,
    });
    expect(await read(["app", "tasks"])).to.deep.equal([
      "2026-01-02T03:00:01Z green one",
      "2026-01-02T03:00:02Z task-01234567 two",
      "2026-01-02T03:00:03Z green three",
      "2026-01-02T03:00:04Z mail-89abcdef four",
    ]);
    expect(calls.map(({ startTime }) => startTime)).to.deep.equal([5, 5, 5]);
  });

  it("leave out what scripts/logs.sh leaves out", async () => {
    const noise = [
      'proxy 10.0.0.1 "GET /login HTTP/1.1" 200 38 "flask-on-aws-check" 0.002 s',
      "proxy 2026/01/02 03:00:00.123\tINFO\tusing config from file\t{}",
      'green 127.0.0.1 - - [02/Jan/2026:03:04:05 +0000] "GET / HTTP/1.1" 200 7 "-" "Python-urllib/3.11"',
      'green - - - "GET /" "ELB-HealthChecker/2.0"',
    ];
    const events = [...noise, "green INFO of the app"].map((message) => event(1, message));
    cloudWatch = () => ({ body: { events } });
    expect(await read(["app"])).to.deep.equal(["2026-01-02T03:00:01Z green INFO of the app"]);
    expect(await read(["app"], true)).to.have.length(5);
  });

  it("that somebody has deleted are an error, with the command that makes the group again", async () => {
    const body = { __type: "ResourceNotFoundException", message: "no" };
    cloudWatch = () => ({ status: 400, body });
    const { message, remedy } = await failure();
    expect(message).to.equal(
      "CloudWatch has no log group app: somebody has deleted it, with its lines",
    );
    expect(remedy).to.equal(
      "make it again: pulumi up --refresh;\n        what the machine itself has: ./ops logs",
    );
  });

  it("that the operator may not read are an error, with the permission", async () => {
    cloudWatch = () => ({ status: 400, body: { __type: "AccessDeniedException", message: "no" } });
    const { message, remedy } = await failure();
    expect(message).to.equal("the log group app cannot be read: AccessDeniedException: no");
    expect(remedy).to.include("logs:FilterLogEvents");
  });
});

describe("The moment of --since", () => {
  const outer = process.env.TZ;
  before(() => (process.env.TZ = "America/New_York"));
  after(() => {
    if (outer === undefined) delete process.env.TZ;
    else process.env.TZ = outer;
  });
  const now = Date.UTC(2026, 0, 10);
  const cases: [since: string, moment: number][] = [
    ["30m", now - 1_800_000],
    ["1d12h", now - 129_600_000],
    ["90s", now - 90_000],
    ["2026-01-02", Date.UTC(2026, 0, 2)],
    ["2026-01-02T03:04:05", Date.UTC(2026, 0, 2, 3, 4, 5)],
    ["2026-01-02T03:04:05+01:00", Date.UTC(2026, 0, 2, 2, 4, 5)],
  ];
  for (const [since, moment] of cases) {
    it(`of ${since} is in UTC`, () => {
      expect(momentOf(since, now)).to.equal(moment);
    });
  }
});

describe("./ops logs --since", function () {
  this.timeout(30_000);
  const credentials = { AWS_ACCESS_KEY_ID: "own", AWS_SECRET_ACCESS_KEY: "secret" };
  let made: Fixture;
  const using = (more: object) => {
    made = fixture({ ...credentials, AWS_MAX_ATTEMPTS: "1" }, more);
    made.machine.script("logs.sh", 'log "logs.sh $*"');
    return made;
  };
  afterEach(() => made.machine.remove());

  it("reads from CloudWatch without a connection to the machine, which may be gone", () => {
    const { machine, ops } = using({ logGroups: "app-logs" });
    machine.fake("ssh", "log connected");
    const { status, stderr } = ops("logs", "--since", "2d");
    expect(status).to.equal(1);
    expect(stderr).to.include("error: the log group app-logs cannot be read: ");
    expect(machine.log).to.not.include("connected");
  });

  it("reads on the machine what is followed, also if that ends at once, and without the option as before", () => {
    const { machine, ops } = using({ logGroups: "app-logs" });
    expect(ops("logs", "--since", "3h", "--follow").status).to.equal(0);
    expect(ops("logs").status).to.equal(0);
    expect(machine.log.match(/^logs\.sh.*$/gm)).to.deep.equal([
      "logs.sh --follow --since 3h",
      "logs.sh ",
    ]);
  });

  it("reads on the machine where the logs stay there, with days as Docker knows them", () => {
    const { machine, ops } = using({ logGroups: "" });
    expect(ops("logs", "--since", "2d1h").status).to.equal(0);
    expect(machine.log).to.match(/^logs\.sh --since 48h1h$/m);
  });

  it("refuses a time that no calendar has", () => {
    const { ops } = using({});
    for (const since of ["2026-13-45", "", "d"])
      expect(ops("logs", "--since", since).status, since).to.equal(2);
  });
});
