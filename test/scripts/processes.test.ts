import { expect } from "chai";
import { FakeMachine } from "../support/machine.ts";

describe("The processes beside web", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.write("states", "worker running 0\nbeat running 0\n");
    // The containers of blue are 1 and 2.
    machine.fake(
      "docker",
      `log "docker $*"; case "$*" in
      "ps --all --quiet --filter label=flask-on-aws.colour=blue") printf '1\\n2\\n' ;;
      "ps "*) ;;
      "inspect --format "*" 1 2") cat '${machine.home}/states' ;;
      "stop 1 2" | "rm --force 1 2") ;;
      *) exit 9 ;;
      esac`,
    );
    machine.fake(
      "docker-compose",
      `log "compose \${*:9}"; case "$*" in *" logs "*) printf '\\033[2Kits log\\n' ;; esac`,
    );
    machine.fake("sleep", "log sleep");
  });
  afterEach(() => machine.remove());

  const file = "root/processes.blue.yml";
  const processes = "worker python w.py\nbeat celery beat";
  const start = () => machine.run("processes.sh", ["start", "blue", processes]);
  const services = () =>
    Object.keys((JSON.parse(machine.read(file)) as { services: object }).services);

  it("start together, by a compose file of their own, and are watched for 10 seconds", () => {
    expect(start()).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    expect(services()).to.deep.equal(["blue-worker", "blue-beat"]);
    expect(machine.log).to.match(
      /^compose --file \S+\/processes\.blue\.yml up --detach --no-deps blue-worker blue-beat$/m,
    );
    expect(machine.log.match(/^sleep$/gm)).to.have.length(10);
  });

  for (const state of ["restarting 1", "exited 0", "running 1"]) {
    it(`fail when the state of one is "${state}", with its log and its name`, () => {
      machine.write("states", `worker running 0\nbeat ${state}\n`);
      expect(start()).to.deep.equal({
        status: 1,
        stdout: "its log\nthe process beat of the Procfile ends as soon as it is started\n",
        stderr: "",
      });
      expect(machine.log).to.match(/^compose .* logs .* blue-beat$/m);
    });
  }

  it("fail when docker-compose does not start them, and show what it says", () => {
    machine.fake("docker-compose", "echo no space left; exit 1");
    expect(start()).to.deep.include({
      status: 1,
      stdout: "no space left\nthe containers of the Procfile's processes did not start\n",
    });
  });

  it("are nothing where the Procfile has none", () => {
    expect(machine.run("processes.sh", ["start", "blue", ""]).status).to.equal(0);
    expect(machine.exists(file)).to.equal(false);
    expect(machine.exists("log")).to.equal(false);
  });

  it("are stopped, each with its own time, before they are removed; their file stays, without them", () => {
    start();
    machine.write("log", "");
    machine.script("ship-logs.sh", 'log "docker stop, then ship-logs $*"; exit 1');
    expect(machine.run("processes.sh", ["remove", "blue"]).status).to.equal(0);
    expect(machine.log.match(/^docker (stop|rm).*$/gm)).to.deep.equal([
      "docker stop 1 2",
      "docker stop, then ship-logs last",
      "docker rm --force 1 2",
    ]);
    expect(services()).to.deep.equal([]);
  });

  it("are not removed with those of the other version", () => {
    expect(machine.run("processes.sh", ["remove", "green"]).status).to.equal(0);
    expect(machine.log).to.not.match(/^docker (stop|rm)/m);
    expect(machine.exists("root/processes.green.yml")).to.equal(false);
  });

  it("belong to what every script knows of docker-compose", () => {
    start();
    machine.write("root/release.env", "");
    machine.run("logs.sh");
    expect(machine.log).to.match(/^compose --file \S+\/processes\.blue\.yml logs /m);
  });
});
