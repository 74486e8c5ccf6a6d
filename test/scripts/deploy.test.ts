import { expect } from "chai";
import { FakeMachine, until } from "../support/machine.ts";

describe("A release", () => {
  const steps = [
    "preflight",
    "updates",
    "migrate",
    "certificate-store",
    "cut-over",
    "verify",
    "release-history",
    "prune",
  ];
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.write("root/last-backup", "of the release before\n");
    machine.write("root/proxy/active", "blue\n");
    machine.fake("docker", `[ "$1 $2 \${*: -1}" = "image inspect app:1" ] && echo c0ffee`);
    schemaAt("a1");
    describes("", "");
    for (const step of [...steps, "publish-status", "check-domain", "certificate"])
      machine.script(`${step}.sh`, `log "${step} $*"`);
    for (const step of ["release-line", "redis"]) machine.script(`${step}.sh`, `log "${step} $*"`);
    machine.script(
      "release-history.sh",
      `if [ $# = 0 ]; then printf '000006\\tt\\n000007\\tt\\n'; else log "release-history $*"; fi`,
    );
  });
  afterEach(() => machine.remove());

  /** Has the app's Procfile hold these. */
  const describes = (processes: string, line: string) =>
    machine.script(
      "describe-app.sh",
      `[ "$*" = c0ffee ]; printf '%s=%q\\n' processes '${processes}' release_line '${line}'`,
    );
  const deploy = () => machine.run("deploy.sh", ["app:1"]);
  const schemaAt = (revision: string) => machine.write("revision", `${revision}\n`);
  beforeEach(() =>
    machine.fake(
      "mysql",
      `case "\${*: -1}" in "SHOW TABLES LIKE"*) echo alembic_version ;; *) cat '${machine.home}/revision' ;; esac`,
    ),
  );

  it("runs its steps in order, and records how long each took", () => {
    const { status } = deploy();
    expect(status).to.equal(0);
    expect(machine.log).to.match(
      /^preflight \nupdates \nmigrate app:1\ncertificate-store load\ncut-over app:1\nverify app:1\nrelease-history add app:1 preflight=\d+\.\d updates=\d+\.\d migrate=\d+\.\d certificate-store=\d+\.\d cut-over=\d+\.\d verify=\d+\.\d\nredis remove\ncheck-domain \ncertificate await\ncertificate-store save\npublish-status \nprune \n$/,
    );
  });

  it("starts Redis before it migrates, runs the release line after, and checks the memory for the processes", () => {
    machine.stack({ APP_REDIS: "true" });
    describes("worker a\nbeat b", "flask seed");
    expect(deploy().stdout).to.match(
      /, redis \d+\.\d s, migrate .*, release-line \d+\.\d s, certif/,
    );
    expect(machine.log).to.match(
      /^preflight worker a\nbeat b\nupdates \nredis start\nmigrate app:1\nrelease-line app:1\ncertificate-store load\n/,
    );
    expect(machine.read("root/release.env"), "for the first release").to.equal(
      `ROOT=${machine.root}\n`,
    );
  });

  for (const [step, before] of [
    ["redis", "preflight \nupdates \n"],
    ["release-line", "preflight \nupdates \nmigrate app:1\n"],
  ] as const) {
    it(`stops before the cut-over when ${step} fails`, () => {
      if (step === "redis") machine.stack({ APP_REDIS: "true" });
      else describes("", "flask seed");
      machine.script(`${step}.sh`, "exit 5");
      expect(deploy().status).to.equal(5);
      expect(machine.log).to.equal(before);
    });
  }

  it("releases the newest patch of an image, unless that is gone or has failed", () => {
    const releases = [
      "app:1",
      "app:1-p1",
      "app:1-p2",
      "app:1-p3",
      "app:1-p4 failed verify",
      "app:2",
    ];
    releases.forEach((release, i) => {
      const [image, detail = ""] = release.split(/ (.*)/);
      machine.write(
        `root/ledger/00000${i}`,
        `00000${i}\tt\tc\t${image}\ti\ta1\t-\tann\t${detail}\n`,
      );
    });
    const released = (...there: string[]) => {
      machine.write("log", "");
      machine.fake(
        "docker",
        `case "\${*: -1}" in ${there.join("|")}) echo c0ffee ;; *) exit 1 ;; esac`,
      );
      expect(deploy().status).to.equal(0);
      return /^cut-over (.*)$/m.exec(machine.log)![1];
    };
    expect(released("app:1", "app:1-p2", "app:1-p3", "app:1-p4")).to.equal("app:1-p3");
    expect(released("app:1", "app:1-p2"), "a new machine").to.equal("app:1");
    machine.write("root/ledger/000006", "000006\tt\tc\tapp:1-p2\ti\ta1\t-\tann\trollback\n");
    expect(released("app:1", "app:1-p2", "app:1-p4"), "after a rollback").to.equal("app:1-p2");
  });

  it("prints at its end the commit, the URL and how many seconds each step took", () => {
    expect(deploy().stdout).to.match(
      /^releasing commit c0ffee\nrelease 000007 serves commit c0ffee: https:\/\/app\.example\nreleased in \d+ s: preflight \d+\.\d s, updates \d+\.\d s, migrate \d+\.\d s, certificate-store \d+\.\d s, cut-over \d+\.\d s, verify \d+\.\d s\n$/,
    );
  });

  it("does not use the backup of an earlier release as its own", () => {
    deploy();
    expect(machine.exists("root/last-backup")).to.equal(false);
  });

  it("succeeds even if the site's page cannot be written and the certificate not be read", () => {
    for (const script of ["publish-status", "check-domain", "certificate"])
      machine.script(`${script}.sh`, "exit 5");
    expect(deploy().status).to.equal(0);
    expect(machine.log).to.match(/\nprune \n$/);
  });

  steps.forEach((step, i) => {
    it(`stops when ${step} fails, and is not in the history if it has changed nothing`, () => {
      machine.script(`${step}.sh`, `log ${step}; exit 5`);
      expect(deploy().status).to.equal(5);
      expect(
        machine.log.match(
          /^(?!publish|check-domain|redis|certificate await|certificate-store save)[\w-]+/gm,
        ),
      ).to.deep.equal(steps.slice(0, i + 1));
      if (i < steps.indexOf("release-history"))
        expect(machine.log).to.not.include("release-history");
    });
  });

  it("is in the history as failed when it fails after its migration changed the schema", () => {
    machine.script("migrate.sh", `echo b2 >'${machine.home}/revision'`);
    machine.script("cut-over.sh", "exit 5");
    const { status, stdout } = deploy();
    expect(status).to.equal(5);
    expect(stdout).to.match(/^note: the schema stays at revision b2, and was at \S+$/m);
    expect(machine.log).to.match(
      /^preflight \nupdates \ncertificate-store load\nrelease-history add app:1 failed cut-over preflight=\d+\.\d updates=\d+\.\d migrate=\d+\.\d certificate-store=\d+\.\d\n$/,
    );
  });

  it("is in the history as failed when its migration fails after the backup", () => {
    machine.script("migrate.sh", `echo backups/9 >'${machine.root}/last-backup'; exit 5`);
    expect(deploy().status).to.equal(5);
    expect(machine.log).to.match(
      /\nrelease-history add app:1 failed migrate preflight=\d+\.\d updates=\d+\.\d\n$/,
    );
  });

  it("is in the history as failed when its verification fails after the cut-over", () => {
    machine.script("cut-over.sh", `echo green >'${machine.root}/proxy/active'`);
    machine.script("verify.sh", "exit 5");
    const { status, stdout } = deploy();
    expect(status).to.equal(5);
    expect(stdout).to.match(
      /^note: commit \S+ serves, although its release failed in the step verify$/m,
    );
    expect(machine.log).to.match(/\nrelease-history add app:1 failed verify preflight=/);
  });

  it("is in the history as failed when a signal ends it after its migration changed the schema", async () => {
    machine.script("migrate.sh", `echo b2 >'${machine.home}/revision'`);
    machine.script("cut-over.sh", "trap 'log undone; exit 1' TERM; log began; /bin/sleep 10");
    const release = machine.start("deploy.sh", ["app:1"]);
    await until(() => machine.log.includes("began"), "the cut-over");
    process.kill(-release.pid, "SIGTERM");
    expect((await release.ended).status).to.equal(143);
    expect(machine.log).to.match(
      /\nbegan\nundone\nrelease-history add app:1 failed cut-over preflight=/,
    );
  });

  it("adds nothing to the history when it has lost the deploy lock", async () => {
    machine.script(
      "cut-over.sh",
      `echo green >'${machine.root}/proxy/active'; log began; sleep 10`,
    );
    const release = machine.start("deploy.sh", ["app:1"], { LOCK_HOLDER: "ann" });
    await until(() => machine.log.includes("began"), "the cut-over");
    machine.write("root/lease", "bob\n");
    process.kill(-release.pid, "SIGTERM");
    expect((await release.ended).status).to.equal(143);
    expect(machine.log).to.match(/\nbegan\n$/);
  });

  it("keeps the exit status of the step when the failure cannot be recorded", () => {
    machine.script("migrate.sh", `echo b2 >'${machine.home}/revision'; exit 5`);
    machine.script("release-history.sh", "log release-history; exit 1");
    expect(deploy().status).to.equal(5);
    expect(machine.log).to.include("release-history");
  });
});
