import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { sshArguments } from "../../../operations/ssh.ts";
import { fixture, reaching, type Fixture } from "./fixture.ts";

describe("SSH arguments", () => {
  const app = { address: "198.51.100.1", user: "admin", hostKey: "ssh-ed25519 APP" };
  const test = { address: "10.0.1.10", user: "admin", hostKey: "ssh-ed25519 TEST" };
  const common = (key: string, host: typeof app) => [
    ...["-i", key, "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes"],
    ...["-o", "StrictHostKeyChecking=yes", "-o", "UserKnownHostsFile=/dev/null"],
    ...["-o", `KnownHostsCommand=/bin/echo ${host.address} ${host.hostKey}`],
    ...["-o", "ConnectTimeout=15", "-o", "ServerAliveInterval=30"],
  ];

  it("name the private key and the host key, and disable prompts", () => {
    expect(sshArguments("/tmp/key", app)).to.deep.equal([
      ...common("/tmp/key", app),
      "admin@198.51.100.1",
    ]);
  });

  it("name both keys for the jump host, too, quoted for the shell and for ssh", () => {
    const key = "/tmp/a b 100%/key";
    const args = sshArguments(key, test, app, ["-E", "/tmp/log"]);
    expect(args.slice(0, -3)).to.deep.equal([...common(key, test), "-E", "/tmp/log"]);
    const [flag, proxy, login] = args.slice(-3) as [string, string, string];
    expect([flag, login]).to.deep.equal(["-o", "admin@10.0.1.10"]);
    const command = proxy.replace(/^ProxyCommand=/, "").replaceAll("%%", "\0");
    const told = command.replace("%h", "HOST").replace("%p", "PORT").replaceAll("\0", "%");
    const words = execFileSync("bash", ["-c", `printf '%s\n' ${told}`], { encoding: "utf8" });
    expect(words.trimEnd().split("\n")).to.deep.equal([
      ...["ssh", ...common(key, app), "-E", "/tmp/log", "-W", "HOST:PORT", "admin@198.51.100.1"],
    ]);
  });
});

describe("A remote shell of ./ops", () => {
  let stack: Fixture;
  beforeEach(() => {
    stack = fixture();
    stack.machine.write("root/proxy/active", "green\n");
  });
  afterEach(() => stack.machine.remove());

  it("passes each word of a command unchanged, and returns its exit status", () => {
    const words = ["a b", "it's", '"$HOME"', "*", ""];
    const { status, stdout, stderr } = stack.ops("ssh", "--", "printf", "<%s>", ...words);
    expect(stdout, stderr).to.equal(words.map((word) => `<${word}>`).join(""));
    expect(status).to.equal(0);
    expect(stderr).to.equal("dev · us-west-2 · 198.51.100.7\n");
    expect(stack.ops("ssh", "bash", "-c", "exit 7").status).to.equal(7);
    expect(stack.ops("ssh", "bash", "-c", "exit 255").status).to.equal(255);
  });

  it("reads standard input from a pipe", () => {
    const { stdout } = stack.machine.run("ops", ["ssh", "tr", "a-z", "A-Z"], "typed");
    expect(stdout).to.equal("TYPED");
    stack.machine.fake("mysql", 'echo "$*"; cat');
    const { stdout: rows } = stack.machine.run("ops", ["mysql", "--", "-t"], "SELECT 1");
    expect(rows).to.equal(`--defaults-extra-file=${stack.machine.root}/mysql.cnf -t\nSELECT 1`);
  });

  it("reaches the test server through the app server", () => {
    stack.machine.fake("ssh", `printf '%s\\n' "$@" >'${stack.machine.home}/args'`);
    const { stderr } = stack.ops("ssh", "--to", "test", "hostname");
    expect(stderr).to.equal("dev · us-west-2 · 10.0.1.10 through 198.51.100.7\n");
    const args = stack.machine.read("args").split("\n");
    expect(args).to.include.members([
      "KnownHostsCommand=/bin/echo 10.0.1.10 ssh-ed25519 TEST",
      "admin@10.0.1.10",
    ]);
    expect(args.find((word) => word.startsWith("ProxyCommand="))).to.match(
      /198\.51\.100\.7 ssh-ed25519 APP.* -W %h:%p 'admin@198\.51\.100\.7'$/,
    );
  });

  it("runs by ./ops app in the running release's container, or fails when no release runs", () => {
    stack.machine.fake("docker-compose", 'echo "${*: -4}"');
    expect(stack.ops("app").stdout).to.equal("-T green flask shell\n");
    expect(stack.ops("app", "--", "env", "-0").stdout).to.equal("-T green env -0\n");
    stack.machine.write("root/proxy/active", "");
    const { status, stderr } = stack.ops("app", "--stack", "prod");
    expect(stderr).to.match(
      /\nerror: no release of the app serves\nremedy: release one: pulumi up --stack prod\n$/,
    );
    expect(status).to.equal(1);
  });

  it("has a terminal when the user has one", () => {
    stack.machine.fake("docker-compose", 'echo "${*: -4}"');
    stack.machine.script(
      "typed",
      `exec script -qec "'${stack.machine.root}/bin/ops' app" /dev/null`,
    );
    expect(stack.machine.run("typed").stdout).to.match(/exec green flask shell\r\n$/);
  });
});

