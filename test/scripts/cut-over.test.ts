import { expect } from "chai";
import { FakeMachine } from "../support/machine.ts";

/**
 * Fakes docker-compose with files in the home of the fake machine: `up/SERVICE` is a container whose ID is the service's
 * name. `health` is the inspected state of a new app. `broken` lists what fails, one item a line. Each reload raises the
 * number of nginx's worker; `draining` is how many more times the previous worker is seen.
 */
const compose = (home: string) => `
cd '${home}'
shift 8; log "$@"
works() { if grep -sqx "$1" broken; then echo "no $1" >&2; exit 1; fi; }
case "$*" in
"ps --all --quiet "*) [ ! -e "up/$4" ] || echo "$4" ;;
"ps --quiet "*) [ ! -e "up/$3" ] || echo "$3" ;;
"up --detach --quiet-pull --no-deps nginx")
  works "up nginx"; sed -n s/^NGINX_IMAGE=//p root/release.env >up/nginx; works "up $(cat up/nginx)" ;;
"up --detach --quiet-pull --no-deps "*) works "up \${*: -1}"; touch "up/\${*: -1}" ;;
"rm --force --stop "*) rm -f "up/$4" ;;
"logs --no-color --no-log-prefix --tail 200 "*)
  works logs
  echo "last words of $6"
  echo '127.0.0.1 - - [01/Jan/2026:00:00:00 +0000] "GET /login HTTP/1.1" 200 9 "-" "Python-urllib/3.11"'
  echo '172.18.0.1 - - [01/Jan/2026:00:00:00 +0000] "GET /login HTTP/1.1" 200 9 "-" "flask-on-aws-check"'
  echo '2026/01/01 00:00:00 [notice] 1#1: signal process started' ;;
"exec -T nginx nginx -t -q") works "nginx -t"; works "nginx -t $(cat up/nginx)"; works "nginx -t $(grep -o 'blue\\|green' root/nginx/app.conf)" ;;
"exec -T nginx nginx -s reload") echo $(($(cat reloads) + 1)) >reloads ;;
"exec -T nginx sh "*)
  works workers
  read -r worker <reloads; read -r left <draining
  printf '/proc/%s/cmdline ' "$worker"
  if [ "$left" -gt 0 ]; then echo $((left - 1)) >draining; echo "/proc/$((worker - 1))/cmdline"; fi ;;
*) exit 9 ;;
esac`;

