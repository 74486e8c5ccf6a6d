import { expect } from "chai";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { acceptanceMachine } from "../support/acceptance-machine.ts";
import { FakeMachine, until } from "../support/machine.ts";

interface Sent {
  readonly logGroupName: string;
  readonly logStreamName: string;
  readonly logEvents: { readonly timestamp: number; readonly message: string }[];
}
/** What docker-compose prints of a line that was logged so many seconds ago. */
const line = (service: string, secondsAgo: number, text: string) => {
  const time = new Date(Date.now() - secondsAgo * 1000).toISOString().replace("Z", "456789Z");
  return `\x1b[2K${`${service}-1`.padEnd(7)} | ${time} ${text}\n`;
};
const request = `{"level":"info","request":{"client_ip":"203.0.113.7","proto":"HTTP/1.1","method":"GET","host":"a","uri":"/login"},"duration":0.002,"size":38,"status":200,"agent":"Mozilla"}`;

/** Plays CloudWatch Logs: the files `group` and `stream` are what there is, `says` is an error, `hangs` no answer. */
const cloudWatch = (home: string) => `
cd '${home}'
log "$1 $2"
refuse() { printf '\\nAn error occurred (%s) when calling the operation: no\\n' "$1" >&2; exit 254; }
if [ -e hangs ]; then exec /bin/sleep 60; fi
if [ -e says ]; then refuse "$(cat says)"; fi
[ -e group ] || refuse ResourceNotFoundException
case "$1 $2" in
"logs create-log-stream") [ "\${*:3}" = "--log-group-name app-logs --log-stream-name server" ]; touch stream ;;
"logs put-log-events")
  [ -e stream ] || refuse ResourceNotFoundException
  [ "$3" = --cli-input-json ]; { cat "\${4#file://}"; echo; } >>sent ;;
*) exit 9 ;;
esac`;

