/** The number of the service's tasks where Application Auto Scaling may change it, and after that. */
import { expect } from "chai";
import { definition, deployment, service, TasksMachine } from "../support/tasks-machine.ts";

const [old, wanted] = ["arn:definition:1", "arn:definition:2"];

describe("The number of tasks", () => {
  let machine: TasksMachine;
  /** The service with this number of tasks, all of which run. */
  const having = (count: number, of = wanted) =>
    service([deployment("a", of, { desiredCount: count, runningCount: count })], {
      desiredCount: count,
    });

  beforeEach(() => {
    machine = new TasksMachine();
    machine.write("root/proxy/active", "green\n");
    machine.fake("docker-compose", `[ "\${*: -3}" = "ps --quiet green" ] && echo serving`);
    machine.fake("docker", `[[ "$*" == *revision*" serving" ]] && echo c2`);
    const definitions = { [old]: definition(old, "c1"), [wanted]: definition(wanted, "c2") };
    machine.aws({ definitions });
  });
  afterEach(() => machine.remove());

  const updates = () =>
    (machine.log.match(/^aws ecs update-service.*$/gm) ?? []).map((line) =>
      line.replace(/^.*--service app /, "").replace(" --output json", ""),
    );
  /** Serves a release where the service has `before` tasks; returns the updates that the service gets. */
  const release = (before: object, after: object, ...limits: number[]) => {
    machine.aws({ services: [before], updated: after, afterUpdate: [after] });
    const args = ["stack", "app", wanted, "900", ...limits.map(String)];
    const { status, stderr } = machine.run("serve-tasks.sh", args);
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    return updates();
  };

  describe("of a release", () => {
    it("stays as Application Auto Scaling has it between the limits", () => {
      expect(release(having(3, old), having(3), 2, 4)).to.deep.equal([
        `--task-definition ${wanted}`,
      ]);
    });

    it("stays in a rollback, which knows no limits", () => {
      expect(release(having(7, old), having(7))).to.deep.equal([`--task-definition ${wanted}`]);
      expect(machine.exists("root/task-count")).to.equal(false);
    });

    for (const [title, before, least, most, number] of [
      ["raised to the least number", 2, 3, 4, 3],
      ["lowered to the greatest number", 4, 2, 3, 3],
      ["set to the fixed one that scaling has left", 4, 2, 2, 2],
      ["set to the fixed one that is greater", 2, 5, 5, 5],
    ] as const)
      it(`is ${title}, with the release and without one`, () => {
        const [release1, after] = [having(before, old), having(number)];
        expect(release(release1, after, least, most)).to.deep.equal([
          `--task-definition ${wanted} --desired-count ${number}`,
        ]);
        // Nothing but the settings has changed.
        expect(release(having(before), after, least, most).slice(1)).to.deep.equal([
          `--task-definition ${wanted} --desired-count ${number}`,
        ]);
      });

    it("is set also when the release is tried again", () => {
      const failed = deployment("a", wanted, { rolloutState: "FAILED", runningCount: 0 });
      expect(release(service([failed], { desiredCount: 5 }), having(4), 2, 4)).to.deep.equal([
        `--task-definition ${wanted} --desired-count 4 --force-new-deployment`,
      ]);
    });

    it("may change while the release is awaited", () => {
      const growing = deployment("a", wanted, { desiredCount: 4, runningCount: 3 });
      machine.aws({
        services: [having(3), service([growing], { desiredCount: 4 }), having(4)],
      });
      const { stdout } = machine.run("serve-tasks.sh", ["stack", "app", wanted, "900", "2", "4"]);
      expect(stdout).to.match(/^3 of 4 tasks run, \d+ s\n4 of 4 tasks run commit c2/);
      expect(updates()).to.deep.equal([]);
    });
  });

  describe("after scaling has ended", () => {
    const end = (count: number) => {
      machine.aws({ services: [having(count)], updated: having(2) });
      return machine.run("end-scaling.sh");
    };

    it("is set to the fixed one, if scaling has changed it after the release", () => {
      release(having(4), having(2), 2, 2);
      const { status, stdout } = end(3);
      expect({ status, stdout }).to.deep.equal({ status: 0, stdout: "app has 2 tasks again\n" });
      expect(updates().slice(1)).to.deep.equal(["--desired-count 2"]);
      expect(end(2).status).to.equal(0);
      expect(updates()).to.have.length(2);
    });

    it("stays where no fixed one follows, as the tasks go", () => {
      expect(end(3).status, "no release has set a number").to.equal(0);
      release(having(3), having(3), 2, 4);
      expect(end(5).status).to.equal(0);
      expect(updates()).to.deep.equal([]);
    });

    it("is not believed to be right where AWS refuses to tell it or to set it", () => {
      release(having(2), having(2), 2, 2);
      machine.aws({ refused: { "ecs update-service": "AccessDenied" } });
      const { status, stderr } = end(3);
      expect(status).to.equal(1);
      expect(stderr).to.match(
        /^error: the service app was not given 2 tasks\nremedy: allow the app server's role to update it, then run pulumi up again\n/,
      );
      machine.aws({ refused: {} });
      expect(end(3).status, "the remedy").to.equal(0);
      machine.aws({ refused: { "ecs describe-services": "AccessDenied" } });
      expect(machine.run("end-scaling.sh").status).to.not.equal(0);
    });
  });

  it("is in the status with its limits, if it changes by itself", () => {
    const status = () => JSON.parse(machine.run("task-status.sh").stdout) as object;
    release(having(3), having(3), 2, 4);
    expect(status()).to.include({ wanted: 3, least: 2, most: 4 });
    release(having(3), having(3), 3, 3);
    expect(status()).to.include({ wanted: 3 }).and.not.have.any.keys("least", "most");
  });
});
