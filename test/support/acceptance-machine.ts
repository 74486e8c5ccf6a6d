/** A machine on which every check of scripts/acceptance.sh succeeds, until a test breaks something. */
import { expect } from "chai";
import { FakeMachine } from "./machine.ts";

/** A rule of the app server's group as the AWS CLI prints it. */
export const appRule = (port: number, peer = "0.0.0.0/0", id = `sgr-${port}`) =>
  `sg-app\t${id}\ttcp\t${port}\t${port}\t${peer}`;
const databaseRule = "sg-db\tsgr-db\ttcp\t3306\t3306\tsg-app";
export const rightRules: readonly string[] = [
  appRule(80),
  appRule(443),
  appRule(5085),
  databaseRule,
];

/** Makes the machine for each test of a suite, and removes it. Call it in `describe`. */
export function acceptanceMachine() {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.write("root/proxy/active", "green\n");
    machine.fake(
      "docker-compose",
      `case "$*" in *"ps --quiet green") echo container ;; "version --short") echo 2.26 ;; *) exit 9 ;; esac`,
    );
    machine.fake(
      "docker",
      `case "$*" in "inspect --format {{.Config.Image}} container") echo app:1 ;; ps*) cat '${machine.home}/processes' ;; version*) echo 26.1 ;; *) exit 9 ;; esac`,
    );
    machine.write("processes", "");
    machine.script("verify.sh", 'log "verify $*"');
    machine.script("certificate.sh", "printf 'issued\\t2026-01-08\\tCA\\t\\n'");
    machine.script("grants.sh", "echo privileges; echo partial_revokes is ON");
    machine.script("preflight.sh", "");
    machine.script("deploy-lock.sh", 'log "limit $LEASE_LIMIT"; exec "$bin/$1" "${@:2}"');
    machine.write(
      "root/bin/deploy-lock.sh",
      machine.read("root/bin/deploy-lock.sh").replace("$bin", `${machine.root}/bin`),
    );
    machine.script(
      "backup.sh",
      '[ "$*" = verify ]; log backup; echo "a note" >&2; echo backups/1-verify',
    );
    machine.script("restore-test.sh", 'log "tests $*"; echo "$1 can be restored"');
    machine.mysql({ "SHOW?STATUS*": "Ssl_cipher\tTLS_AES", "SELECT?VERSION*": "8.4.1" });
    machine.fake(
      "crontab",
      'for job in backup restore-test certificate; do echo "7 2 * * * /b/schedule.sh $job >>x"; done; echo "* * * * * nice /b/ship-logs.sh >>x"',
    );
    machine.fake("pgrep", '[ "$*" = "-x cron" ]');
    rules(...rightRules);
    date(0);
    memory(300, 0);
    disk(5000);
    kernel("echo 'Linux version 6'");
  });
  afterEach(() => machine.remove());

  const rules = (...lines: string[]) => {
    const filter = "Name=group-id,Values=sg-app,sg-db";
    machine.fake(
      "aws",
      `case "$*" in
      --version) echo "aws-cli/2.23 Python/3" ;;
      "ec2 describe-security-group-rules --filters ${filter} --output text --query "*'IsEgress==\`false\`'*) printf '%s\\n' ${lines.map((line) => `$'${line.replaceAll("\t", "\\t")}'`).join(" ")} ;;
      *) exit 9 ;;
      esac`,
    );
  };
  /** Seconds by which S3's clock is ahead. */
  const date = (ahead: number) =>
    machine.fake("curl", `printf 'Date: %s\\r\\n' "$(date -R --date '${ahead} seconds')"`);
  const memory = (available: number, swap: number) =>
    machine.fake(
      "free",
      `[ "$*" = --mebi ]; echo ' total used free shared buff/cache available'; echo 'Mem: 960 1 2 3 4 ${available}'; echo 'Swap: 1023 1 ${swap}'`,
    );
  const disk = (free: number) => machine.fake("df", `printf 'Avail\\n ${free}\\n'`);
  const kernel = (body: string) => machine.fake("journalctl", body);

  /** Runs these checks, or all; the fields of each line. */
  const check = (...names: string[]) => {
    const { status, stdout, stderr } = machine.run("acceptance.sh", names, "", {
      STACK_FLAGS: " --stack prod",
    });
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    return stdout
      .replace(/\n$/, "")
      .split("\n")
      .map((line) => line.split("\t"));
  };
  /** Runs one check, which must fail with a text and a remedy like these. */
  const fails = (name: string, found: RegExp, remedy: RegExp) => {
    const [row, ...others] = check(name);
    expect(others).to.deep.equal([]);
    expect(row!.slice(0, 2)).to.deep.equal([name, "FAILED"]);
    expect(row![2]).to.match(found);
    expect(row![3]).to.match(remedy);
  };

  return { machine: () => machine, rules, date, memory, disk, kernel, check, fails };
}
