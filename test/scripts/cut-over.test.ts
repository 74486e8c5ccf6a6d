import { expect } from "chai";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { FakeMachine } from "../support/machine.ts";

/**
 * Fakes docker-compose with files in the home of the fake machine: `up/SERVICE` is a container whose ID is the service's
 * name. `health` is the inspected state of a new app. `broken` lists what fails, one item a line. `busy` is how many more
 * times the old version has a connection.
 */
const compose = (home: string) => `
cd '${home}'
shift 8; log "$@"
works() { if grep -sqx "$1" broken; then echo "no $1" >&2; exit 1; fi; }
case "$*" in
"ps --all --quiet "*) [ ! -e "up/$4" ] || echo "$4" ;;
"ps --quiet "*) [ ! -e "up/$3" ] || echo "$3" ;;
"run --rm --no-deps -T proxy caddy validate --config /etc/caddy/Caddyfile.new --adapter caddyfile")
  works validate; works "validate $(sed -n s/^PROXY_IMAGE=//p root/release.env)" ;;
"up --detach --quiet-pull --no-deps proxy")
  works "up proxy"; sed -n s/^PROXY_IMAGE=//p root/release.env >up/proxy ;;
"up --detach --quiet-pull --no-deps "*) works "up \${*: -1}"; touch "up/\${*: -1}" ;;
"rm --force --stop "*) rm -f "up/$4" ;;
"logs --no-color --no-log-prefix --tail 200 "*)
  works logs
  echo "last words of \${*: -1}"
  echo '- - - [01/Jan/2026:00:00:00 +0000] "GET /login HTTP/1.1" 200 9 "-" "Python-urllib/3.11"'
  echo '172.18.0.1 - - [01/Jan/2026:00:00:00 +0000] "GET /login HTTP/1.1" 200 9 "-" "flask-on-aws-check"'
  printf '2026/01/01 00:00:00.123\tINFO\tnotice\n' ;;
"exec -T proxy caddy reload --config /etc/caddy/Caddyfile") works reload ;;
"exec -T "*" cat /proc/net/tcp")
  read -r left <busy
  cat tcp
  if [ "$left" -gt 0 ]; then echo $((left - 1)) >busy; echo '   3: 040012AC:138D 030012AC:C35A 01 00000000:00000000 00:00000000'; fi ;;
*) exit 9 ;;
esac`;
/** Of a version without requests: it listens, its health check connects, and one connection has ended. */
const idleConnections = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when
   0: 00000000:138D 00000000:0000 0A 00000000:00000000 00:00000000
   1: 0100007F:138D 0100007F:C350 01 00000000:00000000 00:00000000
   2: 040012AC:138D 030012AC:C358 06 00000000:00000000 03:00000B1D
