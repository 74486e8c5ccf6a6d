/**
 * What each environment costs a month by list prices, and what each switch would change.
 * usage: npm run cost [-- --stack NAME]
 */
import { load } from "js-yaml";
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { parseArgs } from "node:util";
import { architectureOf } from "../compute/images.ts";
import { parseTaskSize } from "../compute/tasks/size.ts";
import { confirmed, origin, unconfirmed } from "./prices.ts";

const prices: Readonly<Record<string, number>> = { ...confirmed, ...unconfirmed };
const hours = 730; // of a month, as AWS counts
/** Assumed of tasks: capacity units of the load balancer at any time, and GB of images; of a backup: GB; of logs: GB a month. */
const assumed = { lcus: 1, imageGb: 1, backupGb: 0.1, logGb: 1 };

/** Settings by the names that they have in Pulumi.yaml. */
export type StackSettings = Readonly<Record<string, unknown>>;

/** The layout that this project replaces. */
const byHand: StackSettings = {
  "aws:region": origin.region,
  natGateways: "single",
  instanceType: "t2.micro",
  volumeGiB: 8,
  databaseInstanceClass: "db.t3.micro",
  databaseAllocatedStorage: 20,
};

/** The settings of Pulumi.yaml, `project`, with those of a Pulumi.NAME.yaml, `stack`, over them. */
export function settingsOf(project: string, stack: string): StackSettings {
  type Declared = Record<string, { default?: unknown; value?: unknown }>;
  const { name, config } = load(project) as { name: string; config: Declared };
  const own = (load(stack) as { config?: StackSettings } | undefined)?.config ?? {};
  return Object.fromEntries([
    ...Object.entries(config).map(([key, of]) => [key, of.default ?? of.value] as const),
    ...Object.entries(own).map(([key, value]) => [key.replace(`${name}:`, ""), value] as const),
  ]);
}

function known(key: string, value: unknown, values: readonly string[]): string {
  if (values.includes(String(value))) return String(value);
  const remedy = "take one of these; a price that is missing belongs into tools/prices.ts";
  throw new Error(
    `${key} is ${String(value)}: known are ${values.toSorted().join(", ")}\nremedy: ${remedy}`,
  );
}

type Row = [what: string, amount: number, price: string];

/** What tasks on ECS add; nothing without tasks. The load balancer has an address in each zone. */
function rowsOfTasks(
  { appTasks, appWorkerTasks, appTaskSize, instanceType }: StackSettings,
  zones: number,
): Row[] {
  const tasks = Number(appTasks ?? 0);
  if (tasks === 0) return [];
  const size = parseTaskSize(String(appTaskSize));
  if (!size) {
    const remedy = "write it so: 0.25 vCPU, 0.5 GB";
    throw new Error(`appTaskSize is ${String(appTaskSize)}: it is not a size\nremedy: ${remedy}`);
  }
  const all = tasks + Number(appWorkerTasks ?? 0);
  const kind = architectureOf(String(instanceType)) === "arm64" ? ", Arm" : "";
  return [
    ["tasks, vCPU", all * size.vcpu * hours, `Fargate vCPU${kind}`],
    ["tasks, memory", all * size.memoryGb * hours, `Fargate GB${kind}`],
    ["load balancer", hours, "load balancer"],
    ["its traffic, LCU", assumed.lcus * hours, "LCU"],
    ["its public IPv4", zones * hours, "public IPv4 address"],
    ["images, ECR", assumed.imageGb, "ECR storage"],
  ];
}

/** What alarms add; nothing without a mail address. Three metrics are the app server's own (alarms/rules.ts). */
function rowsOfAlarms({ alarmEmail, appTasks }: StackSettings): Row[] {
  if (!alarmEmail) return [];
  return [
    ["alarms", Number(appTasks ?? 0) > 0 ? 16 : 12, "CloudWatch alarm"],
    ["their own metrics", 3, "CloudWatch metric"],
    ["check of the page", 1, "health check"],
  ];
}

/** What the copy of the backups adds, of one backup each night; nothing without another region. */
function rowsOfCopy(settings: StackSettings): Row[] {
  if (!settings.backupCopyRegion) return [];
  const cold = Number(settings.backupColdAfterDays);
  const rest = Number(settings.backupExpireAfterDays) - cold;
  return [
    ["copy of backups, S3", assumed.backupGb * cold, "S3 Standard"],
    ["copy, cold storage", assumed.backupGb * rest, "S3 Glacier Instant Retrieval"],
    ["copy, transfer", (assumed.backupGb * hours) / 24, "transfer to another region"],
  ];
}

/** What logs off the machine cost; nothing without the setting. Kept lines are compressed, to 15 % in AWS's examples. */
function rowsOfLogs({ logRetentionDays }: StackSettings): Row[] {
  const days = Number(logRetentionDays ?? 0);
  if (days === 0) return [];
  return [
    ["logs that arrive, GB", assumed.logGb, "CloudWatch Logs GB"],
    ["logs that are kept", 0.15 * assumed.logGb * (days / 30), "CloudWatch Logs storage"],
  ];
}

/**
 * The costs of a month in USD, one row a kind; `price` is the name of what is paid for.
 *
 * @throws if a price is not known, with those that are
 */
