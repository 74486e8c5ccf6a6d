/** Which releases there were, and going back to the one before: releases, rollback. */
import { cut, table, tabSeparated, time } from "./format.ts";
import { RemoteMachine } from "./machine.ts";

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

function outcome({ action, failedStep, seconds }: Release): string {
  const total = Object.values(seconds).reduce((sum, each) => sum + each, 0);
  if (action === "release") return total > 0 ? `released in ${total.toFixed(0)} s` : "released";
  if (action === "failed") return `FAILED at ${failedStep ?? "?"}`;
  return action === "undo" ? "rollback undone" : "rollback";
}

export function releases(
  stack: string | undefined,
  { json }: { readonly json?: true },
): Promise<number> {
  return RemoteMachine.with(stack, async (machine) => {
    const found = parseReleases(await machine.read('"$bin/release-history.sh"'));
    if (json) console.log(JSON.stringify(found, undefined, 2));
    else if (found.length === 0) console.error("There is no release yet.");
    else console.log(releaseTable(found).join("\n"));
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
