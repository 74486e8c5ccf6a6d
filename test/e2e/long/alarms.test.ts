/** Alarms by mail: what has to be confirmed, that a release causes none, and that what breaks does. */
import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { SNS } from "@aws-sdk/client-sns";
import { expect } from "chai";
import { setTimeout as sleep } from "node:timers/promises";
import { succeed } from "../../../lab/support/lab.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

const address = "ops@example.com";
const bin = "/opt/flask-on-aws/bin";
/** Milliseconds: three failures of the health check take 90 s, and two periods of the alarm up to three minutes. */
const patience = 6 * 60_000;

interface Mail {
  readonly subject: string;
  readonly text: string;
  readonly time: string;
}

describe("A stack with alarmEmail", function () {
  this.timeout(12 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
  stepsInOrder();

  const mails = async () => {
    const answer = await fetch(`${shared.stack.api}/_lab/mails?address=${address}`);
    return ((await answer.json()) as { mails: Mail[] }).mails;
  };
  /** Without those that say that all is well. */
  const alarms = async () =>
    (await mails()).filter(({ subject }) => /^(ALARM|INSUF)/.test(subject));
  const mailOf = async (alarm: string) => {
    for (const end = Date.now() + patience; ; await sleep(1_000)) {
      const found = (await alarms()).find(({ subject }) => subject.includes(`-alarms-${alarm}-`));
      if (found) return found;
      if (Date.now() > end) {
        const subjects = (await mails()).map(({ subject }) => subject);
        throw new Error(`no mail of the alarm ${alarm}; there are: ${subjects.join(", ")}`);
      }
    }
  };
  const check = () => shared.stack.onMachine(`${bin}/acceptance.sh alarms`);
  /** Runs commands with the variables of the machine's scripts. */
  const onMachine = (program: string) =>
    shared.stack.onMachine(`bash -c '. ${bin}/common.sh; ${program}'`);

  it("says in status and in verify that nobody gets the alarms before they are confirmed", async () => {
    const { status, stdout } = await shared.stack.up({ alarmEmail: address });
    expect(status, stdout).to.equal(0);
    expect(await lab.ops("status")).to.include(`NOT MAILED: ${address} is not confirmed in`);
    expect(await check()).to.match(/^alarms\tFAILED\t.*has not confirmed.*\tfollow the link/);
    const confirmed = await succeed("lab/mailbox", [address, "confirm"], {
      env: { LAB_NAME: lab.name },
    });
    expect(confirmed.match(/^confirmed: /gm)).to.have.length(2);
    expect(await lab.ops("status")).to.include(`mailed to ${address}`);
    expect(await check()).to.match(/^alarms\tok\t/);
  });

  it("sends no alarm during a release", async () => {
    await shared.stack.release({ alarmEmail: address });
    expect(await alarms()).to.deep.equal([]);
  });

  it("sends one when the app dies, and one when the database's connections run out", async () => {
    const cloudwatch = shared.stack.client(CloudWatch);
    const { MetricAlarms = [] } = await cloudwatch.describeAlarms({});
    const connections = MetricAlarms.find(
      ({ MetricName }) => MetricName === "DatabaseConnections",
    )!;
    // So many clients as the class allows connections would need more memory than the machine has.
    await cloudwatch.putMetricAlarm({
      ...connections,
      AlarmName: connections.AlarmName!,
      Threshold: 8,
    });
    const began = Date.now();
    await onMachine(
      'for _ in 1 2 3 4 5 6 7 8 9; do (query "SELECT SLEEP(300)" >/dev/null 2>&1 </dev/null &) ; done; "${compose[@]}" stop "$(active_service)"',
    );
    const [ofPage, ofDatabase] = await Promise.all([
      mailOf("page"),
      mailOf("database-connections"),
    ]);
    for (const mail of [ofPage, ofDatabase]) {
      const seconds = Math.round((Date.parse(mail.time) - began) / 1000);
      console.log(`      after ${seconds} s: ${mail.subject}`);
    }
    expect(ofPage.subject).to.match(/^ALARM: .* in us-east-1$/);
    expect(ofPage.text).to.include(shared.outputs.appUrl).and.to.include("lab/ops status");
    expect(ofDatabase.text).to.include("connections in use for 3 minutes");
    expect((await alarms()).length, "no others").to.equal(2);
  });

  it("leaves nothing behind without the setting", async () => {
    await onMachine('"${compose[@]}" start "$(active_service)"');
    const { status, stdout } = await shared.stack.up({ alarmEmail: "" });
    expect(status, stdout).to.equal(0);
    const { Topics } = await shared.stack.client(SNS).listTopics({});
    expect(Topics ?? []).to.deep.equal([]);
    const { MetricAlarms } = await shared.stack.client(CloudWatch).describeAlarms({});
    expect(MetricAlarms).to.deep.equal([]);
    expect(await lab.ops("status")).to.not.include("alarms");
  });
});
