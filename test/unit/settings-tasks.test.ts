import { expect } from "chai";
import { fargateSizes, parseTaskSize } from "../../compute/tasks/size.ts";
import { maxConnections, nextClass } from "../../database/connections.ts";
import { confirmed } from "../../tools/prices.ts";
import { problemsWith } from "./config.ts";

const valid = { appTasks: 3, domain: "app.example.com" };
const certificate = "arn:aws:acm:us-east-1:123456789012:certificate/0a1b";
/** Values for the placeholders of remedies. */
const placeholders: Readonly<Record<string, unknown>> = { YOUR_NAME: "app.example.com" };

/** The settings after the first `pulumi config` command of a remedy. */
function remedied(settings: Record<string, unknown>, problem: string): Record<string, unknown> {
  const [, verb, path, value = ""] =
    /remedy: pulumi config (set|rm) (?:--path )?(\S+) ?(.*?) ?--stack dev/.exec(problem) ?? [];
  expect(path, problem).to.be.a("string");
  const [key = "", variable] = path!.split(".");
  if (verb === "set") {
    const text = value.replaceAll("'", "");
    return { ...settings, [key]: placeholders[text] ?? (/^\d+$/.test(text) ? Number(text) : text) };
  }
  if (variable === undefined)
    return Object.fromEntries(Object.entries(settings).filter(([name]) => name !== key));
  const rest = Object.entries(settings[key] as object).filter(([name]) => name !== variable);
  return { ...settings, [key]: Object.fromEntries(rest) };
}

describe("Settings of tasks", () => {
  const wrong: [settings: Record<string, unknown>, key: string, limit: string][] = [
    [{ appTasks: -1 }, "appTasks", "must be a whole number, 0 to 100 tasks"],
    [{ appTasks: 101 }, "appTasks", "must be a whole number, 0 to 100 tasks"],
    [{ appTasksMax: 101 }, "appTasksMax", "must be a whole number, 0 to 100 tasks"],
    [
      { appTasksMax: 4 },
      "appTasksMax",
      "counts only with appTasks, the least number of tasks, which is 0",
    ],
    [{ appWorkerTasks: 2 }, "appWorkerTasks", "must be 0 with appTasks 0"],
    [{ appWorkerTasks: 101 }, "appWorkerTasks", "must be a whole number, 0 to 100 tasks"],
    [
      { ...valid, appTasks: 11, appWorkerTasks: 2 },
      "appTasks",
      "may use 60 connections (2 x 11 x 2 + 2 x 2 + 12)",
    ],
    [{ ...valid, appWorkerTasks: 100 }, "appTasks", "(2 x 3 x 2 + 2 x 100 + 12)"],
    [{ ...valid, appTasksMax: 2 }, "appTasksMax", "must be 0 or at least appTasks, 3"],
    [{ appTasksTimeout: 4 }, "appTasksTimeout", "must be a whole number, 5 to 120 minutes"],
    [{ appTaskSize: "small" }, "appTaskSize", "written as 0.25 vCPU, 0.5 GB"],
    [{ appTaskSize: "3 vCPU, 8 GB" }, "appTaskSize", "has 0.25, 0.5, 1, 2, 4, 8, 16 vCPU"],
    [{ appTaskSize: "0.25 vCPU, 4 GB" }, "appTaskSize", "has 0.5, 1, 2 GB with 0.25 vCPU"],
    [{ appTaskSize: "8 vCPU, 17 GB" }, "appTaskSize", "16 to 60 GB in steps of 4 with 8 vCPU"],
    [{ certificateArn: "arn:aws:iam::1:x" }, "certificateArn", "ARN of a certificate in ACM"],
    [{ appTasks: 3 }, "domain", "must be set with appTasks 3"],
    [{ ...valid, https: false }, "https", "must be true with appTasks 3"],
    [{ ...valid, appRedis: true }, "appRedis", "use ElastiCache"],
    [{ ...valid, appFiles: "/app/files" }, "appFiles", "keep files in a bucket"],
    [{ ...valid, natGateways: "none" }, "natGateways", "36.50 USD a month; 4 endpoints in 2 zones"],
    [{ ...valid, certificateArn: certificate }, "certificateArn", "is in region us-east-1"],
    [{ ...valid, appTasksMax: 12 }, "appTasksMax", "may use 60 connections (2 x 12 x 2 + 12)"],
    [{ ...valid, appTasks: 12 }, "appTasks", "may use 60 connections (2 x 12 x 2 + 12)"],
    [
      {
        ...valid,
        ...{ appTasks: 100, appTaskSize: "2 vCPU, 4 GB", databaseInstanceClass: "db.m6gd.large" },
      },
      "appTasks",
      "may use 812 connections (2 x 100 x 4 + 12); db.m6gd.large has about 657",
    ],
    [
      { ...valid, appTasks: 1, appTaskSize: "16 vCPU, 32 GB" },
      "appTasks",
      "may use 76 connections",
    ],
    [
      { ...valid, appEnvironment: { TEXT: "é".repeat(2049) } },
      "appEnvironment.TEXT",
      "has 4098 bytes",
    ],
    [{ ...valid, appEnvironment: { TEXT: "" } }, "appEnvironment.TEXT", "is empty"],
    [{ ...valid, appEnvironment: { TEXT: "{{ a }}" } }, "appEnvironment.TEXT", "has {{ in it"],
    [{ ...valid, appSecrets: { KEY: "s".repeat(5000) } }, "appSecrets.KEY", "has 5000 bytes"],
  ];
  for (const [settings, key, limit] of wrong) {
    const title = JSON.stringify(settings).slice(0, 90);
    it(`are refused until the remedy is applied: ${title}`, async () => {
      const [problem = "", ...others] = await problemsWith(settings);
      expect(others).to.deep.equal([]);
      expect(problem).to.include(`flask-on-aws:${key} `).and.include(limit);
      for (const line of problem.split("\n")) expect(line.length, line).to.be.at.most(100);
      expect(problem).to.not.include("sssss");
      const [, use] = /\n {4}remedy: use (\S+)/.exec(problem) ?? [];
      const value = use && (JSON.parse(use) as unknown);
      const next = use ? { ...settings, [key]: value } : remedied(settings, problem);
      expect(await problemsWith(next)).to.deep.equal([]);
    });
  }

  for (const settings of [
    valid,
    { ...valid, appTaskSize: "16 vCPU, 120 GB", databaseInstanceClass: "db.m7g.2xlarge" },
    { ...valid, appTasks: 100, databaseInstanceClass: "db.r6g.xlarge" },
    { ...valid, appTasks: 100, databaseInstanceClass: "db.x2g.large" },
    { ...valid, appTasksMax: 3 },
    { ...valid, appTasks: 10, appWorkerTasks: 3 },
    { ...valid, appTasksMax: 11 },
    { ...valid, appTasks: 100, appDatabase: false },
    { ...valid, certificateArn: certificate.replace("us-east-1", "us-west-2") },
    { ...valid, appEnvironment: { TEXT: "x".repeat(4096) } },
    { appTasks: 0, appRedis: true, appFiles: "/app/files", natGateways: "none" },
    { appTasks: 0, appEnvironment: { EMPTY: "" } },
  ])
    it(`are accepted: ${JSON.stringify(settings).slice(0, 90)}`, async () => {
      expect(await problemsWith(settings)).to.deep.equal([]);
    });

  it("name both settings if not even the least number of tasks has enough connections", async () => {
    const [problem] = await problemsWith({ ...valid, appTasks: 12, appTasksMax: 20 });
    expect(problem).to.match(/appTasksMax is 20\n.* may use 92 connections/);
    expect(problem).to.match(/remedy: .* set appTasksMax 11 .*\n +and: .* set appTasks 11 /);
    expect(await problemsWith({ ...valid, appTasks: 11, appTasksMax: 11 })).to.deep.equal([]);
  });

  it("name both remedies where the maximum is below the least number of tasks", async () => {
    const [problem] = await problemsWith({ ...valid, appTasksMax: 2 });
    expect(problem).to.match(/remedy: .* set appTasksMax 3 .*\n +or: .* set appTasks 2 /);
    expect(await problemsWith({ ...valid, appTasks: 2, appTasksMax: 2 })).to.deep.equal([]);
  });

  it("name larger classes of the database as another remedy", async () => {
    const [problem] = await problemsWith({ ...valid, appTasks: 12 });
    expect(problem).to.match(/\n +or: pulumi config set databaseInstanceClass db\.t4g\.small --st/);
    const settings = { ...valid, appTasks: 12, databaseInstanceClass: "db.t4g.small" };
    expect(await problemsWith(settings)).to.deep.equal([]);
  });

  it("name the price of a NAT gateway that the list of prices has", () => {
    const price = (confirmed["NAT gateway"]! + confirmed["public IPv4 address"]!) * 730;
    expect(price.toFixed(2)).to.equal("36.50");
  });
});

