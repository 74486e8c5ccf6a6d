/** Which backups there are: backups. */
import { storeOf } from "./backup-places.ts";
import { backupLine, noBackup } from "./backup-store.ts";
import { age, table, tabSeparated } from "./format.ts";
import { RemoteMachine } from "./machine.ts";

export interface Backup {
  readonly key: string;
  readonly created: string;
  readonly reason: string;
  /** Of the schema. */
  readonly revision: string;
  /** That served. */
  readonly commit: string;
  /** Of all tables together. */
  readonly rows: string;
  /** Number of the app's files; a dash if it has none. */
  readonly files: string;
}

/** What scripts/backups.sh prints. */
export function parseBackups(text: string): Backup[] {
  return tabSeparated(text).map(([key, created, reason, revision, commit, rows, files]) => ({
    ...{ key: key ?? "", created: created ?? "", reason: reason ?? "-" },
    ...{ revision: revision ?? "-", commit: commit ?? "-", rows: rows ?? "?", files: files ?? "-" },
  }));
}

/** Lines of at most 100 columns, if keys have no more than 44. */
export function backupTable(text: string, now = Date.now()): string[] {
  const rows = parseBackups(text).map(({ key, created, revision, commit, rows, files }) => [
    ...[key, age(created, now), rows, files, revision.slice(0, 12), commit.slice(0, 12)],
  ]);
  return table([["backup", "age", "rows", "files", "schema", "commit"], ...rows]);
}

export function backups(
  stack: string | undefined,
  { from }: { readonly from?: string } = {},
): Promise<number> {
  return RemoteMachine.with(stack, async (machine) => {
    if (from !== undefined) return backupsFrom(machine, from);
    const lines = backupTable(await machine.read('"$bin/backups.sh"'));
    if (lines.length === 1)
      console.error(`There is no backup yet. One is made by: ${machine.ops("backup")}`);
    else console.log(lines.join("\n"));
    return 0;
  });
}

/** Lists those of another place. */
async function backupsFrom(machine: RemoteMachine, from: string): Promise<number> {
  const { store, named } = await storeOf(machine, from);
  const names = named === undefined ? await store.names() : [named];
  const lines: string[] = [];
  // The AWS SDK has 50 connections, and warns when many more are asked for.
  for (let first = 0; first < names.length; first += 50) {
    const line = async (name: string) => {
      const manifest = await store.manifest(name);
      return manifest === undefined ? [] : [backupLine(`backups/${name}`, manifest)];
    };
    lines.push(...(await Promise.all(names.slice(first, first + 50).map(line))).flat());
  }
  if (lines.length === 0) throw noBackup(store, named);
  console.log(backupTable(lines.join("\n")).join("\n"));
  return 0;
}