describe("The logs that CloudWatch gets", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack({ LOG_GROUP: "app-logs" });
    machine.write("root/release.env", "");
    machine.write("root/app.env", "# secrets: API_KEY\nAPI_KEY=sesame-1\n");
    machine.write("group", "");
    machine.write("past", "");
    machine.fake("hostname", "echo server");
    machine.fake("aws", cloudWatch(machine.home));
    machine.fake(
      "docker-compose",
      `cd '${machine.home}'; log "\${*:7}"; if [ -e broken ]; then echo "no Docker" >&2; exit 1; fi; cat past`,
    );
  });
  afterEach(() => machine.remove());

  const drop = (file: string) => rmSync(join(machine.home, file), { force: true });
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = machine.run("ship-logs.sh", args);
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    return stdout;
  };
  const sent = () =>
    machine.exists("sent")
      ? machine
          .read("sent")
          .split("\n")
          .filter(Boolean)
          .map((text) => JSON.parse(text) as Sent)
      : [];
  const messages = () => sent().flatMap(({ logEvents }) => logEvents.map((one) => one.message));
  const waiting = () =>
    readdirSync(join(machine.root, "unsent-logs")).filter((name) => name.endsWith(".json"));
  const calls = () => machine.log.match(/^logs (create|put)\S+/gm) ?? [];

  it("are the lines of all containers by time, requests short, secrets replaced", () => {
    machine.write(
      "past",
      line("proxy", 20, request) + line("green", 30, "key sesame-1 é") + line("green", 29, ""),
    );
    expect(run()).to.equal("");
    const [batch, ...others] = sent();
    expect(others).to.deep.equal([]);
    expect(batch).to.include({ logGroupName: "app-logs", logStreamName: "server" });
    expect(messages()).to.deep.equal([
      "green key [secret] é",
      "green ",
      'proxy 203.0.113.7 "GET /login HTTP/1.1" 200 38 "Mozilla" 0.002 s',
    ]);
    const ages = batch!.logEvents.map(({ timestamp }) => Date.now() - timestamp);
    expect(ages[0]).to.be.within(30_000, 60_000);
    expect(calls()).to.deep.equal([
      ...["logs put-log-events", "logs create-log-stream", "logs put-log-events"],
    ]);
    expect(waiting()).to.deep.equal([]);
  });

  it("are each sent once, from the moment on to which the run before came", () => {
    // Docker counts both moments in.
    machine.fake(
      "docker-compose",
      `cat '${machine.home}/past'; limits='--since ([^ ]+) --until ([^ ]+)'; [[ $* =~ $limits ]]
      log "\${BASH_REMATCH[@]:1}"; printf 'green-1 | %s at the limit\\n' "\${BASH_REMATCH[@]:1}"`,
    );
    machine.write("past", line("green", 30, "first"));
    run();
    machine.write("past", line("green", 30, "first") + line("green", -60, "to come"));
    run();
    const limits = machine.log.match(/^\d{4}-.*$/gm)!.map((logged) => logged.split(" "));
    expect(limits[1]![0], "since").to.equal(limits[0]![1], "until");
    const limit = "green at the limit";
    expect(messages()).to.deep.equal([limit, "green first", limit]);
  });

  it("begin with an hour on a new machine, and make no call where nothing was logged", () => {
    run();
    const [, since] = / --since (\S+) /.exec(machine.log)!;
    expect(Date.now() - Date.parse(since!)).to.be.within(3_600_000, 3_660_000);
    expect(calls()).to.deep.equal([]);
  });

  it("wait while CloudWatch refuses them, and the reason is told once", () => {
    machine.write("says", "AccessDeniedException");
    machine.write("past", line("green", 30, "first"));
    expect(run()).to.match(
      /^\S+Z logs: CloudWatch does not get them: An error .*AccessDenied.*\n$/,
    );
    const since = machine.read("root/failed-logs");
    machine.write("past", "");
    expect(run()).to.equal("");
    expect(machine.read("root/failed-logs")).to.equal(since);
    expect(machine.read("root/unsent-logs/reason")).to.include("AccessDeniedException");
    expect(waiting()).to.have.length(1);
    drop("says");
    run();
    expect(messages()).to.deep.equal(["green first"]);
    expect(machine.exists("root/failed-logs")).to.equal(false);
  });

  it("wait for a CloudWatch that does not answer, which holds up no other run", () => {
    machine.write("hangs", "");
    machine.write("past", line("green", 30, "first"));
    machine.fake(
      "timeout",
      `log "timeout $1"; if [ "$1" = 30 ]; then exec /usr/bin/timeout 0.2 "\${@:2}"; fi; exec "\${@:2}"`,
    );
    expect(run()).to.include("does not get them: no answer within 30 s");
    expect(waiting()).to.have.length(1);
  });

  it("are left to the next run where the run before has not ended, except for ./ops verify", async () => {
    machine.write("past", line("green", 30, "first"));
    machine.fake("flock", `log "flock $*"; exec /usr/bin/flock "$@"`);
    machine.write("root/unsent-logs/sending", "");
    machine.script(
      "run-before.sh",
      `cd '${machine.home}'; exec 9>>root/unsent-logs/sending; flock 9; touch holds; until [ -e end ]; do sleep 0.05; done`,
    );
    const before = machine.start("run-before.sh");
    await until(() => machine.exists("holds"), "the run before");
    run();
    const now = machine.start("ship-logs.sh", ["now"]);
    await until(() => machine.log.includes("flock --timeout 45 9"), "the run of verify");
    expect(calls()).to.deep.equal([]);
    machine.write("end", "");
    await Promise.all([before.ended, now.ended]);
    expect(messages()).to.deep.equal(["green first"]);
  });

  it("need a group, and are sent once it is there again", () => {
    drop("group");
    machine.write("past", line("green", 30, "first"));
    expect(run()).to.include("ResourceNotFoundException");
    machine.write("group", "");
    machine.write("past", "");
    run();
    expect(messages()).to.deep.equal(["green first"]);
  });

  it("leave out what CloudWatch refuses for good, so that the next ones do not wait behind it", () => {
    machine.write("says", "InvalidParameterException");
    machine.write("past", line("green", 30, "first"));
    expect(run()).to.include("CloudWatch refuses some lines for good");
    expect(waiting()).to.deep.equal([]);
    expect(machine.exists("root/failed-logs")).to.equal(false);
  });

  it("are taken again if Docker did not give them", () => {
    machine.write("broken", "");
    expect(run()).to.include("Docker's logs cannot be read: no Docker");
    expect(machine.exists("root/unsent-logs/until")).to.equal(false);
    drop("broken");
    machine.write("past", line("green", 30, "first"));
    run();
    expect(messages()).to.deep.equal(["green first"]);
  });

  it("include the last ones of a container that is removed, which no call delays", () => {
    machine.write("hangs", "");
    machine.fake("sleep", 'log "sleeps $1"');
    machine.write("past", line("green", 30, "last words"));
    expect(run("last", "green")).to.equal("");
    expect(machine.log).to.match(/^.*stop green\nsleeps 1\n.*logs .*\n$/);
    expect(waiting()).to.have.length(1);
  });

  it("are made into calls within the limits of PutLogEvents", () => {
    const many = Array.from({ length: 10_001 }, () => line("green", 60, "short"));
    const long = Array.from({ length: 70 }, () => line("green", 50, "é".repeat(8_000)));
    machine.write("past", [line("blue", 90_000, "yesterday"), ...many, ...long].join(""));
    machine.write("root/unsent-logs/until", "2026-01-01T00:00:00.000000000Z");
    run();
    expect(messages()).to.have.length(1 + many.length + long.length);
    for (const { logEvents } of sent()) {
      const sizes = logEvents.map(({ message }) => Buffer.byteLength(message) + 26);
      expect(sizes.reduce((sum, size) => sum + size)).to.be.at.most(1_048_576);
      expect(logEvents).to.have.length.at.most(10_000);
      const times = logEvents.map(({ timestamp }) => timestamp);
      expect(times.at(-1)! - times[0]!).to.be.below(24 * 3_600_000);
    }
  });

  it("take no more than their room on the machine, where the oldest go first", () => {
    machine.write("says", "AccessDeniedException");
    for (const text of ["first", "second", "third"]) {
      drop("root/unsent-logs/until");
      machine.write("past", line("green", 30, text));
      machine.run("ship-logs.sh", [], "", { UNSENT_LIMIT: "300" });
    }
    drop("says");
    machine.write("past", "");
    run();
    expect(messages()).to.deep.equal(["green second", "green third"]);
  });

  it("are not sent without the setting, and what waits is forgotten", () => {
    machine.write("root/unsent-logs/1.json", "{}");
    machine.write("root/failed-logs", "2026-01-01T00:00:00Z");
    machine.stack();
    run();
    run("last", "green");
    expect(machine.log).to.equal("");
    expect(machine.exists("root/unsent-logs")).to.equal(false);
    expect(machine.exists("root/failed-logs")).to.equal(false);
  });
});

