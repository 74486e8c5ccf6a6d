import { expect } from "chai";
import { FakeMachine, until } from "../support/machine.ts";

/** What docker-compose prints, with its escape code. */
const line = (service: string, time: string, text: string) =>
  `\x1b[2K${`${service}-1`.padEnd(7)} | 2026-01-02T${time}.123456789Z ${text}\n`;
/** A request as Caddy logs it, and as the logs show it. */
const request = (path: string, agent: string) =>
  JSON.stringify({
    ...{ level: "info", ts: 1795716148.0010512, msg: "handled request" },
    request: {
      ...{ remote_ip: "172.18.0.1", remote_port: "37106", client_ip: "203.0.113.7" },
      ...{ proto: "HTTP/1.1", method: "GET", host: "app.example:5085", uri: path },
    },
    ...{ bytes_read: 3, user_id: "", duration: 0.002409112, size: 38, status: 200, agent },
  });
const shown = (path: string, agent: string) =>
  `203.0.113.7 "GET ${path} HTTP/1.1" 200 38 "${agent}" 0.002409112 s`;
/** As gunicorn logs a request, in images of earlier versions. */
const ofGunicorn = (from: string, agent: string) =>
  `${from} - - [02/Jan/2026:03:04:05 +0000] "GET /login HTTP/1.1" 200 7 "-" "${agent}"`;
const past = [
  line("proxy", "03:00:00", "2026/01/02 03:00:00.123\tINFO\tusing config from file\t{}"),
  line("proxy", "03:00:02", request("/login?a=b", "Mozilla")),
  line("proxy", "03:00:04", "2026/01/02 03:00:04.123\tINFO\tserving initial configuration"),
  line("proxy", "03:00:05", "2026/01/02 03:00:05.123\tERROR\tdial tcp: no INFO of this"),
  line("proxy", "03:00:06", request("/login", "flask-on-aws-check")),
  line("green", "03:00:01", "Traceback (most recent call last):"),
  line("green", "03:00:01", "  first of two lines at a time"),
  line("green", "03:00:03", ofGunicorn("127.0.0.1", "Python-urllib/3.11")),
  line("green", "03:00:07", ofGunicorn("172.18.0.3", "Python-urllib/3.11")),
  line("green", "03:00:06", ""),
].join("");

describe("The logs", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.write("root/release.env", "");
    machine.write("past", past);
    machine.write("coming", line("proxy", "04:00:00", request("/", "Mozilla")));
    machine.fake(
      "docker-compose",
      `log "\${*:7}"; case "$*" in *--follow*) cat '${machine.home}/coming'; exec sleep 60 ;; *) cat '${machine.home}/past' ;; esac`,
    );
  });
  afterEach(() => machine.remove());
  const times = (text: string) => [...text.matchAll(/^2026-01-02T(\S+)Z /gm)].map(([, at]) => at);

  it("are merged by time, without health checks and the proxy's notices", () => {
    const { status, stdout, stderr } = machine.run("logs.sh");
    expect(stdout, stderr).to.equal(
      [
        "2026-01-02T03:00:01Z green Traceback (most recent call last):",
        "2026-01-02T03:00:01Z green   first of two lines at a time",
        `2026-01-02T03:00:02Z proxy ${shown("/login?a=b", "Mozilla")}`,
        "2026-01-02T03:00:05Z proxy 2026/01/02 03:00:05.123\tERROR\tdial tcp: no INFO of this",
        "2026-01-02T03:00:06Z green ",
        `2026-01-02T03:00:07Z green ${ofGunicorn("172.18.0.3", "Python-urllib/3.11")}`,
        "",
      ].join("\n"),
    );
    expect(status).to.equal(0);
  });

  it("include every line with --all", () => {
    expect(times(machine.run("logs.sh", ["--all"]).stdout)).to.deep.equal([
      ...["03:00:00", "03:00:01", "03:00:01", "03:00:02", "03:00:03", "03:00:04", "03:00:05"],
      ...["03:00:06", "03:00:06", "03:00:07"],
    ]);
  });

  it("have 100 lines by default, as many as --lines says, or all lines since --since", () => {
    expect(times(machine.run("logs.sh", ["--lines", "2"]).stdout)).to.deep.equal([
      ...["03:00:06", "03:00:07"],
    ]);
    const many = Array.from({ length: 120 }, (_, at) =>
      line("green", `03:${String(at % 60).padStart(2, "0")}:00`, `line ${at}`),
    );
    machine.write("past", many.join(""));
    expect(times(machine.run("logs.sh").stdout)).to.have.length(100);
    expect(times(machine.run("logs.sh", ["--since", "1h"]).stdout)).to.have.length(120);
    expect(machine.log).to.match(/ --since 1h --until \S+Z\n$/);
  });

  it("continue with --follow where the past lines end", async () => {
    const running = machine.start("logs.sh", ["--follow", "--lines", "1"]);
    await until(() => times(running.output()).length === 2, "the line that comes");
    expect(times(running.output())).to.deep.equal(["03:00:07", "04:00:00"]);
    process.kill(-running.pid, "SIGTERM");
    const [, before, from] = /--until (\S+)\n.*--since (\S+)\n/s.exec(machine.log)!;
    expect(from).to.equal(before);
  });

  it("are empty if no line is relevant, and an error if nothing was released", () => {
    machine.write("past", line("proxy", "03:00:00", "2026/01/02 03:00:00.123\tINFO\tready"));
    const { status, stdout } = machine.run("logs.sh");
    expect([status, stdout]).to.deep.equal([0, ""]);
    machine.fake("docker-compose", "echo no such project >&2; exit 1");
    expect(machine.run("logs.sh").status).to.equal(1);
    const blank = new FakeMachine();
    const { stderr } = blank.run("logs.sh");
    expect(stderr).to.match(
      /^error: nothing has been released .*\nremedy: release the app: pulumi up\n$/,
    );
    blank.remove();
  });
});
