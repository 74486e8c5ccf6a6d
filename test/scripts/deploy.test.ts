import { expect } from "chai";
import { Machine } from "./machine.ts";

describe("A release", () => {
  const steps = ["preflight", "migrate", "switch", "verify", "ledger", "prune"];
  let machine: Machine;
  beforeEach(() => {
    machine = new Machine();
    machine.write("root/last-backup", "of the release before\n");
    for (const step of [...steps, "publish-status"])
      machine.script(`${step}.sh`, `log "${step} $*"`);
  });
  afterEach(() => machine.remove());

  const deploy = () => machine.run("deploy.sh", ["app:1", "nginx:stable"]);

  it("takes its steps in order, and says and records how long each took", () => {
    const { status, stdout } = deploy();
    expect(status).to.equal(0);
    expect(machine.log).to.match(
      /^preflight \nmigrate app:1\nswitch app:1 nginx:stable\nverify \nledger add app:1 preflight=\d+\.\d migrate=\d+\.\d switch=\d+\.\d verify=\d+\.\d\npublish-status \nprune \n$/,
    );
    expect(stdout).to.match(/^preflight: \d+\.\d s\nmigrate: \d+\.\d s\nswitch: /);
  });

  it("takes no backup of an earlier release for its own", () => {
    deploy();
    expect(machine.exists("root/last-backup")).to.equal(false);
  });

  it("is made even if the site cannot be told", () => {
    machine.script("publish-status.sh", "exit 5");
    expect(deploy().status).to.equal(0);
    expect(machine.log).to.match(/\nprune \n$/);
  });

  steps.forEach((step, i) => {
    it(`ends when ${step} fails`, () => {
      machine.script(`${step}.sh`, `log ${step}; exit 5`);
      expect(deploy().status).to.equal(5);
      expect(machine.log.match(/^(?!publish)\w+/gm)).to.deep.equal(steps.slice(0, i + 1));
    });
  });
});
