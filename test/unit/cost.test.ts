import { expect } from "chai";
import { readdirSync, readFileSync } from "node:fs";
import {
  estimate,
  report,
  settingsOf,
  switches,
  total,
  type StackSettings,
} from "../../tools/cost.ts";
import { program, type Program } from "./program.ts";
import { withTasks as programWithTasks } from "./task-stack.ts";

const file = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), "utf8");
/** Settings from a Pulumi.NAME.yaml with these lines. */
const settings = (...lines: string[]) =>
  settingsOf(
    file("Pulumi.yaml"),
    ["config:", ...lines.map((line) => `  flask-on-aws:${line}`), ""].join("\n"),
  );
const costs = (of: StackSettings) => estimate(of).map(({ usd }) => usd.toFixed(2));

const plain = settings("protectData: false");
const safe = settings(
  "natGateways: per-zone",
  "instanceType: t3.small",
  'databaseMultiAz: "true"', // as the CLI writes it
  "databaseInstanceClass: db.t4g.small",
  "databaseAllocatedStorage: 50",
);
const withTasks = settings("appTasks: 3", 'appTaskSize: "0.5 vCPU, 1 GB"');

// The expected figures are calculated by hand from AWS's prices, for a month of 730 hours.
describe("The cost of an environment", () => {
  it("is calculated from the defaults of Pulumi.yaml where the environment sets nothing", () => {
    // 2 × 0.0104 h, 32 GB × 0.08, 2 × 0.005 h, 0.045 h, 0.016 h, 20 GB × 0.115
    expect(costs(plain)).to.deep.equal(["15.18", "2.56", "7.30", "32.85", "11.68", "2.30"]);
    expect(total(plain)).to.be.closeTo(71.874, 1e-9);
  });

  it("includes a NAT gateway and an address for each zone, and the standby with its storage", () => {
    // 2 × 0.0208 h, 32 GB × 0.08, 3 × 0.005 h, 2 × 0.045 h, 2 × 0.032 h, 2 × 50 GB × 0.115
    expect(costs(safe)).to.deep.equal(["30.37", "2.56", "10.95", "65.70", "46.72", "11.50"]);
    const three = settings("natGateways: per-zone", "availabilityZones: [a, b, c]");
    expect(costs(three).slice(2, 4)).to.deep.equal(["14.60", "98.55"]);
  });

  it("includes one public address and no NAT gateway with `natGateways: none`", () => {
    expect(costs(settings("natGateways: none")).slice(2, 4)).to.deep.equal(["3.65", "0.00"]);
  });

  it("includes each task by its size, and the load balancer with an address in each zone", () => {
    // 3 × 0.5 vCPU × 0.04048 h, 3 × 1 GB × 0.004445 h, 0.0225 h, 0.008 h, 2 × 0.005 h, 1 GB × 0.1
    const ofTasks = ["44.33", "9.73", "16.43", "5.84", "7.30", "0.10"];
    expect(costs(withTasks)).to.deep.equal([...costs(settings()), ...ofTasks]);
    const workers = settings(
      ...["appTasks: 1", "appWorkerTasks: 2", 'appTaskSize: "0.5 vCPU, 1 GB"'],
    );
    expect(costs(workers), "a worker's task costs as much").to.deep.equal(costs(withTasks));
    const three = settings("appTasks: 1", "availabilityZones: [a, b, c]");
    expect(costs(three).slice(-2)).to.deep.equal(["10.95", "0.10"]);
    // 0.5 vCPU × 0.03238 h, 1 GB × 0.00356 h
    const arm = settings("appTasks: 1", 'appTaskSize: "0.5 vCPU, 1 GB"', "instanceType: t4g.micro");
    expect(costs(arm).slice(6, 8)).to.deep.equal(["11.82", "2.60"]);
  });

  it("includes alarms, what the app server reports and the check of the page with alarmEmail", () => {
    // 12 × 0.10, 3 × 0.30, 0.50 + 1.00 for HTTPS
    const watched = settings("alarmEmail: ops@example.com");
    expect(costs(watched).slice(6)).to.deep.equal(["1.20", "0.90", "1.50"]);
    const tasks = settings("alarmEmail: ops@example.com", "appTasks: 2");
    expect(estimate(tasks).find(({ what }) => what === "alarms")!.usd).to.be.closeTo(1.6, 1e-9);
    expect(report({ plain, watched })).to.match(/^check of the page +0\.00 +1\.50 +0\.00$/m);
  });

  it("includes logs that outlive the machine with logRetentionDays, longer ones for more", () => {
    const logs = (days: number) =>
      estimate(settings(`logRetentionDays: ${days}`)).filter(({ what }) => what.startsWith("logs"));
    expect(logs(0)).to.deep.equal([]);
    expect(logs(30)[0]).to.include({ what: "logs that arrive, GB", usd: 0.5 });
    expect(logs(60)[1]!.what).to.equal("logs that are kept");
    expect(logs(60)[1]!.usd).to.be.closeTo(0.009, 1e-9);
  });

  it("counts as many alarms as the program makes, with and without tasks", async () => {
    const alarmEmail = "ops@example.com";
    const alarms = (built: Program) => built.all("aws:cloudwatch/metricAlarm:MetricAlarm").length;
    const usd = (of: StackSettings) => estimate(of).find(({ what }) => what === "alarms")!.usd;
    const watched = await program({ alarmEmail });
    expect(usd(settings(`alarmEmail: ${alarmEmail}`))).to.be.closeTo(0.1 * alarms(watched), 1e-9);
    const tasks = settings(`alarmEmail: ${alarmEmail}`, "appTasks: 3");
    expect(usd(tasks)).to.be.closeTo(0.1 * alarms(await programWithTasks({ alarmEmail })), 1e-9);
  });

  it("changes with each switch", () => {
    const rounded = (of: StackSettings) => Object.values(switches(of)).map((usd) => usd.toFixed(2));
    expect(Object.keys(switches(safe))).to.deep.equal([
      "natGateways none",
      "natGateways single",
      "databaseMultiAz false",
      "instanceType t4g",
      "appTasks 2",
      "backupCopyRegion",
    ]);
    // 2 × (0.045 + 0.005) h, half of that, 0.032 h + 50 GB × 0.115, 2 × (0.0208 − 0.0168) h;
    // 2 × (0.25 vCPU × 0.04048 h + 0.5 GB × 0.004445 h), 0.0225 h, 0.008 h, 2 × 0.005 h, 1 GB × 0.1
    expect(rounded(safe)).to.deep.equal(["-73.00", "-36.50", "-29.11", "-5.84", "47.69", "0.26"]);
    expect(rounded(plain)).to.deep.equal(["-36.50", "0.00", "0.00", "-2.92", "47.69", "0.26"]);
    expect(rounded(withTasks)[4], "from three of 0.5 vCPU to two").to.equal("-18.02");
    expect(rounded(settings("natGateways: none"))[4], "with a NAT gateway").to.equal("84.19");
    expect(rounded(settings("natGateways: none"))[1], "back to one").to.equal("36.50");
    expect(switches(settings("instanceType: t3.large"))["instanceType t4g"]).to.equal(0);
  });

  it("includes the copy of the backups, in both storage classes, and its transfer", () => {
    const copied = settings("backupCopyRegion: us-east-2");
    // 0.1 GB a night: 30 days × 0.023, 335 days × 0.004, 30.4 nights × 0.02
    expect(costs(copied)).to.deep.equal([...costs(settings()), "0.07", "0.13", "0.06"]);
    expect(switches(copied)["backupCopyRegion"]).to.be.closeTo(-0.264, 0.001);
  });

  const unknown: [line: string, message: RegExp][] = [
    ["instanceType: m5.large", /^instanceType is m5\.large: known are t2\.micro, .*, t4g\.small\n/],
    ["databaseInstanceClass: t3.micro", /^databaseInstanceClass is t3\.micro: .*db\.t3\.micro/],
    ["natGateways: two", /^natGateways is two: known are none, per-zone, single\n/],
  ];
  for (const [line, message] of unknown) {
    it(`is not estimated for the unknown value ${line}`, () => {
      expect(() => estimate(settings(line))).to.throw(message);
      expect(() => estimate(settings(line))).to.throw(/\nremedy: .*tools\/prices\.ts$/);
    });
  }

  it("is not estimated for a size of tasks that cannot be read", () => {
    const wrong = settings("appTasks: 1", "appTaskSize: small");
    expect(() => estimate(wrong)).to.throw(/^appTaskSize is small: .*\nremedy: write it so: 0\.25/);
  });

  it("is not estimated for another region than us-west-2", () => {
    const elsewhere = settingsOf(file("Pulumi.yaml"), "config: { aws:region: eu-west-1 }\n");
    expect(() => estimate(elsewhere)).to.throw("aws:region is eu-west-1: known are us-west-2");
  });

  it("is printed next to that of the manual layout, with unconfirmed prices marked by *", () => {
    const lines = report({ dev: plain, prod: safe }).split("\n");
    const row = (name: string) => lines.find((line) => line.startsWith(name))?.split(/ {2,}/);
    expect(lines[2]!.trim().split(/ +/)).to.deep.equal(["dev", "prod", "by", "hand"]);
    expect(row("NAT gateways")).to.deep.equal(["NAT gateways", "32.85", "65.70", "32.85"]);
    expect(row("database, RDS")).to.deep.equal(["database, RDS", "11.68*", "46.72*", "12.41*"]);
    // By hand: 2 × 0.0116 h, 16 GB × 0.08, 2 × 0.005 h, 0.045 h, 0.017 h, 20 GB × 0.115
    expect(row("total")).to.deep.equal(["total", "71.87*", "167.80*", "73.08*"]);
    expect(row("natGateways none")).to.deep.equal(["natGateways none", "-36.50", "-73.00"]);
    for (const line of lines) expect(line.length, line).to.be.at.most(100);
    expect(row("tasks, vCPU")).to.equal(undefined);
  });

  it("is printed with rows of tasks where an environment has them, and 0 for the others", () => {
    const lines = report({ dev: plain, prod: withTasks }).split("\n");
    const row = (name: string) => lines.find((line) => line.startsWith(name))?.split(/ {2,}/);
    expect(row("tasks, vCPU")).to.deep.equal(["tasks, vCPU", "0.00", "44.33", "0.00"]);
    expect(row("its traffic, LCU")).to.deep.equal(["its traffic, LCU", "0.00", "5.84*", "0.00"]);
    expect(row("total")).to.deep.equal(["total", "71.87*", "155.60*", "73.08*"]);
    expect(lines.findIndex((line) => line.startsWith("total"))).to.be.above(
      lines.findIndex((line) => line.startsWith("images, ECR")),
    );
    for (const line of lines) expect(line.length, line).to.be.at.most(100);
  });

  it("can be estimated for every environment of this repository", () => {
    const files = readdirSync(new URL("../..", import.meta.url));
    const environments = files.filter((name) => /^Pulumi\..+\.yaml$/.test(name));
    expect(environments).to.include("Pulumi.dev.yaml");
    for (const name of environments) total(settingsOf(file("Pulumi.yaml"), file(name)));
  });
});
