/** Logs off the machine: what CloudWatch gets, that nothing waits for it, and that the lines outlive the machine. */
import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { expect } from "chai";
import { setTimeout as sleep } from "node:timers/promises";
import { terminated } from "../../../lab/experiments/faults/machine.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

const bin = "/opt/flask-on-aws/bin";
/** Milliseconds: cron runs each minute, and a call that is not answered takes half of one. */
const patience = 4 * 60_000;

describe("A stack with logRetentionDays", function () {
  this.timeout(15 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
  stepsInOrder();
  /** The text of the request before the machine was lost. */
  let lastWords: string;

  const cloudWatch = () => shared.stack.client(CloudWatchLogs);
  const onMachine = (program: string) =>
    shared.stack.onMachine(`bash -c '. ${bin}/common.sh; ${program}'`);
  const proxy = () =>
    onMachine(
      'docker inspect --format "{{.Id}} {{.State.StartedAt}}" $("${compose[@]}" ps --quiet proxy)',
    );
  const check = () => shared.stack.onMachine(`${bin}/acceptance.sh logs`);
  const refuse = (how: object) =>
    fetch(`${shared.stack.api}/_lab/refuse`, { method: "POST", body: JSON.stringify(how) });

  /** Requests the page; resolves to a text by which the line of that request is known. */
  const request = async () => {
    const text = `known-by=${Date.now()}`;
    const { status } = await fetch(`${shared.stack.page}?${text}`);
    expect(status).to.equal(200);
    return text;
  };
  /** The median of 20 requests, in milliseconds. */
  const median = async () => {
    const times: number[] = [];
    for (let n = 0; n < 20; n++) {
      const began = performance.now();
      await request();
      times.push(performance.now() - began);
    }
    return times.toSorted((a, b) => a - b)[10]!;
  };
  const since = () => lab.ops("logs", "--since", "2d");
  const untilStored = async (text: string) => {
    for (const end = Date.now() + patience; ; await sleep(5_000)) {
      const lines = await since();
      if (lines.includes(text)) return lines;
      if (Date.now() > end) {
        const reason = await onMachine(
          'cat "$root/failed-logs" "$root/unsent-logs/reason" 2>&1 || true',
        );
        throw new Error(`no line with ${text}: ${reason}\n${lines.slice(-2_000)}`);
      }
    }
  };

  it("has the lines of requests in CloudWatch, without another proxy", async () => {
    const before = await proxy();
    const { status, stdout } = await shared.stack.up({ logRetentionDays: 7 });
    expect(status, stdout).to.equal(0);
    await shared.stack.look();
    expect(await proxy()).to.equal(before);
    const text = await request();
    const began = Date.now();
    const lines = await untilStored(text);
    console.log(`      after ${Math.round((Date.now() - began) / 1000)} s`);
    expect(lines).to.match(new RegExp(`^\\S+Z proxy \\S+ "GET /login\\?${text} HTTP`, "m"));
    expect(await check()).to.match(/^logs\tok\t/);
  });

  it("answers as fast, and releases, while CloudWatch does not answer", async () => {
    const before = await median();
    await refuse({ share: 1, code: "ServiceUnavailable", service: "logs", seconds: 60 });
    try {
      const during = await median();
      console.log(`      ${before.toFixed(1)} ms before, ${during.toFixed(1)} ms meanwhile`);
      // Far below the 60 s of CloudWatch, and far above what a busy computer adds.
      expect(during).to.be.below(before + 1_000);
      await onMachine('"${compose[@]}" restart "$(active_service)" >/dev/null 2>&1');
      await shared.stack.release();
      const text = await request();
      for (const end = Date.now() + patience; ; await sleep(5_000)) {
        if ((await lab.ops("status")).includes("logs FAILS since")) break;
        expect(Date.now(), "status tells that it fails").to.be.below(end);
      }
      await refuse({ share: 0 });
      await untilStored(text);
    } finally {
      await refuse({ share: 0 });
    }
    expect(await lab.ops("status")).to.not.include("logs FAILS");
  });

  it("has the last lines of a container that a release has removed", async () => {
    // gunicorn's last line.
    const ended = (lines: string) => lines.match(/Z (blue|green) .*Shutting down: Master/g)?.length;
    const before = ended(await since()) ?? 0;
    await shared.stack.release();
    expect(ended(await untilStored(await request()))).to.be.above(before);
  });

  it("tells that somebody has deleted the log group, and makes it again", async () => {
    await cloudWatch().deleteLogGroup({ logGroupName: shared.outputs.logGroups! });
    const text = await request();
    await sleep(2_000); // ship-logs.sh takes lines that are older than a second
    expect(await check()).to.match(/^logs\tFAILED\t.*ResourceNotFoundException.*\t.*up --refresh/);
    const { status, stdout } = await shared.stack.up({}, "--refresh");
    expect(status, stdout).to.equal(0);
    await untilStored(text);
    expect(await check()).to.match(/^logs\tok\t/);
    lastWords = text;
  });

  it("has the lines of a machine that is gone, also after another one is in its place", async () => {
    await terminated(shared.stack);
    expect(await since()).to.include(lastWords);
    const { status, stdout } = await shared.stack.up({}, "--refresh");
    expect(status, stdout).to.equal(0);
    await shared.stack.look();
    expect(await untilStored(await request())).to.include(lastWords);
  });

  it("leaves nothing behind without the setting", async () => {
    const { status, stdout } = await shared.stack.up({ logRetentionDays: 0 });
    expect(status, stdout).to.equal(0);
    await shared.stack.look();
    const { logGroups } = await cloudWatch().describeLogGroups({});
    expect(logGroups?.filter(({ logGroupName }) => logGroupName?.endsWith("-logs"))).to.deep.equal(
      [],
    );
    expect(await shared.stack.onMachine("ls /opt/flask-on-aws")).to.not.include("failed-logs");
    // From the machine again.
    expect(await since()).to.include("proxy");
  });
});
