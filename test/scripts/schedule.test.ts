import { expect } from "chai";
import { FakeMachine, until } from "../support/machine.ts";

describe("The schedule", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    machine.write("root/proxy/active", "green\n");
    machine.write("root/app.env", "# secrets: API_KEY\nAPI_KEY=sesame\n");
    machine.write("root/descriptions/1", "module=shop:app\n");
    machine.fake("crontab", `cat >'${machine.home}/crontab'`);
    machine.fake("hostname", "echo server");
    machine.fake("docker", 'case "$*" in *.Config.Image*) echo app:1 ;; *) exit 9 ;; esac');
    // Runs the command itself.
    machine.fake(
      "docker-compose",
      `case "$*" in
      *" ps --quiet green") echo container ;;
      *" run --rm --no-deps -T --name flask-on-aws-task-note --env FLASK_APP=shop:app --entrypoint sh task -c "*) log "$TASK_IMAGE"; cd '${machine.home}'; exec sh -c "\${*: -1}" ;;
      *) exit 9 ;;
      esac`,
    );
    machine.script("publish-status.sh", "log published");
  });
  afterEach(() => machine.remove());

  const write = (...lines: string[]) => {
    const { status, stderr } = machine.run("schedule.sh", ["write"], lines.join(""));
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    return machine.read("crontab");
  };
  const run = (name = "note") => machine.run("schedule.sh", ["app", name]);
  const published = () => machine.log.match(/^published$/gm)?.length ?? 0;

  it("has the deployer's own jobs, and a line for each command of the app", () => {
    const schedule = `${machine.root}/bin/schedule.sh`;
    const log = `>>${machine.root}/schedule.log 2>&1`;
    const own = [`backup ${log}`, `restore-test ${log}`, `certificate ${log}`];
    const jobs = (crontab: string) =>
      crontab.split("\n").flatMap((line) => line.split(`${schedule} `)[1] ?? []);
    expect(jobs(write())).to.deep.equal(own);
    expect(write()).to.include(`\n* * * * * nice ${machine.root}/bin/ship-logs.sh ${log}\n`);
    const crontab = write("note\t*/5 0-6 * jan 7\techo 50 %\n", "other\t@daily\ttrue\n");
    expect(jobs(crontab)).to.deep.equal([...own, `app note ${log}`, `app other ${log}`]);
    expect(crontab).to.include(`\n*/5 0-6 * jan 7 ${schedule} app note ${log}\n`);
    expect(crontab).to.include(`\n@daily ${schedule} app other ${log}\n`);
    expect(crontab).to.not.include("%");
  });

  it("patches at the time of the setting, keeps that when it is installed by hand, and forgets failures when it is off", () => {
    const line = `\n30 5 2 * * ${machine.root}/bin/schedule.sh patch >>${machine.root}/schedule.log 2>&1\n`;
    const written = (...args: string[]) => {
      expect(machine.run("schedule.sh", args).status).to.equal(0);
      return machine.read("crontab");
    };
    expect(written("write", "30 5 2 * *")).to.include(line);
    expect(written()).to.include(line);
    machine.write("root/failed-patch", "2026-01-02\n");
    expect(written("write", "off")).to.not.include("patch");
    expect(machine.exists("root/failed-patch")).to.equal(false);
  });

  it("patches with the deploy lock, and shows a patch that fails until one succeeds", () => {
    machine.script("deploy-lock.sh", 'log "$RELEASE_OWNER $*"; exit 3');
    expect(machine.run("schedule.sh", ["patch"]).status).to.equal(3);
    expect(machine.log).to.equal("cron patch.sh\npublished\n");
    expect(machine.exists("root/failed-patch")).to.equal(true);
    machine.script("deploy-lock.sh", "");
    expect(machine.run("schedule.sh", ["patch"]).status).to.equal(0);
    expect(machine.exists("root/failed-patch")).to.equal(false);
    expect(machine.exists("root/last-nightly-backup")).to.equal(false);
  });

  it("tells the site once when S3 has copied the last backup, and asks S3 no more", () => {
    machine.stack({ BACKUP_COPY_REGION: "us-east-2" });
    machine.script("certificate.sh", "exit 0");
    machine.script("certificate-store.sh", "exit 0");
    machine.script("report-metrics.sh", "exit 0");
    machine.s3();
    const key = "backups/20260101T030405Z-nightly";
    machine.write(`s3/${key}/manifest`, "created 2026-01-01T03:04:05Z\nreason nightly\n");
    machine.write("root/last-backup", `${key}\n`);
    machine.write("root/certificate.state", "\n");
    const tend = () => {
      expect(machine.run("schedule.sh", ["certificate"]).status).to.equal(0);
      return [machine.log.match(/^aws /gm)?.length ?? 0, published()];
    };
    expect(tend()).to.deep.equal([4, 0]);
    machine.write(`replication/${key}/manifest`, "COMPLETED\n");
    expect(tend()).to.deep.equal([8, 1]);
    expect(tend()).to.deep.equal([8, 1]);
  });

  it("keeps the app's commands when it is installed by hand", () => {
    write("note\t@daily\ttrue\n");
    expect(machine.run("schedule.sh").status).to.equal(0);
    expect(machine.read("crontab")).to.include(" app note ");
  });

  it("runs a command unchanged in the image that serves, and logs what it prints without secrets", () => {
    write(`note\t@daily\tprintf '%s\\n' "a	b" 'sesame $HOME'; echo wrong >&2\n`);
    const { status, stdout, stderr } = run();
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    expect(stdout.replaceAll(/^2\S+Z/gm, "TIME")).to.equal(
      "TIME note: begins, in app:1\nnote: a\tb\nnote: [secret] $HOME\nnote: wrong\nTIME note: ended with status 0\n",
    );
    expect(machine.log).to.equal("app:1\n");
  });

  it("notes a failure until the next success, and tells the site of both once", () => {
    write("note\t@daily\ttest -e good || exit 7\n");
    for (let time = 0; time < 2; time += 1) {
      expect(run().status).to.equal(7);
      expect(machine.read("root/failed-app-note")).to.match(/^20\S+Z\n$/);
    }
    expect(published()).to.equal(1);
    machine.write("good", "");
    for (let time = 0; time < 2; time += 1) {
      expect(run().status).to.equal(0);
      expect(machine.exists("root/failed-app-note")).to.equal(false);
    }
    expect(published()).to.equal(2);
  });

  it("forgets the failure of a command that is removed, and of no other", () => {
    write("note\t@daily\tfalse\n", "other\t@daily\tfalse\n");
    run();
    run("other");
    machine.write("root/failed-backup", "");
    machine.write("log", "");
    write("other\t@daily\tfalse\n");
    expect(machine.exists("root/failed-app-note")).to.equal(false);
    expect(machine.exists("root/failed-app-other")).to.equal(true);
    expect(machine.exists("root/failed-backup")).to.equal(true);
    expect(published()).to.equal(1);
    write("other\t@daily\tfalse\n");
    expect(published()).to.equal(1);
  });

  it("leaves out a run whose last one goes on", async () => {
    write(
      "note\t@daily\ttouch begun; for _ in $(seq 200); do [ -e goes ] && break; sleep 0.02; done\n",
    );
    const first = machine.start("schedule.sh", ["app", "note"]);
    await until(() => machine.exists("begun"), "the first run");
    const { status, stdout } = run();
    expect(stdout).to.match(/^20\S+Z note: left out, because its last run goes on\n$/);
    expect(status).to.equal(0);
    machine.write("goes", "");
    expect((await first.ended).status).to.equal(0);
    expect(run().stdout).to.match(/ note: ended with status 0\n$/);
  });

  it("refuses a name that is not scheduled, and a run before the first release", () => {
    write("note\t@daily\ttrue\n");
    expect(run("not").stderr).to.match(
      /^error: the setting appSchedule has no command named not\n/,
    );
    machine.write("root/proxy/active", "");
    expect(run().stderr).to.match(
      /^error: nothing serves, so note has no image to run in\nremedy: release first: pulumi up\n$/,
    );
  });

  it("begins a new log before the disk is full", () => {
    write("note\t@daily\ttrue\n");
    machine.write("root/schedule.log", Buffer.alloc(10_000_001));
    run();
    expect(machine.exists("root/schedule.log")).to.equal(false);
    expect(machine.exists("root/schedule.log.1")).to.equal(true);
  });

  it("shows a backup that fails as before", () => {
    machine.script("deploy-lock.sh", "exit 3");
    expect(machine.run("schedule.sh", ["backup"]).status).to.equal(3);
    expect(machine.exists("root/failed-backup")).to.equal(true);
    machine.script("deploy-lock.sh", "");
    expect(machine.run("schedule.sh", ["backup"]).status).to.equal(0);
    expect(machine.exists("root/failed-backup")).to.equal(false);
  });
});
