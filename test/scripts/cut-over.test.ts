import { expect } from "chai";
import { join } from "node:path";
import { cutOverMachine, idleConnections } from "../support/cut-over-machine.ts";

describe("The cut-over", () => {
  const { machine, describesApp, switchTo, state, at, deployed } = cutOverMachine();

  it("starts the first version, checks it, and then starts the proxy", () => {
    deployed("app:1");
    expect(state()).to.deep.equal({ up: ["blue"], serves: "blue\n" });
    expect(at("page 172.18.0.9:5005 /login 200")).to.be.lessThan(at("gate blue 5005 /login 200"));
    expect(at("gate blue")).to.be.lessThan(at(/up .* proxy/));
    expect(at(/up .* proxy/)).to.be.lessThan(at("curl https://app.example/login"));
    expect(machine().read("root/release.env")).to.equal(
      `ROOT=${machine().root}\nPROXY_IMAGE=caddy:2\nBLUE_IMAGE='app:1'\nGREEN_IMAGE='app:1'\n`,
    );
    expect(machine().read("root/blue.env")).to.equal(
      "FLASK_APP=run:app\nGUNICORN_CMD_ARGS=--proxy-protocol --proxy-allow-from=* --forwarded-allow-ips=*\n",
    );
    expect(machine().read("root/proxy/Caddyfile"))
      .to.include("reverse_proxy {file./etc/caddy/active}:5005")
      .and.include("max_size 16MB");
    expect(machine().log, "a proxy that was just started").to.not.include("reload");
  });

  it("switches from blue to green and back", () => {
    deployed("app:1");
    deployed("app:2");
    expect(state()).to.deep.equal({ up: ["green"], serves: "green\n" });
    expect(machine().read("root/release.env")).to.match(
      /BLUE_IMAGE='app:1'\n[^]*GREEN_IMAGE='app:2'\n/,
    );
    deployed("app:3");
    expect(state()).to.deep.equal({ up: ["blue"], serves: "blue\n" });
    expect(machine().read("root/release.env")).to.match(
      /BLUE_IMAGE='app:3'\n[^]*GREEN_IMAGE='app:2'\n/,
    );
  });

  it("stops the old version once it has answered all its requests", () => {
    deployed("app:1");
    machine().write("busy", "3\n");
    deployed("app:2");
    expect(at("gate green")).to.be.lessThan(at("connections of blue"));
    expect(machine().log.match(/sleep 0\.2/g)).to.have.length(3);
    expect(machine().log.lastIndexOf("sleep")).to.be.lessThan(machine().log.indexOf("stop blue"));
  });

  it("has the last lines of a container sent before it removes it, whatever comes of that", () => {
    machine().script("ship-logs.sh", `log "ship $*, up: $(ls '${machine().home}/up')"; exit 1`);
    deployed("app:1");
    deployed("app:2");
    expect(at("ship last blue, up: blue")).to.be.lessThan(at("rm --force --stop blue"));
    machine().write("health", "none 1\n");
    expect(switchTo("app:3").status).to.equal(1);
    expect(at("ship last blue, up: blue")).to.be.greaterThan(at("up --detach"));
  });

  it("waits at most 30 s for the requests of the old version", () => {
    deployed("app:1");
    machine().write("busy", "9999\n");
    deployed("app:2");
    expect(machine().log.match(/sleep 0\.2/g)).to.have.length(150);
    expect(state()).to.deep.equal({ up: ["green"], serves: "green\n" });
  });

  it("sees one request among thousands of connections that have ended", () => {
    deployed("app:1");
    const ended = "   2: 040012AC:138D 030012AC:C358 06 00000000:00000000 03:00000B1D\n";
    machine().write("tcp", idleConnections.replace(/06/, "01") + ended.repeat(3000));
    expect(switchTo("app:2").status).to.equal(0);
    expect(machine().log.match(/sleep 0\.2/g)).to.have.length(150);
  });

  it("gives the new version its full weight after it has started, and before it serves", () => {
    deployed("app:1");
    deployed("app:2");
    const raised = at("docker update --cpu-shares 1024 green");
    expect(raised).to.be.greaterThan(at("gate green"));
    expect(raised).to.be.lessThan(at("connections of blue"));
  });

  it("keeps the old version running when the new version does not get its full weight", () => {
    deployed("app:1");
    machine().write("broken", "update\n");
    const { status, stderr } = switchTo("app:2");
    expect(status).to.equal(1);
    expect(stderr).to.include("error: the container of app:2 does not get more processor time");
    expect(stderr).to.include("remedy: see what Docker says, then: pulumi up");
    expect(state()).to.deep.equal({ up: ["blue"], serves: "blue\n" });
  });

  it("first removes the container that an interrupted release has left", () => {
    deployed("app:1");
    machine().write("up/green", "");
    deployed("app:2");
    expect(at("rm --force --stop green")).to.be.lessThan(at(/up .* green/));
  });

  it("does not look at the database when appDatabaseCheck is false", () => {
    describesApp({ database_check: "false" });
    expect(machine().run("cut-over.sh", ["app:1"]).status).to.equal(0);
    expect(machine().log).to.include("page 172.18.0.9:5005 /login 200").and.not.include("gate");
  });

  const faults: Record<string, [fault: () => void, error: string]> = {
    "the new version does not start": [
      () => machine().write("broken", "up green\n"),
      "the container of app:2 did not start",
    ],
    "the new version crashes at start": [
      () => machine().write("health", "starting 1\n"),
      "the app ends as soon as it is started",
    ],
    "the new version answers with errors": [
      () => machine().write("health", "starting 0\n\nstatus 500 \n\n"),
      "the app answers GET /login with status 500, not 200",
    ],
    "the new version does not answer": [
      () => machine().write("health", "starting 0\nstatus 500 \n\nno answer: timed out\n"),
      "the app does not answer GET /login 90 s after the start: no answer: timed out",
    ],
    "the new version is not connected to the database": [
      () =>
        machine().script(
          "check-database-connection.sh",
          "printf 'Traceback\\nthe data is at sqlite\\n' >&2; exit 1",
        ),
      "the data is at sqlite",
    ],
    "the proxy does not start": [
      () => machine().write("broken", "up proxy\n"),
      "the proxy did not start",
    ],
    "the proxy does not load its configuration": [
      () => machine().write("broken", "reload\n"),
      "the proxy refuses its configuration",
    ],
    "the proxy does not reach the new version": [
      () => machine().fake("curl", "echo refused; printf '\\n000'; exit 7"),
      "the app's page is not served through the proxy: status 000, not 200",
    ],
  };
  /** What else may be right, by the beginning of the error. */
  const settings: Record<string, string> = {
    "the app answers GET":
      "\n        or set appHealthPath to a page that answers with 200 without a login;\n        or set appHealthStatus to what it answers",
    "the data is at sqlite":
      "\n        or, if that is right, set appHealthPath to a page that reads the database;\n        or set appDatabaseCheck to false if no page without a login reads it;\n        or set appDatabase to false if the app has none",
  };
  for (const [what, [fault, error]] of Object.entries(faults)) {
    it(`keeps the old version running when ${what}`, () => {
      deployed("app:1");
      fault();
      const { status, stderr } = switchTo("app:2");
      expect(status).to.equal(1);
      const suspect = error.includes("proxy") ? "proxy" : "green";
      const [verdict, evidence] = stderr.split(/\n(?= {2}\| )/, 2);
      const [, more = ""] = Object.entries(settings).find(([text]) => error.startsWith(text)) ?? [];
      expect(verdict).to.equal(
        `error: ${error}.\n       The version before goes on serving\nremedy: ` +
          (suspect === "proxy"
            ? "correct the setting proxyImage (caddy:2), acmeDirectory or acmeCaCertificate, or set it back"
            : `correct the app, or set appCommit back to the commit that serves: commit of blue${more}`),
      );
      expect(evidence).to.equal(`  | last words of ${suspect}`);
      expect(stderr.slice(verdict!.length), "requests of probes").to.not.match(
        /curl|flask-on-aws-check|urllib|notice/,
      );
      expect(state()).to.deep.equal({ up: ["blue"], serves: "blue\n" });
      expect(machine().log).to.not.include("rm --force --stop blue");
    });
  }

  it("asks for the app's packages by version when a patch of what serves does not start", () => {
    deployed("app:1");
    machine().write("health", "starting 1\n");
    expect(switchTo("app:1-p1").stderr).to.match(
      /serving\nremedy: name in the app's repository the versions of packages that it needs, /,
    );
  });

  it("fails 6 seconds after the first answer with another status, and waits while the app begins", () => {
    machine().write("health", "starting 0\nstatus 404 \n");
    expect(switchTo("app:1").stderr).to.match(/^error: .* with status 404, not 200\nremedy: /);
    expect(machine().log.match(/^sleep 1$/gm)).to.have.length(5);
    const health = join(machine().home, "health");
    machine().fake(
      "sleep",
      `log sleep $1; if [ "$(grep -c 'sleep 1' '${machine().home}/log')" = 5 ]; then echo healthy 0 >'${health}'; fi`,
    );
    deployed("app:1");
  });

  it("asks for the page of the app's description, and expects its status", () => {
    describesApp({ health_path: "/up?a=b", health_status: "204", module: 'app:make("x")' });
    machine().fake("curl", `log curl "\${*: -1}"; printf 204`);
    deployed("app:1");
    expect(machine().log).to.match(/^describe commit of app:1$/m);
    expect(machine().log).to.match(/^page \S+ \/up\?a=b 204\ngate blue 5005 \/up\?a=b 204$/m);
    expect(machine().log).to.match(/^curl https:\/\/app\.example\/up\?a=b$/m);
    expect(machine().read("root/blue.env")).to.include(`FLASK_APP=app:make("x")\n`);
    describesApp({});
    expect(switchTo("app:2").stderr).to.match(/through the proxy: status 204, not 200\.\n/);
    expect(machine().read("root/descriptions/1")).to.include("module='app:make(\"x\")'\n");
    expect(machine().exists("root/descriptions/2"), "of a version that never served").to.equal(
      false,
    );
  });

  it("rolls back to what an image served with, whatever the settings say now", () => {
    describesApp({ module: "old:app", health_path: "/old" });
    deployed("app:1");
    describesApp({ module: "new:app", health_path: "/new", database_check: "false" });
    deployed("app:2");
    expect(machine().log).to.not.include("gate");
    expect(switchTo("app:1", "caddy:2", "rollback").status).to.equal(0);
    expect(machine().log).to.not.include("describe");
    expect(machine().log).to.match(/^gate blue 5005 \/old 200$/m);
    expect(machine().read("root/blue.env")).to.include("FLASK_APP=old:app\n");
    expect(machine().read("root/green.env")).to.include("FLASK_APP=new:app\n");
  });

  it("rolls back to an image of an earlier version of the deployer as run:app with /login", () => {
    describesApp({ module: "new:app", health_path: "/new" });
    deployed("app:2");
    expect(switchTo("app:1", "caddy:2", "rollback").status).to.equal(0);
    expect(machine().log).to.match(/^gate green 5005 \/login 200$/m);
    expect(machine().read("root/green.env")).to.include("FLASK_APP=run:app\nGUNICORN_CMD_ARGS=");
  });

  it("shows the log of a crash up to the next start, which would push the cause out of the lines", () => {
    machine().write("health", "starting 1\n");
    expect(switchTo("app:1").status).to.equal(1);
    expect(machine().log).to.match(/^logs .* --until 2026-01-01T00:00:09Z blue$/m);
  });

  it("shows at most 30 lines of evidence", () => {
    deployed("app:1");
    machine().script("check-database-connection.sh", "seq 100 >&2; exit 1");
    const evidence = switchTo("app:2").stderr.match(/(?<=^ {2}\| ).*/gm);
    expect(evidence).to.deep.equal(Array.from({ length: 30 }, (_, i) => String(71 + i)));
  });

  it("shows 90 lines of a crash: gunicorn may add 40 of its own after the app's error", () => {
    machine().write("health", "starting 1\n");
    const compose = machine().read("fakes/docker-compose");
    machine().write(
      "fakes/docker-compose",
      compose.replace('echo "last words of', 'seq 100\n  echo "last words of'),
    );
    const evidence = switchTo("app:1").stderr.match(/(?<=^ {2}\| )\d+$/gm);
    expect(evidence).to.deep.equal(Array.from({ length: 88 }, (_, i) => String(13 + i)));
  });

  it("returns to the old version even if no log can be read", () => {
    deployed("app:1");
    machine().write("broken", "up green\nlogs\n");
    const { status, stderr } = switchTo("app:2");
    expect(status).to.equal(1);
    expect(stderr).to.match(/^error: the container of app:2 did not start\.\n.*\nremedy: /);
    expect(machine().read("root/release.env")).to.include("GREEN_IMAGE='app:1'\n");
  });

  it("does not suggest an earlier commit when the first version fails", () => {
    machine().write("broken", "up blue\n");
    expect(switchTo("app:1").stderr).to.match(/\nremedy: correct the app\n/);
  });

  it("records the running release before it stops the old version", () => {
    deployed("app:1");
    expect(at("curl https://app.example/login")).to.be.lessThan(at("serving record app:1 release"));
    expect(switchTo("app:2", "caddy:2", "rollback").status).to.equal(0);
    expect(at("serving record app:2 rollback")).to.be.lessThan(at("rm --force --stop blue"));
  });

  it("records nothing when the old version keeps running", () => {
    deployed("app:1");
    machine().fake("curl", "printf 000; exit 7");
    expect(switchTo("app:2").status).to.equal(1);
    expect(machine().log).to.not.include("serving");
  });

  it("stops the old version and fails when the record cannot be written", () => {
    deployed("app:1");
    machine().script("serving.sh", "echo 'error: the record was not written' >&2; exit 3");
    expect(switchTo("app:2")).to.deep.equal({
      status: 3,
      stdout: "",
      stderr: "error: the record was not written\n",
    });
    expect(state()).to.deep.equal({ up: ["green"], serves: "green\n" });
  });

  it("removes a first version that fails, and starts the next one", () => {
    machine().fake("curl", "printf 000; exit 7");
    const { status, stderr } = switchTo("app:1");
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: the app's page is not served through the proxy: status 000, not 200\nremedy: correct the setting proxyImage/,
    );
    expect(state()).to.deep.equal({ up: [], serves: undefined });
    machine().fake("curl", "printf 200");
    deployed("app:2");
    expect(state()).to.deep.equal({ up: ["blue"], serves: "blue\n" });
  });
});
