import { expect } from "chai";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import {
  activate,
  answerOf,
  explain,
  prepare,
  type ContactResult,
  type Contact,
} from "../../deployer/first-contact.ts";
import { FakeMachine, scripts } from "../support/machine.ts";

const contact: Contact = {
  stack: "dev",
  server: "test",
  instanceId: "i-0123456789abcdef0",
  address: "10.0.1.10",
  user: "admin",
  privateKey: "PRIVATE\n",
  firstContactKey: "ssh-ed25519 FIRST",
  ownKey: "ssh-ed25519 OWN",
  jump: { address: "198.51.100.7", user: "admin", hostKey: "ssh-ed25519 APP" },
  access: {
    group: "sg-1",
    ownAddress: false,
    networks: ["203.0.113.7/32"],
    account: { region: "us-west-2" },
  },
};

/** Runs a step. `answers` has the results of the connections by host key and verb; the last one repeats. */
async function meet(step: typeof prepare, answers: Record<string, ContactResult["kind"][]>) {
  const connections: string[] = [];
  let seconds = 0;
  const answer = await step(contact, {
    connect: (hostKey, verb) => {
      const connection = `${hostKey.replace("ssh-ed25519 ", "")} ${verb}`;
      connections.push(connection);
      const [next, ...later] = answers[connection] ?? ["other-key"];
      if (later.length > 0) answers[connection] = later;
      const said = next === "done" && verb === "prepare" ? "ssh-ed25519 OWN" : `says ${next}`;
      return Promise.resolve({ kind: next!, said });
    },
    now: () => seconds,
    pause: () => {
      seconds += 10;
      return Promise.resolve();
    },
  });
  return { ...answer, seconds, connections };
}

describe("The first contact with an instance", () => {
  it("learns the instance's own host key over a connection with the first-contact key", async () => {
    expect(await meet(prepare, { "FIRST prepare": ["done"] })).to.deep.equal({
      ...{ kind: "done", said: "ssh-ed25519 OWN" },
      ...{ seconds: 0, connections: ["FIRST prepare"] },
    });
  });

  it("waits while the instance boots or its address still leads to another instance", async () => {
    const kinds = ["silent", "other-key", "other-machine", "refused", "done"] as const;
    const { kind, seconds } = await meet(prepare, { "FIRST prepare": [...kinds] });
    expect([kind, seconds]).to.deep.equal(["done", 40]);
  });

  it("gives up after five minutes, or at once when its script fails", async () => {
    for (const kind of ["silent", "other-key", "other-machine", "refused"] as const) {
      const given = await meet(prepare, { "FIRST prepare": [kind] });
      expect(given.kind).to.equal(kind);
      expect(given.seconds).to.be.within(300, 310);
    }
    for (const [step, verb] of [
      [prepare, "prepare"],
      [activate, "activate"],
    ] as const) {
      const { kind, seconds } = await meet(step, { [`FIRST ${verb}`]: ["failed"] });
      expect([kind, seconds]).to.deep.equal(["failed", 0]);
    }
  });

  it("accepts only a single ed25519 key as the instance's answer", async () => {
    // The answer becomes an argument of ssh.
    for (const said of ["", "ssh-ed25519 A\nssh-ed25519 B", "ssh-rsa AAAA", "ssh-ed25519 %h"]) {
      const answer = await prepare(contact, {
        connect: () => Promise.resolve({ kind: "done", said }),
        now: () => 0,
        pause: () => Promise.resolve(),
      });
      expect(answer, said).to.deep.equal({ kind: "failed", said: `no ed25519 key: ${said}` });
    }
  });

  it("activates the instance's own key, and verifies it over a connection with only that key", async () => {
    expect(
      await meet(activate, { "FIRST activate": ["done"], "OWN nothing": ["done"] }),
    ).to.deep.equal({
      ...{ kind: "done", said: "ssh-ed25519 OWN" },
      ...{ seconds: 0, connections: ["FIRST activate", "OWN nothing"] },
    });
  });

  it("succeeds when an earlier run was killed after it activated the own key", async () => {
    const { kind, seconds } = await meet(activate, { "OWN nothing": ["done"] });
    expect([kind, seconds]).to.deep.equal(["done", 0]);
  });

  it("does not succeed before the instance shows its own key", async () => {
    const reloading = await meet(activate, {
      "FIRST activate": ["done", "other-key"],
      "OWN nothing": ["other-key", "silent", "done"],
    });
    expect([reloading.kind, reloading.seconds]).to.deep.equal(["done", 20]);
    const impostor = await meet(activate, { "FIRST activate": ["done"] });
    expect(impostor.kind).to.equal("other-key");
  });

  it("classifies a connection by the exit status and the messages of ssh", () => {
    const kindOf = (status: number, stderr: string) => answerOf({ status, stdout: "", stderr });
    // As OpenSSH 9.2 writes it.
    const changed = `@@@@@@@@@\n@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\n@@@@@@@@@
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!
Host key for 10.0.1.10 has changed and you have requested strict checking.\r
Host key verification failed.\r\n`;
    expect(kindOf(255, changed)).to.deep.equal({
      kind: "other-key",
      said: "Host key for 10.0.1.10 has changed and you have requested strict checking.; Host key verification failed.",
    });
    for (const [status, stderr, kind] of [
      [255, "admin@10.0.1.10: Permission denied (publickey).", "refused"],
      [255, "kex_exchange_identification: Connection closed by remote host", "silent"],
      [255, "Connection closed by UNKNOWN port 65535", "silent"],
      [75, "this address leads to i-1, not to i-2", "other-machine"],
      [1, "mv: cannot stat 'a'", "failed"],
    ] as const)
      expect(kindOf(status, stderr)).to.deep.equal({ kind, said: stderr });
    const key = { status: 0, stdout: "ssh-ed25519 OWN \n", stderr: "a warning" };
    expect(answerOf(key)).to.deep.equal({ kind: "done", said: "ssh-ed25519 OWN" });
  });

  it("explains each failure with server, evidence and remedies, in lines of 100 columns", () => {
    for (const kind of ["other-key", "other-machine", "refused", "silent", "failed"] as const) {
      const message = explain({ kind, said: "evidence" }, contact);
      expect(message).to.match(
        /^error: .*\b10\.0\.1\.10 port 22 through 198\.51\.100\.7.*\n {7}evidence\nremedy: .*pulumi (refresh|up --refresh) --stack dev(.|\n)*\n {8}pulumi up --replace '\*\*-test-host-key' --stack dev$/,
      );
      for (const line of message.split("\n")) expect(line.length, line).to.be.at.most(100);
    }
    const direct = { ...contact, server: "app" as const, jump: undefined };
    expect(explain({ kind: "silent", said: "" }, direct as unknown as Contact)).to.match(
      /^error: the app server at 10\.0\.1\.10 port 22 cannot(.|\n)*'\*\*-app-machine-host-key'/,
    );
  });
});

