import { expect } from "chai";
import { prepareRollback } from "../support/rollback-machine.ts";
import { definition, deployment, service, TasksMachine } from "../support/tasks-machine.ts";

type Definition = Record<string, unknown> & { containerDefinitions: [object] };

describe("A rollback where tasks serve", function () {
  this.timeout(60_000); // each starts many programs
  let machine: TasksMachine;
  const [served, copied] = ["arn:definition:1", "arn:definition:2"];
  const before = service([deployment("a", served)]);
  const after = service([deployment("b", copied)]);
  const rolledBack = service([deployment("c", served)]);

  beforeEach(() => {
    machine = new TasksMachine();
    machine.script("backups.sh", "exit 0");
    prepareRollback(machine);
    machine.script(
      "push.sh",
      `log "push $*"; [ ! -e '${machine.home}/no-push' ] || exit 1
      echo '{"image": "repository@sha256:'"$1"'", "commit": "commit-of-'"$1"'", "environment": 4, "variables": ["KEY", "MODE"]}'`,
    );
    machine.write("root/release.env", "ROOT=/x\n");
    machine.write("serves", "app:2\n");
    for (const number of [1, 2]) {
      const fields = [`00000${number}`, "t", `commit-of-app:${number}`, `app:${number}`, "id"];
      machine.write(
        `root/ledger/00000${number}`,
        `${[...fields, "a1", "-", "ann", "cut-over=1.0"].join("\t")}\n`,
      );
    }
    machine.aws({
      definitions: { [served]: definition(served, "commit-of-app:2", 3) },
      services: [before],
      updated: after,
    });
    machine.run("serving.sh", ["record", "app:2", "release"]);
  });
  afterEach(() => machine.remove());

  const rollback = (...args: string[]) => machine.run("rollback.sh", args);
  const steps = () => machine.log.match(/^(switch|push|aws ecs (register|update)\S*).*$/gm) ?? [];
  const record = () => JSON.parse(machine.read("root/serving.json")) as Record<string, unknown>;
  const finishes = () => {
    machine.aws({ services: [before], afterUpdate: [after] });
    return rollback();
  };

  it("takes the tasks back after the app server, to a copy of their definition", () => {
    const { status, stdout, stderr } = finishes();
    expect(status, stderr).to.equal(0);
    expect(stdout).to.include("3 of 3 tasks run commit commit-of-app:1: https://app.example.com\n");
    expect(stdout).to.include("Commit commit-of-app:2 is out of service.");
    expect(steps().map((line) => line.split(" --")[0])).to.deep.equal([
      "switch app:1 rollback",
      "push app:1",
      "aws ecs register-task-definition",
      "aws ecs update-service",
    ]);
    expect(machine.exists("root/rollback")).to.equal(false);
    expect(record()).to.include({ image: "app:1", action: "rollback" });
  });

  it("gives the older image today's variables, and changes nothing else of the definition", () => {
    finishes();
    const copy = machine.state.definitions[copied] as Definition;
    const original = definition(served, "commit-of-app:2", 3) as Definition;
    for (const key of ["family", "cpu", "memory", "executionRoleArn", "taskRoleArn", "networkMode"])
      expect(copy[key], key).to.equal(original[key]);
    expect(copy).to.not.have.any.keys("requiresAttributes", "compatibilities");
    expect(copy.containerDefinitions).to.deep.equal([
      {
        ...original.containerDefinitions[0],
        image: "repository@sha256:app:1",
        dockerLabels: { "org.opencontainers.image.revision": "commit-of-app:1" },
        secrets: [
          { name: "KEY", valueFrom: "arn:aws:ssm:r:1:parameter/stack/app/4/KEY" },
          { name: "MODE", valueFrom: "arn:aws:ssm:r:1:parameter/stack/app/4/MODE" },
        ],
      },
    ]);
  });

  for (const [where, stub] of [
    ["after the app server has gone back", "rollback-tasks.sh"],
    ["while the tasks go back", "serve-tasks.sh"],
  ] as const)
    it(`that was killed ${where} is finished by the next one`, () => {
      const real = machine.read(`root/bin/${stub}`);
      machine.script(
        stub,
        `case $1 in definition) exec bash "$0.real" "$@" ;; esac
        kill -KILL "$(cat '${machine.home}/pid')"; sleep 0`,
      );
      machine.write(`root/bin/${stub}.real`, real);
      machine.script(
        "killed.sh",
        `echo $$ >'${machine.home}/pid'; exec "$(dirname "$0")/rollback.sh"`,
      );
      machine.run("killed.sh");
      expect(machine.read("root/rollback")).to.equal(
        `rollback app:1\napp:2\ncommit-of-app:2\n${served}\n`,
      );
      expect(machine.exists("root/ledger/000003")).to.equal(false);
      machine.script(stub, `exec bash "$0.real" "$@"`);
      const { status, stdout, stderr } = finishes();
      expect(status, stderr).to.equal(0);
      expect(stderr).to.include("finishing the rollback to release 000001");
      expect(stdout).to.include("commit commit-of-app:1 serves again, as release 000003");
      expect(stdout).to.include("Commit commit-of-app:2 is out of service.");
      expect(machine.log.match(/^switch/gm), "one cut-over").to.have.length(1);
    });

  it("that was killed is not finished but undone by --undo", () => {
    machine.write("root/rollback", `rollback app:1\napp:2\ncommit-of-app:2\n${served}\n`);
    machine.run("cut-over.sh", ["app:1", "rollback"]);
    machine.aws({ afterUpdate: [after] });
    const { status, stdout, stderr } = rollback("--undo");
    expect(status, stderr).to.equal(0);
    expect(stdout).to.include("commit commit-of-app:2 serves again");
  });

  describe("that fails", () => {
    const unchanged = (stderr: string) => {
      expect(stderr).to.match(
        /error: the rollback has failed, and nothing has changed: the tasks do not run commit commit-of-app:1\. Commit commit-of-app:2 serves\.\nremedy: correct the cause, then: \.\/ops rollback\n$/,
      );
      expect(machine.read("serves")).to.equal("app:2\n");
      expect(machine.exists("root/rollback")).to.equal(false);
      expect(machine.exists("root/ledger/000003")).to.equal(false);
    };

    it("when ECS does not serve the older image returns the app server and the record", () => {
      const first = record();
      machine.aws({ afterUpdate: [rolledBack] });
      const { status, stderr } = rollback();
      expect(status).to.equal(1);
      expect(stderr).to.include("error: ECS does not serve commit commit-of-app:1: another deploy");
      unchanged(stderr);
      expect(record()).to.deep.equal(first);
      expect(finishes().status, "the remedy").to.equal(0);
    });

    it("when the older image cannot be pushed returns the app server", () => {
      machine.write("no-push", "");
      const { stderr } = rollback();
      unchanged(stderr);
    });

    it("changes nothing when ECS does not answer", () => {
      machine.aws({ refused: { "ecs describe-services": "AccessDenied" } });
      const { status, stderr } = rollback();
      expect(status).to.equal(1);
      expect(stderr).to.match(
        /error: ECS does not tell what the tasks run\. Nothing was changed\nrem/,
      );
      expect(steps()).to.deep.equal([]);
      machine.aws({ refused: {} });
      expect(finishes().status, "the remedy").to.equal(0);
    });

    it("says so when the way back fails, too", () => {
      machine.script(
        "rollback-tasks.sh",
        `[ "$1" != definition ] || { echo ${served}; exit; }; exit 1`,
      );
      const { stderr } = rollback();
      expect(stderr).to.match(
        /error: the rollback has failed, and so has the way back: the tasks do/,
      );
      expect(stderr).to.include("remedy: see what serves: ./ops status; then: ./ops rollback\n");
      expect(machine.exists("root/rollback"), "for who looks").to.equal(true);
    });
  });

  it("takes the app server back alone where there is no service yet", () => {
    machine.aws({ services: [null] });
    const { status, stdout } = rollback();
    expect(status).to.equal(0);
    expect(stdout).to.include("commit commit-of-app:1 serves again");
    expect(steps()).to.deep.equal(["switch app:1 rollback"]);
  });
});
