/** Which releases there were, and going back to the one before: releases, rollback. */
import { cut, table, tabSeparated, time } from "./format.ts";
import { RemoteMachine } from "./machine.ts";
import { patchSuffix } from "./names.ts";

/** A line of the release history. */
export interface Release {
  readonly number: string;
  readonly time: string;
  readonly commit: string;
  readonly image: string;
  readonly imageId: string;
  /** Of the schema. */
  readonly revision: string;
  /** The key of the backup before its migration. */
  readonly backup: string | null;
  readonly by: string;
  readonly action: "release" | "rollback" | "undo" | "failed";
  /** The step that failed. */
  readonly failedStep: string | null;
  /** By step. */
  readonly seconds: Readonly<Record<string, number>>;
  /** Who serves it now; only where tasks serve. */
  readonly serves?: readonly Server[];
}

type Server = "app server" | "tasks" | "workers";

/** What serves where tasks do, as scripts/who-serves.sh prints it. */
export interface Serves {
  readonly by: Server;
  /** An image on the app server, a commit in tasks; `?` if ECS does not tell. */
  readonly what: string;
}

export function parseReleases(text: string): Release[] {
  return tabSeparated(text).map((fields) => {
    const [number, time, commit, image, imageId, revision, backup, by, detail] = fields.map(
      (field) => field.trim(),
    ) as [string, string, string, string, string, string, string, string, string | undefined];
    const words = (detail ?? "").split(/\s+/);
    const action =
      words[0] === "rollback" || words[0] === "undo" || words[0] === "failed"
        ? words[0]
        : "release";
    const seconds = words
      .map((word) => /^(.+)=([\d.]+)$/.exec(word))
      .flatMap((match) => (match ? [[match[1]!, Number(match[2])] as const] : []));
    return {
      ...{ number, time, commit, image, imageId, revision, by, action },
      backup: !backup || backup === "-" ? null : backup,
      failedStep: action === "failed" ? (words[1] ?? null) : null,
      seconds: Object.fromEntries(seconds),
    };
  });
}

/** Reads what the two scripts print one after the other; `serves` is empty where there are no tasks. */
export function parseServed(text: string): { releases: Release[]; serves: Serves[] } {
  const lines = text.split("\n");
  const ofServing = (line: string) => line.startsWith("serves\t");
  return {
    releases: parseReleases(lines.filter((line) => !ofServing(line)).join("\n")),
    serves: lines
      .filter(ofServing)
      .map((line) => line.split("\t"))
      .map(([, by, what = ""]) => ({ by: by as Server, what })),
  };
}

/** The newest release of what serves: a rollback is one of its own. */
function releaseOf(releases: readonly Release[], { by, what }: Serves): Release | undefined {
  const made = releases.filter(({ action }) => action !== "failed");
  return made.findLast(({ commit, image }) => what === (by === "app server" ? image : commit));
}

/** The releases with those who serve each. */
export function withServers(releases: readonly Release[], serves: readonly Serves[]): Release[] {
  if (serves.length === 0) return [...releases];
  const servers = serves.map((each) => [releaseOf(releases, each), each.by] as const);
  return releases.map((release) => ({
    ...release,
    serves: servers.flatMap(([of, by]) => (of === release ? [by] : [])),
  }));
}

/** What the app server and the tasks serve: one line where it is the same, else a line for each. */
export function servingLines(releases: readonly Release[], serves: readonly Serves[]): string[] {
  const whats = serves.map((each) => {
    if (each.what === "?") return "unknown: ECS does not tell";
    if (each.what === "") return "nothing";
    const release = releaseOf(releases, each);
    if (release) return `release ${release.number}, commit ${release.commit.slice(0, 12)}`;
    return `${each.by === "app server" ? "" : "commit "}${each.what}, which is no release`;
  });
  const same = new Set(whats).size === 1 && whats.length > 1;
  const both = serves.some(({ by }) => by === "workers")
    ? "app server, tasks and workers"
    : "app server and tasks";
  if (same) return [`${both}: ${whats[0]}`];
  return serves.map(({ by }, index) => `${`${by}:`.padEnd(12)}${whats[index]}`);
}

/** Lines of at most 100 columns. */
export function releaseTable(releases: readonly Release[]): string[] {
  const rows = releases.map((release) => [
    release.number,
    time(release.time).replace(" UTC", ""),
    cut(release.commit, 13).replace("…", ""),
    release.revision || "-",
    outcome(release),
    release.by,
  ]);
  const head = ["release", "time (UTC)", "commit", "schema", "what", "by"];
  return table([head, ...rows]).map((line) => cut(line, 100));
}

function outcome({ action, failedStep, seconds, image }: Release): string {
  const total = Object.values(seconds).reduce((sum, each) => sum + each, 0);
  const done = patchSuffix.test(image) ? "patched" : "released";
  if (action === "release") return total > 0 ? `${done} in ${total.toFixed(0)} s` : done;
  if (action === "failed") return `FAILED at ${failedStep ?? "?"}`;
  return action === "undo" ? "rollback undone" : "rollback";
}

export function releases(
  stack: string | undefined,
  { json }: { readonly json?: true },
): Promise<number> {
  return RemoteMachine.with(stack, async (machine) => {
    const program = '"$bin/release-history.sh" && "$bin/who-serves.sh"';
    const { releases: found, serves } = parseServed(await machine.read(program));
    if (json) console.log(JSON.stringify(withServers(found, serves), undefined, 2));
    else if (found.length === 0) console.error("There is no release yet.");
    else {
      const serving = servingLines(found, serves);
      console.log(
        [...releaseTable(found), ...(serving.length > 0 ? ["", ...serving] : [])].join("\n"),
      );
    }
    return 0;
  });
}

export function rollback(
  stack: string | undefined,
  { undo }: { readonly undo?: true },
): Promise<number> {
  return RemoteMachine.with(stack, async (machine) => {
    const words = undo ? ["--undo"] : [];
    return (await machine.change('exec "$bin/deploy-lock.sh" rollback.sh "$@"', words)).status;
  });
}