describe("The first-contact program", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.write("tmp/other", "");
    machine.script("contact", `exec node deployer/first-contact.ts "$@"`);
  });
  afterEach(() => machine.remove());
  const run = (verb: string) =>
    machine.run("contact", [verb], JSON.stringify(contact), { TMPDIR: join(machine.home, "tmp") });
  const left = () => readdirSync(join(machine.home, "tmp"));

  it("gives ssh the private key only as a file that its owner alone can read", () => {
    machine.fake(
      "ssh",
      `log "$*"; env >>'${machine.home}/log'
      while [ "$1" != -i ]; do shift; done; log "$(stat --format '%a' "$2" "$(dirname "$2")" | xargs) $(cat "$2")"
      echo ssh-ed25519 OWN`,
    );
    expect(run("prepare").stdout).to.equal("ssh-ed25519 OWN\n");
    expect(machine.log).to.match(/^600 700 PRIVATE$/m);
    expect(machine.log.match(/PRIVATE/g)).to.have.length(1);
    expect(left()).to.deep.equal(["other"]);
  });

  it("accepts one host key per connection, and reads no configuration file of ssh", () => {
    machine.fake("ssh", `log "$*"; echo ssh-ed25519 OWN`);
    run("prepare");
    expect(run("activate").stdout).to.equal("ssh-ed25519 OWN\n");
    const known = [...machine.log.matchAll(/KnownHostsCommand=\/bin\/echo 10.0.1.10 (.+?) -o/g)];
    expect(known.map(([, key]) => key)).to.deep.equal([
      ...["ssh-ed25519 FIRST", "ssh-ed25519 FIRST", "ssh-ed25519 OWN"],
    ]);
    // For the instance and for its jump host.
    expect(machine.log.match(/-F'? '?none/g)).to.have.length(6);
  });

  it("runs host-key.sh as root on the instance, with the expected instance id", () => {
    // The fake ssh runs the remote command here, and the fake sudo prints its command.
    machine.fake("ssh", 'bash -c "${*: -1}"');
    machine.fake(
      "sudo",
      `printf '<%s>' "$1" "$2" "\${@:4}" >&2; printf %s "$3" | cmp - '${scripts}host-key.sh' >&2 && printf '<same>' >&2; exit 1`,
    );
    const { stderr } = run("prepare");
    expect(stderr).to.include("<bash><-c><host-key.sh><prepare><i-0123456789abcdef0><same>");
  });

  it("fails with the script's own message, and leaves no temporary files", () => {
    machine.fake("ssh", "echo 'mv: no space left' >&2; exit 1");
    const { status, stdout, stderr } = run("activate");
    expect([status, stdout]).to.deep.equal([1, ""]);
    expect(stderr).to.match(
      /^error: .* cannot change its host key:\n {7}mv: no space left\nremedy: /,
    );
    expect(left()).to.deep.equal(["other"]);
  });

  it("leaves no temporary files when a signal ends it", () => {
    machine.fake("ssh", "kill -TERM $PPID; sleep 1; exit 255");
    expect(run("prepare").status).to.equal(1);
    expect(left()).to.deep.equal(["other"]);
  });
}).timeout(60_000);