export function estimate(settings: StackSettings) {
  known("aws:region", settings["aws:region"], [origin.region]);
  const zones = (settings.availabilityZones as readonly string[] | undefined)?.length || 2;
  const modes: Record<string, number> = { none: 0, single: 1, "per-zone": zones };
  const nats = modes[known("natGateways", settings.natGateways, Object.keys(modes))]!;
  const priced = (key: string, pattern: RegExp) =>
    known(
      key,
      settings[key],
      Object.keys(prices).filter((name) => pattern.test(name)),
    );
  // The standby is paid for as the first is, storage included. The CLI may write true as a string.
  const databases = String(settings.databaseMultiAz) === "true" ? 2 : 1;
  const volume = Number(settings.volumeGiB ?? 16); // compute/machine.ts
  const rows: Row[] = [
    ["instances, 2", 2 * hours, priced("instanceType", /^\w+\.\w+$/)],
    ["their volumes, EBS gp3", 2 * volume, "EBS gp3"],
    ["public IPv4 addresses", (1 + nats) * hours, "public IPv4 address"], // the app server's and the NATs'
    ["NAT gateways", nats * hours, "NAT gateway"],
    ["database, RDS", databases * hours, priced("databaseInstanceClass", /^db\./)],
    ["its storage", databases * Number(settings.databaseAllocatedStorage), "RDS storage"],
    ...rowsOfTasks(settings, zones),
    ...rowsOfAlarms(settings),
    ...rowsOfCopy(settings),
    ...rowsOfLogs(settings),
  ];
  return rows.map(([what, amount, price]) => ({ what, usd: amount * prices[price]!, price }));
}

/** USD a month. @throws as {@link estimate} */
export const total = (settings: StackSettings) =>
  estimate(settings).reduce((sum, { usd }) => sum + usd, 0);

/** What each switch would add to the month's total, negative where it saves. */
export function switches(settings: StackSettings): Record<string, number> {
  const arm = String(settings.instanceType).replace(/^t3\./, "t4g.");
  const by = (change: StackSettings) => total({ ...settings, ...change }) - total(settings);
  return {
    "natGateways none": by({ natGateways: "none" }),
    "natGateways single": by({ natGateways: "single" }),
    "databaseMultiAz false": by({ databaseMultiAz: false }),
    "instanceType t4g": arm in prices ? by({ instanceType: arm }) : 0,
    // Tasks need a NAT gateway.
    "appTasks 2": by({
      appTasks: 2,
      ...(settings.natGateways === "none" && { natGateways: "single" }),
    }),
    backupCopyRegion: by({ backupCopyRegion: settings.backupCopyRegion ? "" : "us-east-2" }),
  };
}

/** All that is printed, for environments by name. */
export function report(environments: Readonly<Record<string, StackSettings>>): string {
  const columns = [...Object.values(environments), byHand].map((settings) => {
    const rows = estimate(settings);
    const doubt = rows.find(({ price }) => price in unconfirmed)?.price ?? "";
    const sum = { what: "total", usd: total(settings), price: doubt };
    return new Map([...rows, sum].map((row) => [row.what, row] as const));
  });
  // Not every environment has tasks, alarms or logs.
  const kinds = [...new Set(columns.flatMap((rows) => [...rows.keys()]))];
  const ordered = [...kinds.filter((what) => what !== "total"), "total"];
  const changes = Object.values(environments).map(switches);
  const line = (name: string, cells: readonly string[]) =>
    (name.padEnd(24) + cells.map((cell) => cell.padStart(11)).join("")).trimEnd();
  const money = (usd: number, price = "") => usd.toFixed(2) + (price in unconfirmed ? "*" : " ");
  const cells = (what: string) =>
    columns.map((rows) => money(rows.get(what)?.usd ?? 0, rows.get(what)?.price));
  const names = [...Object.keys(environments), "by hand"].map((name) => `${name} `);
  const change = (name: string) =>
    line(
      name,
      changes.map((each) => money(each[name]!)),
    );
  return [
    `USD a month in ${origin.region}, on demand, ${hours} hours; list prices gathered ${origin.date}\n`,
    line("", names),
    ...ordered.map((what) => line(what, cells(what))),
    "\nNot in it: S3 and data transfer, but for the copy of the backups; what NAT gateways take a GB, logs",
    "of VPC, RDS and tasks, snapshots, taxes. Of the logs of app and proxy, assumed: 1 GB a month, with",
    "logRetentionDays only.",
    "By hand, assumed: two t2.micro with 8 GiB each, one of them public, one NAT gateway, two public",
    "addresses, and db.t3.micro in one zone with 20 GiB of gp2, which costs what gp3 does.",
    "Of tasks, assumed: one LCU at any time (25 new connections a second, or 1 GB an hour), and 1 GB of",
    "images. Tasks that are started beyond appTasks are not in it.",
    "Of the copy of the backups, assumed: one backup of 0.1 GB each night.",
    "* With a price that is not confirmed for the region: tools/prices.ts says which.",
    "\nWhat each switch would change (t4g needs an arm64 image in compute/images.ts):\n",
    ...Object.keys(changes[0]!).map(change),
  ].join("\n");
}

function main(): void {
  const root = new URL("..", import.meta.url);
  const read = (name: string) => readFileSync(new URL(name, root), "utf8");
  const stacks = readdirSync(root).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);
  const { stack } = parseArgs({ options: { stack: { type: "string" } } }).values;
  const wanted = stack === undefined ? stacks : [known("--stack", stack, stacks)];
  const settings = (name: string) => settingsOf(read("Pulumi.yaml"), read(`Pulumi.${name}.yaml`));
  console.log(report(Object.fromEntries(wanted.map((name) => [name, settings(name)]))));
}

if (import.meta.filename === realpathSync(process.argv[1]!)) {
  try {
    main();
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}