`;

describe("The cut-over", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.write("health", "healthy 0\n");
    machine.write("busy", "0\n");
    machine.write("tcp", idleConnections);
    machine.write("up/.keep", "");
    machine.fake("docker-compose", compose(machine.home));
    machine.fake(
      "docker",
      `case "$3" in
      flask-on-aws-nginx-1) log docker "$@"; ! grep -qx nginx '${machine.home}/broken' ;;
      *Restarting*) echo 2026-01-01T00:00:09Z ;;
      *StartedAt*) echo "$4 since $(cat '${machine.home}/up/proxy')" ;;
      *RestartCount*) cat '${machine.home}/health' ;;
      *revision*) echo "commit of $4" ;;
      *.Log*) printf 'first\\n\\nHTTP Error 500\\n\\n' ;;
      esac`,
    );
    machine.fake("sleep", "log sleep $1");
    machine.fake("curl", `log curl "\${*: -1}"`);
    machine.script("check-database-connection.sh", `log "gate $*"`);
    machine.script("serving.sh", `log "serving $*"`);
  });
  afterEach(() => machine.remove());

  const switchTo = (image: string, PROXY_IMAGE = "caddy:2", ...action: string[]) => {
    machine.write("log", "");
    machine.stack({ PROXY_IMAGE });
    return machine.run("cut-over.sh", [image, ...action]);
  };
  /** The containers that are up, and the one that the proxy passes requests to. */
  const state = () => {
    const up = ["blue", "green"].filter((service) => machine.exists(`up/${service}`));
    const active = "root/proxy/active";
    const serves = machine.exists(active) ? machine.read(active) : undefined;
    return { up, serves };
  };
  const at = (line: string | RegExp) => {
    const index = machine.log.split("\n").findIndex((logged) => logged.search(line) === 0);
    expect(index, `${line} in\n${machine.log}`).to.be.at.least(0);
    return index;
  };
  const deployed = (image: string) => {
    expect(switchTo(image)).to.deep.equal({ status: 0, stdout: "", stderr: "" });
  };

  it("starts the first version, checks it, and then starts the proxy", () => {
    deployed("app:1");
    expect(state()).to.deep.equal({ up: ["blue"], serves: "blue\n" });
    expect(at("gate blue")).to.be.lessThan(at(/up .* proxy/));
    expect(at(/up .* proxy/)).to.be.lessThan(at("curl http://127.0.0.1:5085/login"));
    expect(machine.read("root/release.env")).to.equal(
      `ROOT=${machine.root}\nPROXY_IMAGE=caddy:2\nBLUE_IMAGE=app:1\nGREEN_IMAGE=app:1\n`,
    );
    expect(machine.read("root/proxy/Caddyfile"))
      .to.include("reverse_proxy {file./etc/caddy/active}:5005")
      .and.include("max_size 16MB");
    expect(machine.log, "a proxy that was just started").to.not.include("reload");
  });

  it("switches from blue to green and back", () => {
    deployed("app:1");
    deployed("app:2");
    expect(state()).to.deep.equal({ up: ["green"], serves: "green\n" });
    expect(machine.read("root/release.env")).to.match(/BLUE_IMAGE=app:1\nGREEN_IMAGE=app:2\n$/);
    deployed("app:3");
    expect(state()).to.deep.equal({ up: ["blue"], serves: "blue\n" });
    expect(machine.read("root/release.env")).to.match(/BLUE_IMAGE=app:3\nGREEN_IMAGE=app:2\n$/);
  });

  it("stops the old version once it has answered all its requests", () => {
    deployed("app:1");
    machine.write("busy", "3\n");
    deployed("app:2");
    expect(at("gate green")).to.be.lessThan(at("exec -T blue cat /proc/net/tcp"));
    expect(machine.log.match(/sleep 0\.2/g)).to.have.length(3);
    expect(machine.log.lastIndexOf("sleep")).to.be.lessThan(machine.log.indexOf("stop blue"));
  });

  it("waits at most 30 s for the requests of the old version", () => {
    deployed("app:1");
    machine.write("busy", "9999\n");
    deployed("app:2");
    expect(machine.log.match(/sleep 0\.2/g)).to.have.length(150);
    expect(state()).to.deep.equal({ up: ["green"], serves: "green\n" });
  });

  it("sees one request among thousands of connections that have ended", () => {
    deployed("app:1");
    const ended = "   2: 040012AC:138D 030012AC:C358 06 00000000:00000000 03:00000B1D\n";
    machine.write("tcp", idleConnections.replace(/06/, "01") + ended.repeat(3000));
    expect(switchTo("app:2").status).to.equal(0);
    expect(machine.log.match(/sleep 0\.2/g)).to.have.length(150);
  });

  it("validates a new configuration before it gives it to the running proxy", () => {
    deployed("app:1");
    machine.write("root/proxy/Caddyfile", "old");
    deployed("app:2");
    expect(at(/run .* caddy validate/)).to.be.lessThan(at(/up .* proxy/));
    expect(at("exec -T proxy caddy reload")).to.be.greaterThan(at(/up .* proxy/));
    deployed("app:3");
    expect(machine.log, "an unchanged configuration").to.not.include("validate");
    expect(machine.read("root/proxy/Caddyfile")).to.include("{file./etc/caddy/active}");
  });

  describe("on a machine of an earlier version, which has nginx", () => {
    beforeEach(() => {
      deployed("app:1");
      rmSync(join(machine.root, "proxy"), { recursive: true });
      machine.write("root/release.env", "NGINX_IMAGE=nginx\nBLUE_IMAGE=app:1\n");
      machine.write("root/nginx/app.conf", "    set $app blue:5005;\n");
    });

    it("replaces nginx once the new version is proven and the proxy takes its configuration", () => {
      deployed("app:2");
      expect(at("gate green")).to.be.lessThan(at(/run .* caddy validate/));
      expect(at(/run .* caddy validate/)).to.be.lessThan(
        at("docker rm --force flask-on-aws-nginx-1"),
      );
      expect(at("docker rm")).to.be.lessThan(at(/up .* proxy/));
      expect(machine.exists("root/nginx")).to.equal(false);
      expect(state()).to.deep.equal({ up: ["green"], serves: "green\n" });
    });

    it("keeps nginx when the proxy's image does not exist, or it is not removed", () => {
      machine.write("broken", "validate\n");
      expect(switchTo("app:2").stderr).to.match(/^error: the proxy refuses its configuration\./);
      expect(machine.log).to.not.include("docker rm");
      machine.write("broken", "nginx\n");
      expect(switchTo("app:2").stderr).to.match(/^error: nginx, the proxy of before, cannot be/);
      expect(machine.exists("root/nginx/app.conf")).to.equal(true);
      expect(state().up).to.deep.equal(["blue"]);
    });

    it("changes nothing before the settings of the new scripts are written", () => {
      const { status, stderr } = switchTo("app:2", "");
      expect(status).to.equal(1);
      expect(stderr).to.match(/^error: the last pulumi up .*\nremedy: run it again: pulumi up/);
      expect(machine.log).to.equal("");
    });
  });

  it("keeps the proxy's image of the last release for a rollback, and the new one if there is none", () => {
    deployed("app:1");
    expect(switchTo("app:2", "caddy:9", "rollback").status).to.equal(0);
    expect(machine.read("root/release.env")).to.include("PROXY_IMAGE=caddy:2\n");
    machine.write("root/release.env", "NGINX_IMAGE=nginx\nGREEN_IMAGE=app:2\n");
    expect(switchTo("app:3", "caddy:9", "rollback").status).to.equal(0);
    expect(machine.read("root/release.env")).to.include("PROXY_IMAGE=caddy:9\n");
  });

  it("first removes the container that an interrupted release has left", () => {
    deployed("app:1");
    machine.write("up/green", "");
    deployed("app:2");
    expect(at("rm --force --stop green")).to.be.lessThan(at(/up .* green/));
  });

  const faults: Record<string, [fault: () => void, error: string]> = {
    "the new version does not start": [
      () => machine.write("broken", "up green\n"),
      "the container of app:2 did not start",
    ],
    "the new version crashes at start": [
      () => machine.write("health", "starting 1\n"),
      "the app ends as soon as it is started",
    ],
    "the new version answers with errors": [
      () => machine.write("health", "unhealthy 0\n"),
      "the app's page is not served 90 s after the start: HTTP Error 500",
    ],
    "the new version is not connected to the database": [
      () =>
        machine.script(
          "check-database-connection.sh",
          "printf 'Traceback\\nthe data is at sqlite\\n' >&2; exit 1",
        ),
      "the data is at sqlite",
    ],
    "the proxy does not start": [
      () => machine.write("broken", "up proxy\n"),
      "the proxy did not start",
    ],
    "the proxy does not load its configuration": [
      () => machine.write("broken", "reload\n"),
      "the proxy refuses its configuration",
    ],
    "the proxy does not reach the new version": [
      () => machine.fake("curl", "exit 22"),
      "the app's page is not served through the proxy",
    ],
  };
  for (const [what, [fault, error]] of Object.entries(faults)) {
    it(`keeps the old version running when ${what}`, () => {
      deployed("app:1");
      fault();
      const { status, stderr } = switchTo("app:2");
      expect(status).to.equal(1);
      const suspect = error.includes("proxy") ? "proxy" : "green";
      const [verdict, evidence] = stderr.split(/(?<=\nremedy: .*)\n/);
      expect(verdict).to.equal(
        `error: ${error}.\n       The version before goes on serving\nremedy: ` +
          (suspect === "proxy"
            ? "correct the setting proxyImage (caddy:2), or set it back"
            : "correct the app, or set appCommit back to the commit that serves: commit of blue"),
      );
      expect(evidence!.split("\n")[0]).to.equal(`  | last words of ${suspect}`);
      expect(evidence, "requests of probes").to.not.match(/curl|flask-on-aws-check|urllib|notice/);
      expect(state()).to.deep.equal({ up: ["blue"], serves: "blue\n" });
      expect(machine.log).to.not.include("rm --force --stop blue");
    });
  }

  it("does not change the proxy when the new image does not fit", () => {
    deployed("app:1");
    const before = machine.read("root/release.env");
    machine.write("broken", "validate httpd:2\n");
    const { status, stderr } = switchTo("app:2", "httpd:2");
    expect(status).to.equal(1);
    expect(stderr).to.match(/^error: the proxy refuses its configuration\.\n/);
    expect(stderr).to.include("\n  | last words of proxy\n  | no validate httpd:2\n");
    expect(stderr).to.match(/^remedy: correct the setting proxyImage \(httpd:2\)/m);
    expect(state()).to.deep.equal({ up: ["blue"], serves: "blue\n" });
    expect(machine.read("up/proxy")).to.equal("caddy:2\n");
    expect(machine.read("root/release.env")).to.equal(before);
  });

  it("restores the previous proxy when the new one does not serve", () => {
    deployed("app:1");
    machine.fake("curl", "exit 22");
    expect(switchTo("app:2", "caddy:3").status).to.equal(1);
    expect(machine.read("up/proxy")).to.equal("caddy:2\n");
  });

  it("does not change the proxy when the app fails", () => {
    deployed("app:1");
    machine.write("broken", "up green\n");
    switchTo("app:2", "httpd:2");
    expect(machine.log).to.not.match(/^up .* proxy$/m);
    expect(machine.read("root/release.env")).to.include("PROXY_IMAGE=caddy:2\n");
  });

  it("shows the log of a crash up to the next start, which would push the cause out of the lines", () => {
    machine.write("health", "starting 1\n");
    expect(switchTo("app:1").status).to.equal(1);
    expect(machine.log).to.match(/^logs .* --until 2026-01-01T00:00:09Z blue$/m);
  });

  it("shows at most 30 lines of evidence", () => {
    deployed("app:1");
    machine.script("check-database-connection.sh", "seq 100 >&2; exit 1");
    const evidence = switchTo("app:2").stderr.match(/(?<=^ {2}\| ).*/gm);
    expect(evidence).to.deep.equal(Array.from({ length: 30 }, (_, i) => String(71 + i)));
  });

  it("returns to the old version even if no log can be read", () => {
    deployed("app:1");
    machine.write("broken", "up green\nlogs\n");
    const { status, stderr } = switchTo("app:2");
    expect(status).to.equal(1);
    expect(stderr).to.match(/^error: the container of app:2 did not start\.\n.*\nremedy: /);
    expect(machine.read("root/release.env")).to.include("GREEN_IMAGE=app:1\n");
  });

  it("does not suggest an earlier commit when the first version fails", () => {
    machine.write("broken", "up blue\n");
    expect(switchTo("app:1").stderr).to.match(/\nremedy: correct the app\n/);
  });

  it("records the running release before it stops the old version", () => {
    deployed("app:1");
    expect(at("curl http://127.0.0.1:5085/login")).to.be.lessThan(
      at("serving record app:1 release"),
    );
    expect(switchTo("app:2", "caddy:2", "rollback").status).to.equal(0);
    expect(at("serving record app:2 rollback")).to.be.lessThan(at("rm --force --stop blue"));
  });

  it("records nothing when the old version keeps running", () => {
    deployed("app:1");
    machine.fake("curl", "exit 22");
    expect(switchTo("app:2").status).to.equal(1);
    expect(machine.log).to.not.include("serving");
  });

  it("stops the old version and fails when the record cannot be written", () => {
    deployed("app:1");
    machine.script("serving.sh", "echo 'error: the record was not written' >&2; exit 3");
    expect(switchTo("app:2")).to.deep.equal({
      status: 3,
      stdout: "",
      stderr: "error: the record was not written\n",
    });
    expect(state()).to.deep.equal({ up: ["green"], serves: "green\n" });
  });

  it("removes a first version that fails, and starts the next one", () => {
    machine.fake("curl", "exit 22");
    const { status, stderr } = switchTo("app:1");
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: the app's page is not served through the proxy\nremedy: correct the setting proxyImage/,
    );
    expect(state()).to.deep.equal({ up: [], serves: undefined });
    machine.fake("curl", ":");
    deployed("app:2");
    expect(state()).to.deep.equal({ up: ["blue"], serves: "blue\n" });
  });
});
