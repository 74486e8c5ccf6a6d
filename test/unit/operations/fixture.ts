/** A stack for the tests of ./ops: a fake Pulumi CLI, and a fake `ssh` that runs remote commands on this host. */
import { FakeMachine, type Outcome } from "../../support/machine.ts";

export const root = new URL("../../../", import.meta.url).pathname;

export const outputs = {
  region: "us-west-2",
  sshUser: "admin",
  sshPrivateKey: "KEY",
  appServerPublicIp: "198.51.100.7",
  appServerHostKey: "ssh-ed25519 APP",
  testServerPrivateIp: "10.0.1.10",
  testServerHostKey: "ssh-ed25519 TEST",
  appUrl: "http://198.51.100.7",
  siteUrl: "http://site-1.s3-website.example",
  siteBucket: "site-1",
  configuredCommit: "c0ffee".repeat(7).slice(0, 40),
};

/** A fake `ssh` that reaches the app server: it runs its LocalCommand and its last argument, the remote command. */
export const reaching = (machine: FakeMachine) =>
  `for word in "\${@:1:$#-1}"; do case $word in LocalCommand=*) eval "\${word#*=}" ;; esac; done
  last=\${*: -1}; eval "\${last//\\/opt\\/flask-on-aws/${machine.root}}"`;

export interface Fixture {
  readonly machine: FakeMachine;
  readonly ops: (...args: string[]) => Outcome;
}

/**
 * @param more outputs of the stack
 *
 * The selected stack is `dev`; `empty` has no outputs, `old` has those of an earlier version, `nosuch` does not exist.
 */
export function fixture(env: NodeJS.ProcessEnv = {}, more: object = {}): Fixture {
  const machine = new FakeMachine();
  machine.stack();
  const network = `--import=file://${root}test/unit/operations/network.js`;
  machine.script("ops", `NODE_OPTIONS='${network}' exec '${root}ops' "$@"`);
  machine.fake(
    "pulumi",
    `log "pulumi $*"
    case " $* " in
    *" nosuch "*) echo "error: no stack named 'nosuch' found" >&2; exit 6 ;;
    *" empty "*) echo '{}' ;;
    *" old "*) echo '{"appUrl":"http://198.51.100.7"}' ;;
    " stack --show-name ") echo dev ;;
    *) echo '${JSON.stringify({ ...outputs, ...more })}' ;;
    esac`,
  );
  machine.fake("ssh", reaching(machine));
  return { machine, ops: (...args) => machine.run("ops", args, "", env) };
}