describe("The acceptance check of the logs", () => {
  const { machine, check } = acceptanceMachine();

  it("is made only where CloudWatch gets them, and says where", () => {
    const made = () => check().map(([name]) => name);
    expect(made()).to.not.include("logs");
    machine().stack({ LOG_GROUP: "app-logs" });
    expect(made()).to.include("logs");
    machine().script("ship-logs.sh", 'log "ships $*"');
    expect(check("logs")).to.deep.equal([
      ["logs", "ok", "CloudWatch gets the logs, in app-logs", ""],
    ]);
    expect(machine().log).to.match(/^ships now$/m);
  });

  it("tells since when it gets none and why, with the command that makes the group again", () => {
    machine().stack({ LOG_GROUP: "app-logs" });
    machine().script("ship-logs.sh", "true");
    machine().write("root/failed-logs", "2026-01-02T03:04:05Z\n");
    machine().write("root/unsent-logs/reason", "An error occurred (ResourceNotFoundException)\n");
    const [[, result, found, remedy]] = check("logs") as [string[]];
    expect(result).to.equal("FAILED");
    expect(found).to.equal(
      "CloudWatch has not got the logs since 2026-01-02T03:04:05Z: An error occurred (ResourceNotFoundException)",
    );
    expect(remedy).to.include("pulumi up --refresh --stack prod");
  });
});
