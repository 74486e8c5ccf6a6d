/** A machine on which scripts/cut-over.sh succeeds, until a test breaks something. */
import { expect } from "chai";
import { FakeMachine } from "./machine.ts";

/**
 * Fakes docker-compose with files in the home of the fake machine: `up/SERVICE` is a container whose ID is the service's
 * name. `health` is the state of a new app: its health and how often it was restarted, then what check-page.sh prints. `broken`
 * lists what fails, one item a line, and `hanging` what does not end, once;
 * then the file is named `hangs`. `busy` is how many more times the old version has a connection.
 */
const compose = (home: string) => `
cd '${home}'
shift 8; log "$@"
works() {
  if grep -sqx "$1" broken; then echo "no $1" >&2; exit 1; fi
  if grep -sqx "$1" hanging; then mv hanging hangs; exec /bin/sleep 60; fi
}
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
"restart proxy") works restart ;;
"exec -T proxy caddy reload --config /etc/caddy/Caddyfile") works reload ;;
*) exit 9 ;;
esac`;
/** Of a version without requests: it listens, its health check connects, and one connection has ended. */
export const idleConnections = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when
   0: 00000000:138D 00000000:0000 0A 00000000:00000000 00:00000000
   1: 0100007F:138D 0100007F:C350 01 00000000:00000000 00:00000000
   2: 040012AC:138D 030012AC:C358 06 00000000:00000000 03:00000B1D
`;

/** Writes the table of the old version's connections, whose file has the place of that in /proc. */
const connections = (home: string) => `
cd '${home}'
mkdir -p container/net
{
  cat tcp
  if [ "$(cat busy)" -gt 0 ]; then echo "   3: 040012AC:$(cat port) 030012AC:C35A 01 00000000:00000000 00:00000000"; fi
} >container/net/tcp`;

/** Makes the machine for each test of a suite, and removes it. Call it in `describe`. */
export function cutOverMachine() {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.write("health", "healthy 0\n");
    machine.write("busy", "0\n");
    machine.write("tcp", idleConnections);
    machine.write("port", "138D\n");
    machine.fake("connections", connections(machine.home));
    machine.write("up/.keep", "");
    machine.fake("docker-compose", compose(machine.home));
    machine.fake(
      "docker",
      `if [ "$1" = image ]; then shift; fi
      case "$3" in
      flask-on-aws-nginx-1) log docker "$@"; ! grep -qx nginx '${machine.home}/broken' ;;
      1024) log docker "$@"; ! grep -qx update '${machine.home}/broken' ;;
      *Restarting*) echo 2026-01-01T00:00:09Z ;;
      *StartedAt*) echo "$4 since $(cat '${machine.home}/up/proxy')" ;;
      *RestartCount*) echo "$(sed -n '1s/.* //p' '${machine.home}/health') 172.18.0.9 " ;;
      *State.Pid*) log "connections of $4"; connections; echo 'self/root${machine.home}/container' ;;
      *revision*) echo "commit of $4" ;;
      *.Config.Image*) echo "image of $4" ;;
      esac`,
    );
    machine.fake(
      "sleep",
      `log sleep $1
      cd '${machine.home}'; read -r left <busy
      if [ "$1" = 0.2 ]; then echo $((left - 1)) >busy; fi
      if [ "$left" = 1 ]; then connections; fi`,
    );
    machine.script(
      "check-page.sh",
      `log "page $*"; cd '${machine.home}'
      if grep -q ^healthy health; then exit; fi
      sed 1d health | grep . | tail -n 1; exit 1`,
    );
    machine.fake("curl", `log curl "\${*: -1}"; printf '\\n200'`);
    describesApp({});
    machine.script("check-database-connection.sh", `log "gate $*"`);
    machine.script("serving.sh", `log "serving $*"`);
    machine.script("processes.sh", `log "processes $*"`);
  });
  afterEach(() => machine.remove());

  /** Has the app of the next release be like this. */
  const describesApp = (changed: Record<string, string>) => {
    const variables = {
      module: "run:app",
      health_path: "/login",
      health_status: "200",
      has_database: "true",
      processes: "",
      ...changed,
    };
    const lines = Object.entries(variables).map(([name, value]) => `${name}='${value}'`);
    machine.script("describe-app.sh", `log "describe $*"\ncat <<'END'\n${lines.join("\n")}\nEND`);
  };
  /** Runs the cut-over with this setting proxyImage. */
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
  /** Number of the first line of the log that begins like this. */
  const at = (line: string | RegExp) => {
    const index = machine.log.split("\n").findIndex((logged) => logged.search(line) === 0);
    expect(index, `${line} in\n${machine.log}`).to.be.at.least(0);
    return index;
  };
  const deployed = (image: string) => {
    expect(switchTo(image)).to.deep.equal({ status: 0, stdout: "", stderr: "" });
  };

  return { machine: () => machine, describesApp, switchTo, state, at, deployed };
}
