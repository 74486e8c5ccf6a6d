import { expect } from "chai";
import { utimesSync } from "node:fs";
import { join } from "node:path";
import { acceptanceMachine } from "../support/acceptance-machine.ts";
import { FakeMachine } from "../support/machine.ts";

const email = "ops@example.com";
const topics = ["us-west-2", "us-east-1"].map((region) => `arn:aws:sns:${region}:1:alarms`);
const stack = {
  ALARM_NAMESPACE: "flask-on-aws-dev-alarms",
  ALARM_TOPICS: topics.join(" "),
  ALARM_EMAIL: email,
};

describe("The report to CloudWatch", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack(stack);
    machine.fake("aws", 'log "$*"');
    machine.script("certificate.sh", "printf 'issued\\t2026-01-08\\tCA\\t\\n'");
    machine.write("root/scheduled-since", "");
  });
  afterEach(() => machine.remove());

  const report = () => {
    machine.write("log", "");
    const { status, stdout, stderr } = machine.run("report-metrics.sh");
    expect({ status, stdout, stderr }).to.deep.equal({ status: 0, stdout: "", stderr: "" });
    const [call = "", values = ""] = machine.log.trim().split(" --metric-data ");
    expect(call).to.equal("cloudwatch put-metric-data --namespace flask-on-aws-dev-alarms");
    return Object.fromEntries<number>(
      [...values.matchAll(/MetricName=(\w+)Problem,Value=(\d)/g)].map(([, name, value]) => [
        name!,
        Number(value!),
      ]),
    );
  };
  /** Gives a file of the machine a time in the past. */
  const age = (file: string, hours: number) => {
    const time = Date.now() / 1000 - hours * 3600;
    machine.write(file, "");
    utimesSync(join(machine.home, file), time, time);
  };
  const good = { Backup: 0, RestoreTest: 0, Certificate: 0 };

  it("is good on a new machine, and as long as each job succeeds in time", () => {
    expect(report()).to.deep.equal(good);
    age("root/scheduled-since", 1000);
    age("root/last-nightly-backup", 25.9);
    age("root/last-restore-test", 191);
    expect(report()).to.deep.equal(good);
  });

  it("tells of a job that has failed, and of one that is late", () => {
    machine.write("root/failed-backup", "");
    expect(report()).to.deep.equal({ ...good, Backup: 1 });
    machine.write("root/failed-restore-test", "");
    expect(report()).to.deep.equal({ ...good, Backup: 1, RestoreTest: 1 });
  });

  it("takes a job for late that has never succeeded since cron has it", () => {
    age("root/scheduled-since", 26.1);
    expect(report()).to.deep.equal({ ...good, Backup: 1 });
    age("root/scheduled-since", 193);
    expect(report()).to.deep.equal({ ...good, Backup: 1, RestoreTest: 1 });
    age("root/last-nightly-backup", 1);
    age("root/last-restore-test", 1);
    expect(report()).to.deep.equal(good);
  });

  it("tells of a certificate that is not issued, and of none without HTTPS", () => {
    for (const state of ["late", "expired", "self-signed"]) {
      machine.script("certificate.sh", `printf '${state}\\t2026-01-08\\tCA\\t\\n'`);
      expect(report(), state).to.deep.equal({ ...good, Certificate: 1 });
    }
    machine.script("certificate.sh", "exit 1");
    expect(report(), "which nobody serves").to.deep.equal({ ...good, Certificate: 1 });
    machine.stack({ ...stack, APP_URL: "http://198.51.100.7" });
    expect(report()).to.deep.equal({ Backup: 0, RestoreTest: 0 });
  });

  it("does not fail if CloudWatch refuses it, and does not wait for it", () => {
    machine.fake("aws", "echo 'An error: AccessDenied' >&2; exit 254");
    machine.fake("hostname", "echo server");
    const note = "note: CloudWatch has not got the report of server: ";
    const refused = { status: 0, stdout: `${note}An error: AccessDenied\n`, stderr: "" };
    expect(machine.run("report-metrics.sh")).to.deep.equal(refused);
    machine.fake(
      "timeout",
      `[ "$1" = 20 ] || log "timeout $1"; exec /usr/bin/timeout 0.2 "\${@:2}"`,
    );
    machine.fake("aws", "exec /bin/sleep 60");
    expect(machine.run("report-metrics.sh")).to.include({ status: 0, stdout: `${note}\n` });
    expect(machine.log).to.match(/^timeout 30$/m);
  });

  it("is not made without alarms", () => {
    machine.stack();
    expect(machine.run("report-metrics.sh")).to.include({ status: 0, stdout: "" });
    expect(machine.log).to.equal("");
  });

  it("is made by the cron job of the certificate, also if that fails, whose status stays", () => {
    machine.script("report-metrics.sh", "log reported");
    machine.script("certificate-store.sh", "true");
    machine.script("publish-status.sh", "true");
    expect(machine.run("schedule.sh", ["certificate"]).status).to.equal(0);
    machine.script("certificate.sh", "exit 7");
    machine.script("publish-status.sh", "exit 7");
    expect(machine.run("schedule.sh", ["certificate"]).status).to.equal(7);
    expect(machine.log).to.equal("reported\nreported\n");
  });

  it("counts from the last nightly backup that has succeeded", () => {
    machine.script("publish-status.sh", "true");
    machine.script("deploy-lock.sh", "exit 1");
    machine.run("schedule.sh", ["backup"]);
    expect(machine.exists("root/last-nightly-backup")).to.equal(false);
    machine.script("deploy-lock.sh", "true");
    machine.run("schedule.sh", ["restore-test"]);
    expect(machine.exists("root/last-nightly-backup")).to.equal(false);
    machine.run("schedule.sh", ["backup"]);
    expect(machine.exists("root/last-nightly-backup")).to.equal(true);
  });

  it("counts from when cron got the jobs, which a later release does not change", () => {
    machine.fake("crontab", "cat >/dev/null");
    age("root/scheduled-since", 26.1);
    machine.run("schedule.sh", ["write"]);
    expect(report()).to.deep.equal({ ...good, Backup: 1 });
  });
});

