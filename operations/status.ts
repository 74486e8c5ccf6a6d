/** What serves, what is configured, and how the stack is: status. */
// A type only: these programs do not load Pulumi.
import type { Serving } from "../deployer/serving.ts";
import { alarmLines, type AlarmTopicStatus } from "./alarm-status.ts";
import { copyLine, type BackupCopyStatus } from "./copy-status.ts";
import { Failure } from "./failure.ts";
import { age, time } from "./format.ts";
import { RemoteMachine } from "./machine.ts";
import type { StackInUse } from "./outputs.ts";
import { updateRows, type Updates } from "./patch.ts";
import { taskLines, type TaskStatus } from "./task-status.ts";

/** What scripts/status.sh prints; null where it is not known or there is none. */
export interface Status {
  /** The record, with the number of the release. */
  readonly serving: (Serving & { readonly release: string | null }) | null;
  readonly health: { readonly status: number; readonly seconds: number } | null;
  /** What clients of the page get; null without HTTPS. */
  readonly certificate: {
    readonly state: "issued" | "late" | "expired" | "self-signed";
    readonly end: string;
    readonly issuer: string;
    /** Why the CA has issued no new one, if it has refused. */
    readonly refusal: string | null;
  } | null;
  /** Of the schema. */
  readonly revision: string | null;
  readonly lastFailedRelease: {
    readonly release?: string | null;
    readonly time: string;
    readonly commit: string | null;
    readonly step: string | null;
  } | null;
  readonly lastBackup: { readonly key: string; readonly created: string } | null;
  /** In another region; a stack without a copy has none. */
  readonly backupCopy?: BackupCopyStatus | null | undefined;
  readonly lastRestoreTest: string | null;
  /** Of the app's Procfile, and Redis. Scripts of earlier versions do not tell them. */
  readonly processes?: readonly Process[] | null | undefined;
  /** Scripts of earlier versions do not tell them. */
  readonly updates?: Updates | null | undefined;
  /** Of the app on ECS; a stack without tasks has none, and null if it cannot be found out. */
  readonly tasks?: TaskStatus | null | undefined;
  /** A stack without alarms has none. */
  readonly alarms?: readonly AlarmTopicStatus[] | undefined;
  readonly failedJobs: readonly { readonly job: string; readonly since: string }[] | null;
  /** Of the commit that serves, if the site offers one: a key in its bucket. */
  readonly download: string | null;
  /** Who holds the deploy lock, and since when. */
  readonly lock: string | null;
  readonly disk: { readonly freeMb: number; readonly totalMb: number } | null;
  /** What the app keeps in the directory of the setting appFiles. */
  readonly files: { readonly directory: string; readonly usedMb: number } | null;
  readonly memory: { readonly availableMb: number; readonly totalMb: number } | null;
}

interface Process {
  readonly name: string;
  /** As Docker calls it: running, restarting, exited. */
  readonly state: string;
  readonly restarts: number;
  readonly image: string;
}

/** How the commands are called that set a difference right. */
export interface Commands {
  readonly ops: (...words: string[]) => string;
  readonly pulumi: (...words: string[]) => string;
}

type Outputs = Pick<
  StackInUse["outputs"],
  "region" | "configuredCommit" | "appUrl" | "siteUrl" | "siteBucket"
>;
type Row = readonly [label: string, ...lines: string[]];