describe("The cut-over", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.write("health", "healthy 0\n");
    machine.write("draining", "0\n");
    machine.write("reloads", "0\n");
    machine.write("up/.keep", "");
    machine.fake("docker-compose", compose(machine.home));
    machine.fake(
      "docker",
      `case "$3" in
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

  const switchTo = (image: string, nginx = "nginx:stable", ...action: string[]) => {
    machine.write("log", "");
    return machine.run("cut-over.sh", [image, nginx, ...action]);
  };
  /** The containers that are up, and the one that nginx passes requests to. */
  const state = () => {
    const up = ["blue", "green"].filter((service) => machine.exists(`up/${service}`));
    const conf = "root/nginx/app.conf";
    const serves = machine.exists(conf) && /set \$app (\w+):5005;/.exec(machine.read(conf));
    return { up, serves: serves ? serves[1] : undefined };
  };
  const at = (line: string | RegExp) => {
    const index = machine.log.split("\n").findIndex((logged) => logged.search(line) === 0);
    expect(index, `${line} in\n${machine.log}`).to.be.at.least(0);
    return index;
  };
  const deployed = (image: string) => {
    expect(switchTo(image)).to.deep.equal({ status: 0, stdout: "", stderr: "" });
  };

  it("starts the first version, checks it, and then starts nginx", () => {
    deployed("app:1");
    expect(state()).to.deep.equal({ up: ["blue"], serves: "blue" });
    expect(at("gate blue")).to.be.lessThan(at(/up .* nginx/));
    expect(at(/up .* nginx/)).to.be.lessThan(at("curl http://127.0.0.1:5085/login"));
    expect(machine.read("root/release.env")).to.equal(
      `ROOT=${machine.root}\nNGINX_IMAGE=nginx:stable\nBLUE_IMAGE=app:1\nGREEN_IMAGE=app:1\n`,
    );
    expect(machine.read("root/nginx/app.conf")).to.include("listen 5085;").and.not.include("@");
  });

  it("switches from blue to green and back", () => {
    deployed("app:1");
    deployed("app:2");
    expect(state()).to.deep.equal({ up: ["green"], serves: "green" });
    expect(machine.read("root/release.env")).to.match(/BLUE_IMAGE=app:1\nGREEN_IMAGE=app:2\n$/);
    deployed("app:3");
    expect(state()).to.deep.equal({ up: ["blue"], serves: "blue" });
    expect(machine.read("root/release.env")).to.match(/BLUE_IMAGE=app:3\nGREEN_IMAGE=app:2\n$/);
  });

  it("tests nginx's configuration before the reload and drains the old version before it stops", () => {
    deployed("app:1");
    machine.write("draining", "3\n");
    deployed("app:2");
    expect(at("gate green")).to.be.lessThan(at("exec -T nginx nginx -t"));
    expect(at("exec -T nginx nginx -t")).to.be.lessThan(at("exec -T nginx nginx -s reload"));
    expect(at("exec -T nginx nginx -s reload")).to.be.lessThan(at("rm --force --stop blue"));
    expect(machine.log.match(/sleep 0\.2/g)).to.have.length(2);
    expect(machine.log.lastIndexOf("sleep")).to.be.lessThan(machine.log.indexOf("stop blue"));
  });

  it("waits at most 30 s for an old nginx worker", () => {
    deployed("app:1");
    machine.write("draining", "9999\n");
    deployed("app:2");
    expect(machine.log.match(/sleep 0\.2/g)).to.have.length(150);
    expect(state()).to.deep.equal({ up: ["green"], serves: "green" });
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
    "nginx does not start": [() => machine.write("broken", "up nginx\n"), "nginx did not start"],
    "nginx has stopped": [
      () => machine.write("broken", "workers\nnginx -t\n"),
      "nginx does not run",
    ],
    "nginx refuses the new configuration": [
      () => machine.write("broken", "nginx -t green\n"),
      "nginx refused its configuration",
    ],
    "nginx refuses every configuration": [
      () => machine.write("broken", "nginx -t\n"),
      "nginx refused its configuration",
    ],
    "nginx does not reach the new version": [
      () => machine.fake("curl", "exit 22"),
      "the app's page is not served through nginx",
    ],
  };
  for (const [what, [fault, error]] of Object.entries(faults)) {
    it(`keeps the old version running when ${what}`, () => {
      deployed("app:1");
      fault();
      const { status, stderr } = switchTo("app:2");
      expect(status).to.equal(1);
      const suspect = error.includes("nginx") ? "nginx" : "green";
      const [verdict, evidence] = stderr.split(/(?<=\nremedy: .*)\n/);
      expect(verdict).to.equal(
        `error: ${error}.\n       The version before goes on serving\nremedy: ` +
          (suspect === "nginx"
            ? "correct the setting nginxImage (nginx:stable), or set it back"
            : "correct the app, or set appCommit back to the commit that serves: commit of blue"),
      );
      expect(evidence!.split("\n")[0]).to.equal(`  | last words of ${suspect}`);
      expect(evidence, "requests of probes").to.not.match(/curl|urllib|notice/);
      expect(state()).to.deep.equal({ up: ["blue"], serves: "blue" });
      expect(machine.log).to.not.include("rm --force --stop blue");
    });
  }

  for (const [what, broken, error] of [
    ["is not nginx", "nginx -t httpd:2", "nginx refused its configuration"],
    ["does not exist", "up httpd:2", "nginx did not start"],
  ] as const) {
    it(`restores the previous nginx when the new image ${what}`, () => {
      deployed("app:1");
      const before = machine.read("root/release.env");
      machine.write("broken", `${broken}\n`);
      const { status, stderr } = switchTo("app:2", "httpd:2");
      expect(status).to.equal(1);
      expect(stderr).to.match(new RegExp(`^error: ${error}\\.\n`));
      expect(stderr).to.include(`\n  | last words of nginx\n  | no ${broken}\n`);
      expect(stderr).to.match(/^remedy: correct the setting nginxImage \(httpd:2\)/m);
      expect(state()).to.deep.equal({ up: ["blue"], serves: "blue" });
      expect(machine.read("up/nginx")).to.equal("nginx:stable\n");
      expect(machine.read("root/release.env")).to.equal(before);
    });
  }

  it("does not change nginx when the app fails", () => {
    deployed("app:1");
    machine.write("broken", "up green\n");
    switchTo("app:2", "httpd:2");
    expect(machine.log).to.not.match(/^up .* nginx$/m);
    expect(machine.read("root/release.env")).to.include("NGINX_IMAGE=nginx:stable\n");
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
    expect(switchTo("app:2", "nginx:stable", "rollback").status).to.equal(0);
    expect(at("exec -T nginx nginx -s reload")).to.be.lessThan(at("serving record app:2 rollback"));
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
    expect(state()).to.deep.equal({ up: ["green"], serves: "green" });
  });

  it("removes a first version that fails, and starts the next one", () => {
    machine.fake("curl", "exit 22");
    const { status, stderr } = switchTo("app:1");
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: the app's page is not served through nginx\nremedy: correct the setting nginxImage/,
    );
    expect(state()).to.deep.equal({ up: [], serves: undefined });
    machine.fake("curl", ":");
    deployed("app:2");
    expect(state()).to.deep.equal({ up: ["blue"], serves: "blue" });
  });
});
