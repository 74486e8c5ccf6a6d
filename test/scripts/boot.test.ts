import { expect } from "chai";
import { FakeMachine } from "../support/machine.ts";

describe("The first boot", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.fake("sg", `[ "$1 $2" = "docker -c" ] && log sg && bash -c "$3"`);
  });
  afterEach(() => machine.remove());

  const tools = ["docker", "docker-compose", "mysql", "curl"];
  for (const [status, meaning] of [
    [0, "without errors"],
    [2, "with warnings"],
  ] as const) {
    it(`is accepted when cloud-init ends ${meaning}`, () => {
      for (const tool of tools) machine.fake(tool, ":");
      machine.fake("cloud-init", `exit ${status}`);
      const outcome = machine.run("wait-for-cloud-init.sh");
      expect(outcome.status, outcome.stderr).to.equal(0);
      expect(machine.log, "the session is older than its user's membership").to.equal("sg\n");
    });
  }

  it("shows the messages of cloud-init when it fails", () => {
    machine.fake("cloud-init", `[ "$2" = --long ] && echo "detail: no such package"; exit 1`);
    machine.fake("tail", `if [[ $* == *cloud-init-output.log ]]; then echo "E: 404"; else cat; fi`);
    const { status, stderr } = machine.run("wait-for-cloud-init.sh");
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^error: the first boot of \S+ ended with errors\nremedy: .*replace the machine.*\n.* up --replace .*\n {2}\| detail: no such package\n {2}\| E: 404\n$/,
    );
  });

  it("fails when the login user cannot use Docker", () => {
    for (const tool of tools) machine.fake(tool, ":");
    machine.fake("cloud-init", ":");
    machine.fake("docker", "exit 1");
    const { status, stderr } = machine.run("wait-for-cloud-init.sh");
    expect(status).to.equal(1);
    expect(stderr).to.match(/^error: \S+ on \S+ cannot use Docker/m);
  });
});
