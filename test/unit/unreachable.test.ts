import { expect } from "chai";
import { explain, type Evidence } from "../../deployer/unreachable.ts";
import { Failure } from "../../operations/failure.ts";

const own = {
  id: "sgr-1",
  cidr: "203.0.113.7/32",
  description: "flask-on-aws: SSH of ada@laptop until 2026-11-27T10:00Z",
};
const evidence: Evidence = {
  address: "198.51.100.7",
  flags: " --stack prod",
  access: {
    ...{ group: "sg-1", ownAddress: true, networks: ["192.0.2.0/24"] },
    account: { region: "us-west-2" },
  },
  caller: "203.0.113.7",
  rules: [{ id: "sgr-2", cidr: "192.0.2.0/24", description: "SSH of an administrator" }],
};
const off = { ...evidence.access, ownAddress: false };
const closed = (more: Partial<Evidence> = {}) => explain("closed", { ...evidence, ...more });
/** The command that admits an address permanently. */
const allow = (address: string) =>
  `pulumi config set --path 'adminCidrs[1]' ${address}/32 --stack prod && pulumi up --stack prod`;

describe("The message about blocked SSH", () => {
  it("names the app server, this computer's address and the rules in force", () => {
    expect(
      closed({ rules: [...(evidence.rules as []), own] })
        .split("\n")
        .slice(0, 3),
    ).to.deep.equal([
      "error: 198.51.100.7 runs, but its port 22 (SSH) does not answer this computer: a firewall is between them",
      "       the address of this computer is 203.0.113.7",
      `       the rules of sg-1 let in: 192.0.2.0/24 (SSH of an administrator), 203.0.113.7/32 (${own.description})`,
    ]);
    expect(closed({ rules: [] })).to.include("       the rules of sg-1 let in: nobody\n");
  });

  it("suggests `pulumi up` to add the missing rule, and the manual command", () => {
    expect(closed()).to.include(
      `remedy: add a rule for this computer: pulumi up --stack prod;\n` +
        `        if that warns that it cannot, let the address in by hand: ${allow("203.0.113.7")}`,
    );
  });

  it("suggests adding the address to adminCidrs when allowOwnAddress is false", () => {
    expect(closed({ access: off })).to.match(/\nremedy: let this computer in: .*$/);
    expect(closed({ access: off }).endsWith(`: ${allow("203.0.113.7")}`)).to.equal(true);
  });

  it("suggests a refresh when the rule of an adminCidrs network is missing", () => {
    const text = closed({ caller: "192.0.2.9", rules: [own] });
    expect(text).to.match(/\nremedy: restore the rule, .*: pulumi up --refresh --stack prod$/);
  });

  it("suspects this computer's network when a rule admits its address", () => {
    const text = closed({ rules: [own] });
    expect(text).to.include("\nremedy: this computer's network forbids SSH, or sends it from");
    expect(text.endsWith(`: ${allow("ADDRESS")}`)).to.equal(true);
  });

  it("reports an address or rules that cannot be read, with the remedy", () => {
    const unknown = closed({ caller: new Failure("the address is unknown", "try again") });
    expect(unknown).to.match(/\n {7}the address is unknown\n {7}the rules of sg-1 .*\nremedy: try/);
    const unread = closed({ rules: new Failure("the rules are not to be had", "log in") });
    expect(unread).to.match(/ 203\.0\.113\.7\n {7}the rules are not to be had\nremedy: log in$/);
  });
});

describe("The message about an app server that does not answer", () => {
  it("shows this computer's address and suggests a refresh when nothing answers", () => {
    expect(explain("absent", evidence)).to.match(
      /^error: 198\.51\.100\.7 .* 80 s: .*\n.* 203\.0\.113\.7\n.*\nremedy: run pulumi up --refresh --stack prod/,
    );
  });

  it("suggests replacing the app server when its sshd does not start", () => {
    expect(explain("booting", evidence)).to.match(
      /^error: 198\.51\.100\.7 refuses SSH for 300 s.*\nremedy: .*-app-machine-host-key' --stack prod$/,
    );
  });
});