/** One screen of text. The outputs are those of the last `up`. */
export function statusText(
  status: Status,
  outputs: Outputs,
  commands: Commands,
  now = Date.now(),
): string[] {
  const { health, certificate, revision, failedJobs, lock, disk, files, memory } = status;
  const ago = (iso: string) => `${time(iso)} (${age(iso, now)} ago)`;
  const processes = status.processes ?? [];
  const jobs = failedJobs?.map(({ job, since }) => `${job} FAILS since ${ago(since)}`);
  const rows: Row[] = [
    ["serves", ...serves(status, ago)],
    ["configured", ...pending(status, outputs.configuredCommit ?? null, commands)],
    ...failure(status, ago),
    ["app", outputs.appUrl ?? "unknown"],
    ["page", health ? page(health) : "unknown"],
    ...(status.tasks === undefined ? [] : [["tasks", ...tasks(status)] as const]),
    ...(status.tasks?.workers
      ? [["workers", ...taskLines(status.tasks.workers, status.serving?.commit ?? null)] as const]
      : []),
    ...(processes.length > 0 ? [["processes", ...processes.map(processLine)] as const] : []),
    ...(certificate ? [["certificate", ...certificateLines(certificate, time)] as const] : []),
    ...updateRows(status.updates, commands, now),
    ["schema", revision ? `revision ${revision}` : "unknown"],
    ...backups(status, commands, ago, now),
    ["cron jobs", ...(jobs?.length ? jobs : [jobs ? "all succeed" : "unknown"])],
    ...(status.alarms
      ? [["alarms", ...alarmLines(status.alarms, commands.pulumi("up", "--refresh"))] as const]
      : []),
    ["site", ...site(status, outputs)],
    ...(lock ? [["deploy lock", `held by ${lock}`] as const] : []),
    ["disk", disk ? `${gb(disk.freeMb)} free of ${gb(disk.totalMb)}` : "unknown"],
    ...(files ? [["files", ...fileLines(files, disk)] as const] : []),
    ["memory", memory ? `${gb(memory.availableMb)} available of ${gb(memory.totalMb)}` : "unknown"],
  ];
  return rows.flatMap(([label, ...lines]) =>
    lines.map((line, index) => `${(index === 0 ? label : "").padEnd(12)}  ${line}`),
  );
}

/** What could be restored. */
function backups(
  { lastBackup, backupCopy, lastRestoreTest }: Status,
  { ops }: Commands,
  ago: (iso: string) => string,
  now: number,
): Row[] {
  return [
    [
      "last backup",
      lastBackup
        ? `${age(lastBackup.created, now)} ago: ${lastBackup.key}`
        : `none; make one: ${ops("backup")}`,
    ],
    ...(backupCopy
      ? [["its copy", copyLine(backupCopy, lastBackup?.key, ops("verify"), now)] as const]
      : []),
    ["restore test", lastRestoreTest ? `passed ${ago(lastRestoreTest)}` : "none has passed yet"],
  ];
}

/** 2 decimals below 10 GB, none above. */
function gb(mb: number): string {
  return `${(mb / 1024).toFixed(mb < 10_240 ? 2 : 0)} GiB`;
}

function fileLines({ directory, usedMb }: NonNullable<Status["files"]>, disk: Status["disk"]) {
  // As scripts/files.sh demands.
  const needed = usedMb + 512;
  return [
    `${gb(usedMb)} in ${directory}`,
    ...(disk && disk.freeMb < needed ? [`CANNOT BE RESTORED: that needs ${gb(needed)} free`] : []),
  ];
}

function page({ status, seconds }: NonNullable<Status["health"]>): string {
  if (status === 0) return "DOES NOT ANSWER";
  const answer = `answers ${status} in ${Math.round(seconds * 1000)} ms`;
  return status === 200 ? answer : `FAILS: ${answer}`;
}

function tasks({ tasks, serving }: Status): string[] {
  return tasks ? taskLines(tasks, serving?.commit ?? null) : ["unknown"];
}

function processLine({ name, state, restarts, image }: Process): string {
  const again = restarts > 0 ? `, STARTED AGAIN ${restarts} times` : "";
  return `${name}: ${state === "running" ? state : state.toUpperCase()}${again}, image ${image}`;
}

/** @param time writes a time of ISO 8601 for people */
function certificateLines(
  { state, end, issuer, refusal }: NonNullable<Status["certificate"]>,
  time: (iso: string) => string,
): string[] {
  const reason = refusal ? [`the CA says: ${refusal}`] : [];
  if (state === "issued") return [`by ${issuer}, until ${time(end)}`, ...reason];
  if (state === "self-signed") return ["SELF-SIGNED, so browsers warn", ...reason];
  return [`${state === "late" ? "NOT RENEWED; it ends" : "EXPIRED"} ${time(end)}`, ...reason];
}

function serves({ serving }: Status, ago: (iso: string) => string): string[] {
  if (!serving) return ["NOTHING"];
  const how = { release: "released", rollback: "rollback", undo: "rollback undone" };
  const number = serving.release ? `release ${serving.release}, ` : "";
  return [
    serving.commit,
    `${number}${how[serving.action]} by ${serving.by}, since ${ago(serving.since)}`,
  ];
}

