/** The log group of a stack: what the app server's role may do, and what a CloudWatch that does not answer holds up. */
import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { STS } from "@aws-sdk/client-sts";
import { expect } from "chai";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { storedLines } from "../../../operations/stored-logs.ts";
import { account } from "../../support/fargate.ts";
import { allow, instanceWithRole } from "../../support/instance-role.ts";

const logGroupName = "flask-on-aws-dev-logs";
const logStreamName = "ip-10-0-0-10";
const arn = `arn:aws:logs:us-west-2:${account}:log-group`;

describe("A log group of the lab's API", function () {
  this.timeout(60_000);
  let home: string;
  let api: ApiServer;
  /** The app server's, and the account's administrator's. */
  let machine: CloudWatchLogs;
  let administrator: CloudWatchLogs;

  before(async () => {
    home = await mkdtemp(join(tmpdir(), "lab-"));
    api = await startApi({ LAB_HOME: home });
    administrator = new CloudWatchLogs(api.client);
    for (const name of [logGroupName, "other"])
      await administrator.createLogGroup({ logGroupName: name });
    machine = new CloudWatchLogs(
      await instanceWithRole(api, home, [
        // As storage/logs.ts has it.
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], `${arn}:${logGroupName}:*`),
      ]),
    );
  });
  after(async () => {
    await api?.stop();
    await rm(home, { recursive: true });
  });

  const refusal = (call: Promise<unknown>) =>
    call.then(
      () => "allowed",
      ({ name, message }: Error) => `${name} ${/perform: (.*)$/.exec(message)?.[1] ?? ""}`.trim(),
    );
  const put = (timestamp: number, message: string) =>
    machine.putLogEvents({ logGroupName, logStreamName, logEvents: [{ timestamp, message }] });
  const refuse = (how: object) =>
    fetch(`${api.endpoint}/_lab/refuse`, { method: "POST", body: JSON.stringify(how) });

  it("gets lines by the machine's role once there is a stream, which ./ops logs --since reads", async () => {
    const start = Date.now() - 60_000;
    expect(await refusal(put(start, "green one"))).to.equal("ResourceNotFoundException");
    await machine.createLogStream({ logGroupName, logStreamName });
    await put(start - 1, "before");
    await put(start, "green one");
    process.env.AWS_ENDPOINT_URL = api.endpoint;
    const read = storedLines({
      ...{ groups: [logGroupName], account: { region: "us-west-2" }, start, all: false },
      ...{ stop: new AbortController().signal, commands: { make: "", local: "" } },
    });
    const lines: string[] = [];
    try {
      for await (const line of read) lines.push(line);
    } finally {
      delete process.env.AWS_ENDPOINT_URL;
    }
    expect(lines).to.have.length(1);
    expect(lines[0]).to.match(/^\d{4}-\S+Z green one$/);
  });

  const calls: Record<string, readonly [() => Promise<unknown>, action: string, on: string]> = {
    "read it": [
      () => machine.filterLogEvents({ logGroupName }),
      "FilterLogEvents",
      `${logGroupName}:log-stream:`,
    ],
    "delete it": [
      () => machine.deleteLogGroup({ logGroupName }),
      "DeleteLogGroup",
      `${logGroupName}:log-stream:`,
    ],
    "delete its streams": [
      () => machine.deleteLogStream({ logGroupName, logStreamName }),
      "DeleteLogStream",
      `${logGroupName}:log-stream:${logStreamName}`,
    ],
    "make a stream in another one": [
      () => machine.createLogStream({ logGroupName: "other", logStreamName }),
      "CreateLogStream",
      `other:log-stream:${logStreamName}`,
    ],
  };
  for (const [what, [call, action, on]] of Object.entries(calls)) {
    it(`does not let the machine ${what}`, async () => {
      expect(await refusal(call())).to.equal(
        `AccessDeniedException logs:${action} on resource: "${arn}:${on}"`,
      );
    });
  }

  it("answers late by fault injection, which holds up no other service", async () => {
    await refuse({ share: 1, code: "ServiceUnavailableException", service: "logs", seconds: 5 });
    let isOver = false;
    const late = refusal(administrator.describeLogGroups({})).finally(() => (isOver = true));
    await new STS(api.client).getCallerIdentity({});
    expect(isOver).to.equal(false);
    expect(await late).to.equal("ServiceUnavailableException");
    await refuse({ share: 0 });
    expect(await refusal(administrator.describeLogGroups({}))).to.equal("allowed");
  });
});
