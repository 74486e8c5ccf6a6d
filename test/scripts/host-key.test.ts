import { expect } from "chai";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { FakeMachine, scripts } from "../support/machine.ts";

const key = "ssh_host_ed25519_key";

describe("The app server's own host key", () => {
  let machine: FakeMachine;
  let ssh: string;
  let source: string;
  beforeEach(() => {
    machine = new FakeMachine();
    ssh = join(machine.home, "ssh");
    machine.write("instance-id", "i-1\n");
    machine.fake("systemctl", `log "systemctl $*, a key with mode $(stat -c %a '${ssh}/${key}')"`);
    source = readFileSync(join(scripts, "host-key.sh"), "utf8")
      .replaceAll("/etc/ssh", ssh)
      .replaceAll("/var/lib/cloud/data/instance-id", join(machine.home, "instance-id"));
    bootAgain();
  });
  afterEach(() => machine.remove());

  /** Leaves only one host key, as after a first boot with the key of the user data. */
  function bootAgain() {
    execFileSync("rm", ["-rf", ssh]);
    mkdirSync(ssh);
    execFileSync("ssh-keygen", ["-qt", "ed25519", "-N", "", "-C", "", "-f", join(ssh, key)]);
  }
  /** Runs the code in `before`, then the script. */
  function run(verb: string, { instance = "i-1", before = "" } = {}) {
    return spawnSync("bash", ["-c", before + source, "host-key.sh", verb, instance], {
      encoding: "utf8",
      env: { ...process.env, PATH: `${machine.home}/fakes:${process.env.PATH}` },
    });
  }
  function succeed(verb: string): string {
    const { status, stdout, stderr } = run(verb);
    expect(status, stderr).to.equal(0);
    return stdout;
  }
  const shown = () =>
    execFileSync("ssh-keygen", ["-y", "-f", join(ssh, key)], { encoding: "utf8" });
  const files = () => readdirSync(ssh).sort();
  /** @throws unless sshd would use that key, and the machine has no other */
  function uses(own: string) {
    expect(shown()).to.equal(own);
    expect(readFileSync(join(ssh, `${key}.pub`), "utf8")).to.equal(own);
    expect(files()).to.deep.equal([key, `${key}.pub`]);
    expect(statSync(join(ssh, key)).mode & 0o777).to.equal(0o600);
    expect(statSync(join(ssh, `${key}.pub`)).mode & 0o777).to.equal(0o644);
  }

  it("is created once beside the key in use, with mode 600", () => {
    const first = shown();
    const own = succeed("prepare");
    expect(own)
      .to.match(/^ssh-ed25519 \S+\n$/)
      .and.not.equal(first);
    expect(succeed("prepare")).to.equal(own);
    expect(shown()).to.equal(first);
    expect(statSync(join(ssh, `${key}.prepared`)).mode & 0o777).to.equal(0o600);
    expect(machine.log).to.equal("");
  });

  it("replaces the first-contact key, even when it is activated twice", () => {
    const own = succeed("prepare");
    succeed("activate");
    uses(own);
    succeed("activate");
    uses(own);
    expect(machine.log).to.equal("systemctl reload ssh, a key with mode 600\n".repeat(2));
  });

  for (const verb of ["prepare", "activate"]) {
    it(`is the key that was printed, wherever ${verb} is killed and run again`, () => {
      let killed = 0;
      for (let command = 1; ; command++) {
        bootAgain();
        const own = verb === "activate" ? succeed("prepare") : undefined;
        const before = `trap '((++commands < ${command})) || kill -KILL $$' DEBUG\n`;
        if (run(verb, { before }).signal === null) break;
        killed++;
        const printed = own ?? succeed("prepare");
        succeed("activate");
        uses(printed);
      }
      expect(killed).to.be.above(10);
    }).timeout(60_000);
  }

  it("is not created on another instance that still has the address", () => {
    const before = files();
    for (const verb of ["prepare", "activate"]) {
      const { status, stdout, stderr } = run(verb, { instance: "i-2" });
      expect(status).to.equal(75);
      expect(stdout).to.equal("");
      expect(stderr).to.equal("this address leads to i-1, not to i-2\n");
    }
    expect(files()).to.deep.equal(before);
  });
});
