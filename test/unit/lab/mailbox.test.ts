import { expect } from "chai";
import { useLabCommand } from "../../support/lab-command.ts";
import { SNS } from "@aws-sdk/client-sns";

describe("lab/mailbox", function () {
  this.timeout(20_000);
  const command = useLabCommand("mailbox");
  const { call } = command;

  it("prints the mails to an address, and follows the links in them", async () => {
    const sns = new SNS(command.api.client);
    const { TopicArn } = await sns.createTopic({ Name: "alarms" });
    const Endpoint = "ops+a@example.com";
    await sns.subscribe({ TopicArn, Protocol: "email", Endpoint });
    const time = /^20\S+Z /gm;
    const first = await call(Endpoint);
    expect(first.stderr).to.equal("");
    expect(first.stdout.replaceAll(time, "TIME ")).to.equal(
      `TIME AWS Notification - Subscription Confirmation\nYou have chosen to subscribe to ${TopicArn}\n\n`,
    );
    expect((await call("others@example.com")).stdout).to.equal("");
    expect((await call(Endpoint, "confirm")).stdout).to.equal(`confirmed: ${TopicArn}\n`);
    expect((await call(Endpoint, "confirm")).stdout, "once").to.equal("");
    await sns.publish({ TopicArn, Subject: "ALARM", Message: "full" });
    expect((await call(Endpoint)).stdout).to.include(" ALARM\nfull\n");
  });

  it("refuses what is no mail address, and another word than confirm", async () => {
    for (const args of [[], ["ops"], ["ops@example.com'"], ["ops@example.com", "delete"]]) {
      const { status, stderr } = await call(...args);
      expect(status).to.equal(1);
      expect(stderr).to.include(`not '${args.join(" ")}'\n  remedy: lab/mailbox ops@example.com`);
    }
  });
});
