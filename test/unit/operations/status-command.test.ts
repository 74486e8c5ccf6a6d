import { expect } from "chai";
import { fixture, outputs, type Fixture } from "./fixture.ts";

const commit = "a".repeat(40);
/** What status.sh prints on the app server. */
const said = { serving: { commit, image: "app:1" }, health: { status: 200, seconds: 0.0123 } };

describe("./ops status", () => {
  let stack: Fixture;
  beforeEach(() => (stack = fixture()));
  afterEach(() => stack.machine.remove());
  const machineSays = (answer: unknown) => {
    stack.machine.write("said", JSON.stringify(answer));
    stack.machine.script("status.sh", `cat '${stack.machine.home}/said'`);
  };

  it("prints the app server's status and the stack's outputs as JSON with --json", () => {
    machineSays(said);
    const { status, stdout } = stack.ops("status", "--json");
    expect(JSON.parse(stdout)).to.deep.equal({
      ...{ stack: "dev", region: "us-west-2", address: "198.51.100.7", app: outputs.appUrl },
      ...{ siteUrl: outputs.siteUrl, siteBucket: outputs.siteBucket },
      ...{ configuredCommit: outputs.configuredCommit, ...said },
    });
    expect(status).to.equal(0);
  });

  it("prints the commit of the running release with --commit, or fails without a release", () => {
    machineSays(said);
    expect(stack.ops("status", "--commit").stdout).to.equal(`${commit}\n`);
    machineSays({ ...said, serving: null });
    const { status, stdout, stderr } = stack.ops("status", "--commit");
    expect([status, stdout]).to.deep.equal([1, ""]);
    expect(stderr).to.match(
      /\nerror: no release of the app serves\nremedy: release one: pulumi up\n$/,
    );
  });

  it("refuses a status that is not JSON", () => {
    stack.machine.script("status.sh", "echo oops");
    const { status, stderr } = stack.ops("status");
    expect(stderr).to.match(
      /\nerror: the app server's status is not JSON: oops\nremedy: .*: pulumi up\n$/,
    );
    expect(status).to.equal(1);
  });
});