describe("The size of a task", () => {
  it("is read as vCPU and GB", () => {
    expect(parseTaskSize("0.5 vCPU, 1 GB")).to.deep.equal({ vcpu: 0.5, memoryGb: 1 });
    expect(parseTaskSize("1vCPU,2GB")).to.deep.equal({ vcpu: 1, memoryGb: 2 });
    expect(parseTaskSize("1024 / 2048")).to.equal(undefined);
  });

  it("has 2 to 8 GB for each vCPU from 1 vCPU on", () => {
    for (const [vcpu, memory] of [...fargateSizes].filter(([vcpu]) => vcpu >= 1)) {
      expect(memory[0]).to.equal(2 * vcpu);
      expect(memory.at(-1)).to.be.within(7 * vcpu, 8 * vcpu);
    }
  });
});

describe("The connections that a class of databases allows", () => {
  it("are fewer than its memory divided by 12582880, and more in larger classes", () => {
    expect(maxConnections("db.t4g.micro")).to.equal(59);
    expect(maxConnections("db.t4g.small")).to.equal(145);
    expect(maxConnections("db.m6gd.2xlarge")).to.equal(2705);
    expect(maxConnections("db.r6g.large")).to.equal(1339);
    expect(maxConnections("db.x2g.large")).to.equal(undefined);
  });

  it("have a next class, if the family has one", () => {
    expect(nextClass("db.t4g.medium")).to.equal("db.t4g.large");
    expect(nextClass("db.m6gd.large")).to.equal("db.m6gd.xlarge");
    expect(nextClass("db.x2g.large")).to.equal(undefined);
  });
});
