/** The certificate of a domain whose DNS is not in Route 53, under the real engine. */
import { ACM } from "@aws-sdk/client-acm";
import { expect } from "chai";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../../lab/experiments/faults/fault.ts";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { outputOf } from "../../../lab/support/lab.ts";
import { type Engine, engineFor } from "../../support/engine.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

describe("A certificate whose record is at another DNS provider", function () {
  this.timeout(180_000);
  stepsInOrder();

  const directory = mkdtempSync(join(tmpdir(), "certificate-"));
  let api: ApiServer;
  let engine: Engine;
  let running: ChildProcess | undefined;
  before(async () => {
    api = await startApi();
    engine = engineFor(api, "test/e2e/programs/certificate", directory);
    await engine.begin();
  });
  after(async () => {
    running?.kill();
    await api?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const up = ["up", "--yes", "--skip-preview"];
  let record: string;

  it("has `up` print the record, wait until it is there, and end with the certificate", async () => {
    const started = engine.start(...up);
    running = started;
    const output = outputOf(started);
    const ended = once(started, "close");
    const untilSaid = (text: RegExp) =>
      until(`up says ${text}`, 60, () =>
        Promise.resolve(text.test(output()) || started.exitCode !== null),
      );
    const printed = /Needed DNS record \(no public zone in Route 53\): (\S+ 300 IN CNAME \S+)/;
    await untilSaid(printed);
    record = printed.exec(output())?.[1] ?? "";
    expect(record, output()).to.match(/^_\w+\.app\.example\.test\. 300 IN CNAME _\S+\.acm-/);
    await untilSaid(/CertificateValidation certificate creating/);
    expect(started.exitCode, `it waits:\n${output()}`).to.equal(null);
    const [name, target] = [record.split(" ")[0], record.split(" ").at(-1)];
    const body = JSON.stringify({ name, target });
    await fetch(`${api.endpoint}/_lab/dns-record`, { method: "POST", body });
    expect(await ended, output()).to.deep.equal([0, null]);
    const CertificateArn = (await engine.pulumi("stack", "output", "arn")).stdout.trim();
    const found = await new ACM(api.client).describeCertificate({ CertificateArn });
    expect(found.Certificate).to.include({ Status: "ISSUED", DomainName: "app.example.test" });
  });

  it("names the record in an output from then on, and another `up` changes nothing", async () => {
    const { stdout } = await engine.pulumi("stack", "output", "recordToCreate");
    expect(stdout.trim()).to.equal(record);
    const again = await engine.pulumi(...up, "--expect-no-changes");
    expect(again.status, again.stdout + again.stderr).to.equal(0);
  });
});