/** Whether what serves is what is configured, and if not the commands that make it so. */
function pending(
  { serving, lastFailedRelease }: Status,
  configured: string | null,
  { ops, pulumi }: Commands,
): string[] {
  const keep = (commit: string) => [
    "to keep what serves, run:",
    `  ${pulumi("config", "set", "appCommit", commit)} && ${pulumi("up")}`,
  ];
  if (!configured) return ["unknown", `run: ${pulumi("up")}`];
  if (!serving) return [configured, `NOT RELEASED; release it: ${pulumi("up")}`];
  const same = serving.commit === configured;
  const left = serving.action === "rollback" || serving.rolledBack.length > 0;
  if (same && serving.action !== "rollback") return ["the same commit; nothing is pending"];
  if (!left && lastFailedRelease?.commit && configured.startsWith(lastFailedRelease.commit))
    return [
      configured,
      "NOT WHAT SERVES, because its release failed",
      ...keep(serving.commit),
      `to see why, and to try again after the cause is corrected, run: ${pulumi("up")}`,
    ];
  if (!left) return [configured, `NOT WHAT SERVES; release it: ${pulumi("up")}`];
  const forward = ["to serve what is configured, run:", `  ${ops("rollback", "--undo")}`];
  if (same) return ["the same commit, but ROLLED BACK to an older image of it", ...forward];
  return [
    configured,
    "NOT WHAT SERVES, because it was rolled back",
    ...keep(serving.commit),
    ...forward,
  ];
}

/** Who reads the site, and how to get what it offers. */
function site({ download }: Status, { region, siteUrl, siteBucket }: Outputs): string[] {
  if (siteBucket === undefined) return ["unknown"];
  if (siteBucket === "") return ["none"];
  const offer = download
    ? `offers ${siteUrl ? `${siteUrl}/` : ""}${download}`
    : "offers no download";
  if (siteUrl) return [siteUrl, offer];
  return [
    `private: this AWS account alone reads s3://${siteBucket}`,
    offer,
    "to download what it holds, run:",
    `  aws s3 sync s3://${siteBucket} site --region ${region}`,
  ];
}

/** The last release that failed, if nothing was released since. */
function failure({ serving, lastFailedRelease }: Status, ago: (iso: string) => string): Row[] {
  if (!lastFailedRelease) return [];
  const { time, commit, step } = lastFailedRelease;
  if (serving && Date.parse(time) <= Date.parse(serving.since)) return [];
  return [
    [
      "failed",
      `the release of ${commit ?? "an unknown commit"}`,
      `${step ? `at ${step}, ` : ""}${ago(time)}`,
    ],
  ];
}

interface StatusOptions {
  readonly json?: true;
  readonly commit?: true;
}

export function status(stack: string | undefined, options: StatusOptions): Promise<number> {
  return RemoteMachine.with(stack, async (machine) => {
    const found = parse(await machine.read('"$bin/status.sh"'), machine);
    const { name, outputs } = machine.stack;
    if (options.commit) {
      if (!found.serving?.commit)
        throw new Failure("no release of the app serves", `release one: ${machine.pulumi("up")}`);
      console.log(found.serving.commit);
    } else if (options.json) {
      const { region, appServerPublicIp: address, appUrl: app = null } = outputs;
      const { configuredCommit = null, siteUrl = null, siteBucket = null } = outputs;
      const own = { stack: name, region, address, app, configuredCommit, siteUrl, siteBucket };
      const whole = { ...own, ...found };
      console.log(JSON.stringify(whole, undefined, 2));
    } else {
      const commands = {
        ops: (...words: string[]) => machine.ops(...words),
        pulumi: (...words: string[]) => machine.pulumi(...words),
      };
      console.log(statusText(found, outputs, commands).join("\n"));
    }
    return 0;
  });
}

function parse(printed: string, machine: RemoteMachine): Status {
  try {
    return JSON.parse(printed) as Status;
  } catch {
    throw new Failure(
      `the app server's status is not JSON: ${printed.trim().slice(0, 60)}`,
      `install this version's scripts there: ${machine.pulumi("up")}`,
    );
  }
}