describe("The private key", () => {
  it("is a file only for its owner, and is deleted when the command ends, also by a signal", () => {
    const { machine } = fixture();
    machine.write("tmp/other", "");
    const temporary = join(machine.home, "tmp");
    const look = `while [ "$1" != -i ]; do shift; done; stat --format '%a' "$2" "$(dirname "$2")"; cat "$2"`;
    const run = (end: string) => {
      machine.fake("ssh", `${look}; ${end}`);
      return machine.run("ops", ["ssh"], "", { TMPDIR: temporary });
    };
    expect(run("exit 0").stdout).to.equal("600\n700\nKEY");
    for (const [signal, status] of [
      ["INT", 130],
      ["TERM", 143],
      ["HUP", 129],
    ] as const)
      expect(run(`kill -${signal} $PPID; exec sleep 20`).status, signal).to.equal(status);
    expect(readdirSync(temporary)).to.deep.equal(["other"]);
    machine.remove();
  }).timeout(30_000);
});

describe("An unreachable app server", () => {
  let stack: Fixture;
  beforeEach(() => (stack = fixture()));
  afterEach(() => stack.machine.remove());
  const fails = (log: string) =>
    stack.machine.fake(
      "ssh",
      `while [ "$1" != -E ]; do shift; done; printf '${log}\\n' >>"$2"; exit 255`,
    );

  it("is distinguished from a changed host key and a refused key, each with its remedy", () => {
    // As OpenSSH 9.2 writes it.
    fails(
      "@@@@@@@@@@@@@@\\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\\n@@@@@@@@@@@@@@\\n" +
        "Host key for 198.51.100.7 has changed and you have requested strict checking.\\nHost key verification failed.",
    );
    expect(stack.ops("status").stderr.split("\n").slice(1, -1)).to.deep.equal([
      "error: 198.51.100.7 port 22 has another host key than the stack's app server: Host key for 198.51.100.7 has changed and you have requested strict checking.; Host key verification failed.",
      "remedy: if an up was interrupted, run it again: pulumi up;",
      "        else do not go on before you know which machine has this address: pulumi refresh;",
      "        if it is the stack's, replace the machine and its host key:",
      "        pulumi up --replace '**-app-machine-host-key'",
    ]);
    fails("admin@198.51.100.7: Permission denied (publickey).");
    expect(stack.ops("status", "-s", "prod").stderr).to.match(
      /error: the app server at .* refuses the stack's key.*\nremedy: replace .*: pulumi up --replace '\*\*-app-machine-host-key' --stack prod\n$/,
    );
    fails("ssh: connect to host 198.51.100.7 port 22: Connection refused");
    expect(stack.ops("status", "-s", "prod").stderr).to.match(
      /cannot be reached at .*: Connection refused\nremedy: .*: pulumi refresh --stack prod;\n.* its last up did not: pulumi up --stack prod\n$/,
    );
  });

  const sshAccess = {
    ...{ group: "sg-1", ownAddress: true, networks: ["192.0.2.0/24"] },
    account: { region: "us-west-2" },
  };
  const timedOut = "ssh: connect to host 198.51.100.7 port 22: Connection timed out";

  it("is reported with a check of adminCidrs when allowOwnAddress is false", () => {
    stack.machine.remove();
    stack = fixture({}, { sshAccess: { ...sshAccess, ownAddress: false } });
    fails(timedOut);
    expect(stack.ops("status", "-s", "prod").stderr).to.match(
      /: Connection timed out\nremedy: .*;\n.*: pulumi config get adminCidrs --stack prod\n$/,
    );
  });

  it("is reported with the reasons why no rule was added for this computer", () => {
    // The fake network has no such addresses.
    const nowhere = {
      CHECKIP_URL: "http://127.0.0.1:2000",
      AWS_ENDPOINT_URL: "http://127.0.0.1:2000",
    };
    const credentials = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };
    stack.machine.remove();
    stack = fixture({ ...nowhere, ...credentials }, { sshAccess });
    // Without a rule for this computer, a connection that works is no error.
    expect(stack.ops("ssh", "true").stderr).to.equal("dev · us-west-2 · 198.51.100.7\n");
    fails(timedOut);
    const { status, stderr } = stack.ops("status", "-s", "prod");
    expect(stderr.split("\n").slice(1)).to.deep.equal([
      "error: the app server cannot be reached at 198.51.100.7 port 22: Connection timed out",
      "       the address of this computer is unknown: http://127.0.0.1:2000 does not answer: there is no host 127.0.0.1",
      "       the SSH rules of sg-1 are not to be had from AWS: Error: there is no host 127.0.0.1",
      "remedy: check that the machine runs: pulumi refresh --stack prod;",
      "        try again; or let an address in by hand:",
      "        pulumi config set --path 'adminCidrs[1]' ADDRESS/32 --stack prod && pulumi up --stack prod;",
      "        log in to AWS, and allow ec2:DescribeSecurityGroupRules, ec2:AuthorizeSecurityGroupIngress,",
      "        ec2:RevokeSecurityGroupIngress and ec2:UpdateSecurityGroupRuleDescriptionsIngress;",
      "        or let an address in by hand: pulumi config set --path 'adminCidrs[1]' ADDRESS/32 --stack prod && pulumi up --stack prod",
      "",
    ]);
    expect(status).to.equal(1);
  });

  it("is distinguished from a lost connection", () => {
    stack.machine.fake("ssh", `${reaching(stack.machine)}; exit 255`);
    stack.machine.script("deploy-lock.sh", "");
    const { status, stderr } = stack.ops("rollback");
    expect(stderr).to.match(
      /error: the connection to 198\.51\.100\.7 was lost\nremedy: .*: \.\/ops status\n$/,
    );
    expect(status).to.equal(1);
  });

  it("is distinguished from an app server without the scripts", () => {
    rmSync(join(stack.machine.root, "bin/backups.sh"));
    const { status, stderr } = stack.ops("backups", "--stack", "prod");
    expect(stderr).to.match(
      /error: the app server lacks the scripts .*\nremedy: install them: pulumi up --stack prod\n$/,
    );
    expect(status).to.equal(1);
  });
});
