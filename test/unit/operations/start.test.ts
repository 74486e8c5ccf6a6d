import { expect } from "chai";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fixture, root, type Fixture } from "./fixture.ts";

describe("./ops", () => {
  let stack: Fixture;
  beforeEach(() => (stack = fixture()));
  afterEach(() => stack.machine.remove());

  it("reports an old Node or missing npm packages, with the remedy", () => {
    stack.machine.fake("node", "echo v20.19.2");
    const old = stack.ops("status");
    expect(old.stderr).to.match(
      /^error: the Node on PATH is v20\.19\.2, and 22\.18 or later is needed\nremedy: install Node 22\.18 or later: \S+; in the lab: lab\/ops\n$/,
    );
    expect(old.status).to.equal(1);
    stack.machine.fake("node", "echo v22.18.0");
    stack.machine.script(
      "ops",
      `cd '${root}'; cp --parents ops package.json tools/node-version.sh '${stack.machine.home}'; exec '${stack.machine.home}/ops'`,
    );
    const { stderr } = stack.ops();
    expect(stderr).to.match(
      /^error: the npm packages are not installed in .*\nremedy: run: \(cd .* && npm ci\)\n$/,
    );
  });

  it("prints its help and fails when no command is given", () => {
    const { status, stdout, stderr } = stack.ops();
    expect(stderr).to.match(/^Usage: \.\/ops COMMAND \[--stack NAME\]/);
    expect([status, stdout]).to.deep.equal([2, ""]);
  });

  for (const [old, today] of [
    ["drill", "restore-test"],
    ["app:shell", "app"],
    ["db:shell", "mysql"],
  ] as const) {
    it(`refuses the former name of a command and names the current one: ${old}`, () => {
      const { status, stderr } = stack.ops(old);
      expect(stderr).to.equal(`error: ${old} is called ${today} now\nremedy: use ./ops ${today}\n`);
      expect(status).to.equal(2);
    });
  }

  for (const [args, error] of [
    [["relases"], "unknown command 'relases'\nremedy: use releases, or see ./ops --help"],
    [
      ["status", "--stak", "x"],
      "unknown option '--stak'\nremedy: use --stack, or see ./ops status --help",
    ],
    [
      ["ssh", "-l"],
      "unknown option '-l'\nremedy: put -- before the command and its options: ./ops ssh -- …",
    ],
    [
      ["backup", "--to"],
      "option '--to <directory>' argument missing\nremedy: see ./ops backup --help",
    ],
    [
      ["backup", "--to="],
      "option '--to <directory>' argument '' is invalid. It has no value.\nremedy: see ./ops backup --help",
    ],
    [
      ["backup", "--to", "--stack"],
      "option '--to <directory>' argument '--stack' is invalid. It has no value.\nremedy: see ./ops backup --help",
    ],
    [
      ["status", "--json", "--commit"],
      "option '--json' cannot be used with option '--commit'\nremedy: see ./ops status --help",
    ],
    [
      ["restore", "a", "b"],
      "restore takes at most 1 argument: a, b\nremedy: see ./ops restore --help",
    ],
    [
      ["ssh", "--to", "db"],
      "option '--to <server>' argument 'db' is invalid. Allowed choices are app, test.\nremedy: see ./ops ssh --help",
    ],
    [
      ["logs", "--since", "3w"],
      "option '--since <when>' argument '3w' is invalid. It is neither a duration, as 30m, 3h or 2d, nor a time.\nremedy: see ./ops logs --help",
    ],
    [
      ["logs", "--lines", "0"],
      "option '-n, --lines <number>' argument '0' is invalid. It is no number of lines from 1 to 999999.\nremedy: see ./ops logs --help",
    ],
  ] as const) {
    it(`refuses invalid arguments before it calls Pulumi: ${args.join(" ")}`, () => {
      const { status, stdout, stderr } = stack.ops(...args);
      expect(stderr).to.equal(`error: ${error}\n`);
      expect([status, stdout]).to.deep.equal([2, ""]);
      expect(stack.machine.log).to.equal("");
    });
  }

  it("uses the stack of --stack or -s, or else the selected stack", () => {
    stack.machine.script("release-history.sh", "");
    for (const args of [["--stack", "prod"], ["--stack=prod"], ["-s", "prod"], []]) {
      const { status, stderr } = stack.ops("releases", ...args);
      const name = args.length > 0 ? "prod" : "dev";
      expect(stderr).to.equal(`${name} · us-west-2 · 198.51.100.7\nThere is no release yet.\n`);
      expect(status).to.equal(0);
    }
    const ask = "pulumi stack output --json --show-secrets";
    expect(stack.machine.log.trimEnd().split("\n").toSorted()).to.deep.equal(
      [
        "pulumi stack --show-name",
        ask,
        ...new Array<string>(3).fill(`${ask} --stack prod`),
      ].toSorted(),
    );
  });

  for (const [said, error] of [
    [
      "no stack selected; please use `pulumi stack select`",
      /^error: no stack is selected\nremedy: add --stack NAME, or/,
    ],
    [
      "passphrase must be set with PULUMI_CONFIG_PASSPHRASE",
      /^error: .* without its passphrase\nremedy: set PULUMI_CONFIG_PASSPHRASE, /,
    ],
    [
      "PULUMI_ACCESS_TOKEN must be set for login",
      /^error: Pulumi is not logged in\nremedy: log in .*: pulumi login --local, /,
    ],
    [
      "disk on fire",
      /^error: pulumi cannot tell the stack's outputs: disk on fire\nremedy: .*: pulumi stack /,
    ],
  ] as const) {
    it(`explains a message of Pulumi: ${said}`, () => {
      stack.machine.fake("pulumi", `echo 'error: ${said}' >&2; exit 255`);
      const { status, stderr } = stack.ops("status");
      expect(stderr).to.match(error);
      expect(status).to.equal(1);
    });
  }

  it("prints the remedy when Pulumi is missing, or the stack is of an earlier version", () => {
    const old = stack.ops("status", "--stack", "old");
    expect(old.stderr).to.match(
      /^error: stack old has no output region: .*\nremedy: run: pulumi up --stack old\n$/,
    );
    expect(old.status).to.equal(1);
    // Node may be in the same directory as Pulumi.
    stack.machine.fake("node", `exec '${process.execPath}' "$@"`);
    rmSync(join(stack.machine.home, "fakes/pulumi"));
    const paths = process.env.PATH!.split(":");
    const without = paths.filter((path) => !existsSync(join(path, "pulumi"))).join(":");
    const { status, stderr } = stack.machine.run("ops", ["status"], "", {
      PATH: `${stack.machine.home}/fakes:${without}`,
    });
    expect(stderr).to.match(
      /^error: pulumi is not on PATH\nremedy: install the Pulumi CLI: https:/,
    );
    expect(status).to.equal(1);
  });

  it("prints its name as lab/ops in the lab", () => {
    const lab = fixture({ OPS_DIRECTORY: "lab" });
    expect(lab.ops("--help").stdout).to.match(/^Usage: lab\/ops /);
    expect(lab.ops("drill").stderr).to.match(/\nremedy: use lab\/ops restore-test\n$/);
    lab.machine.remove();
  });
});
