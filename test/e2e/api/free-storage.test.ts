import { CreateDBInstanceCommand } from "@aws-sdk/client-rds";
import { expect } from "chai";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builder } from "../../../lab/support/account.ts";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { controlApi } from "../../support/control-api.ts";
import { allow, instanceWithRole } from "../../support/instance-role.ts";

/** What scripts/restore-space.sh asks, as the role of an instance. */
describe("The free storage of a database", function () {
  this.timeout(30_000);
  let home: string;
  let api: ApiServer;
  let key: string;

  before(async () => {
    home = await mkdtemp(join(tmpdir(), "lab-"));
    api = await startApi({ LAB_HOME: home, LAB_SUBNET: "7" });
    const { credentials } = await instanceWithRole(api, home, [
      allow("cloudwatch:GetMetricStatistics", "*"),
      allow("rds:DescribeDBInstances", "arn:aws:rds:*:*:db:program-*"),
    ]);
    key = credentials.accessKeyId;
    const make = builder(api);
    const vpc = await make.vpc("10.8.0.0/16");
    const subnets = [
      await make.subnet(vpc, "10.8.0.0/24", "a"),
      await make.subnet(vpc, "10.8.1.0/24", "b"),
    ];
    await make.subnetGroup("group", subnets);
    for (const name of ["program-1", "another"])
      await make.databases.send(new CreateDBInstanceCommand(make.database(name, "group")));
  });
  after(async () => {
    await api?.stop();
    await rm(home, { recursive: true });
  });

  /** A call of the instance, by its socket; moto does not check signatures. */
  const call = (service: string, parameters: Record<string, string>) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const headers = {
        "content-type": "application/x-www-form-urlencoded",
        host: `${service}.us-west-2.amazonaws.com`,
        authorization: `AWS4-HMAC-SHA256 Credential=${key}/20260101/us-west-2/${service}/aws4_request, SignedHeaders=host, Signature=0`,
      };
      request({ socketPath: join(home, "share/api.sock"), method: "POST", headers }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => (text += part));
        response.on("end", () => resolve({ status: response.statusCode!, text }));
      })
        .on("error", reject)
        .end(String(new URLSearchParams(parameters)));
    });
  const at = (seconds: number) => new Date(Date.now() + seconds * 1000).toISOString();
  const metric = (database: string) =>
    call("monitoring", {
      ...{ Action: "GetMetricStatistics", Version: "2010-08-01" },
      ...{ Namespace: "AWS/RDS", MetricName: "FreeStorageSpace", Period: "60" },
      ...{ "Dimensions.member.1.Name": "DBInstanceIdentifier", "Statistics.member.1": "Minimum" },
      ...{ "Dimensions.member.1.Value": database, StartTime: at(-900), EndTime: at(60) },
    });
  const describeDatabase = (name: string) =>
    call("rds", {
      ...{ Action: "DescribeDBInstances", Version: "2014-10-31", DBInstanceIdentifier: name },
    });

  it("is what the controller has reported, for that database alone", async () => {
    const path = "db/program-1/free-storage";
    for (const bytes of [7e9, 5e9])
      expect(await controlApi(api, path, { bytes })).to.include({ status: 200 });
    const { text, status } = await metric("program-1");
    expect(status, text).to.equal(200);
    expect(text.match(/<Minimum>.*?<\/Minimum>/g)).to.deep.equal([
      "<Minimum>5000000000.0</Minimum>",
    ]);
    expect((await metric("another")).text).to.not.include("Minimum");
  });

  it("grows no revision, which would have the controller reconcile", async () => {
    const { revision } = (await controlApi(api, "revision")).body;
    await controlApi(api, "db/program-1/free-storage", { bytes: 1 });
    expect((await controlApi(api, "revision")).body.revision).to.equal(revision);
  });

  it("is refused for a database that does not exist", async () => {
    const answer = await controlApi(api, "db/gone/free-storage", { bytes: 1 });
    expect(answer.status).to.equal(404);
  });

  it("comes with the size of the role's own database only, and without other metrics' rights", async () => {
    const own = await describeDatabase("program-1");
    expect(own.text).to.include("<AllocatedStorage>20</AllocatedStorage>");
    const other = await describeDatabase("another");
    expect(other.text).to.match(
      /perform: rds:DescribeDBInstances on resource: "arn:aws:rds:us-west-2:\d+:db:another"/,
    );
    const list = await call("monitoring", { Action: "ListMetrics", Version: "2010-08-01" });
    expect(list.text).to.include('perform: cloudwatch:ListMetrics on resource: "*"');
  });
});