describe("The acceptance check of the alarms", () => {
  const { machine, check } = acceptanceMachine();
  const answer = (...answers: string[]) => {
    const cases = answers.map(
      (text, i) => `*--region\\ ${["us-west-2", "us-east-1"][i]}*) ${text} ;;`,
    );
    machine().fake("aws", `case "$*" in ${cases.join(" ")} esac`);
    machine().stack(stack);
  };

  it("succeeds once the address is confirmed for every topic", () => {
    answer("echo arn:aws:sns:1", "echo arn:aws:sns:2");
    expect(check("alarms")).to.deep.equal([["alarms", "ok", `${email} gets the alarms`, ""]]);
  });

  it("names the command that sends another mail to an address that is not confirmed", () => {
    answer("echo arn:aws:sns:1", "echo PendingConfirmation");
    expect(check("alarms")).to.deep.equal([
      [
        ...["alarms", "FAILED"],
        `${email} has not confirmed to get the alarms of us-east-1, so nobody gets them`,
        `follow the link in the mail of AWS Notifications; for another mail: aws sns subscribe --region us-east-1 --topic-arn ${topics[1]} --protocol email --notification-endpoint ${email}`,
      ],
    ]);
  });

  it("names the command that subscribes an address that SNS has forgotten", () => {
    answer("echo None", "echo arn:aws:sns:2");
    const [[, result, found, remedy]] = check("alarms") as [string[]];
    expect(result).to.equal("FAILED");
    expect(found).to.include(`${email} does not get the alarms of us-west-2`);
    expect(remedy).to.include("subscribe it again: pulumi up --refresh");
  });

  it("fails if SNS does not tell", () => {
    answer("exit 254", "echo arn:aws:sns:2");
    const [[, result, found, remedy]] = check("alarms") as [string[]];
    expect([result, found]).to.deep.equal([
      ...["FAILED", "SNS does not tell who gets the alarms of us-west-2"],
    ]);
    expect(remedy).to.include("check the policy of the machine's role: pulumi up --refresh");
  });

  it("is made only where there are alarms", () => {
    const made = () => check().map(([name]) => name);
    expect(made()).to.not.include("alarms");
    answer("echo arn:aws:sns:1", "echo arn:aws:sns:2");
    expect(made()).to.include("alarms");
  });
});
