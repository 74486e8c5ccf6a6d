/** Backups outside of this stack's bucket: what is the same for a directory here and another stack's bucket. */
import type { Readable } from "node:stream";
import { Failure } from "./failure.ts";

/** A file of a backup. */
export interface BackupFile {
  readonly name: string;
  /** In bytes. */
  readonly size: number;
}

/** A place that has backups. */
export interface BackupStore {
  /** The names of the complete backups, as `20260102T030405Z-nightly`, oldest first. */
  names(): Promise<string[]>;
  /** Undefined if there is no such complete backup. */
  manifest(name: string): Promise<string | undefined>;
  /** All of its files, the manifest among them. */
  files(name: string): Promise<BackupFile[]>;
  open(name: string, file: string): Promise<Readable>;
  /** Where a backup is, as the option --from takes it. */
  place(name: string): string;
  /** The place, and a command that shows what it holds. */
  readonly about: { readonly place: string; readonly look: string };
}

/** A backup in such a place. */
export interface StoredBackup {
  readonly place: string;
  readonly manifest: string;
  /** Without the manifest; the dump first. */
  readonly files: readonly BackupFile[];
  readonly open: (file: string) => Promise<Readable>;
}

/** What a restore reads of a backup, if it is there. */
const parts = ["dump.sql.gz", "files.tar.gz", "migrations.tar.gz", "app.zip"];
/** Of backups whose data was not the live data of the environment that has them. */
const notLive = ["before-restore", "imported"];

/** The line of a manifest that begins with these words, without them; undefined if it has none. */
export function stated(manifest: string, words: string): string | undefined {
  const line = manifest.split("\n").find((each) => each.startsWith(`${words} `));
  return line?.slice(words.length + 1);
}

/** A backup's line, as scripts/backups.sh prints those of the stack's own. */
export function backupLine(key: string, manifest: string): string {
  const first = (words: string) => stated(manifest, words)?.split(" ")[0];
  const rows = manifest.split("\n").filter((line) => line.startsWith("rows "));
  const sum = rows.reduce((total, line) => total + Number(line.split(" ")[2]), 0);
  const [created, reason, revision, commit] = ["created", "reason", "revision", "commit"].map(
    (words) => first(words) ?? "",
  );
  return [key, created, reason, revision, commit, sum, first("files") ?? "-"].join("\t");
}

/**
 * Chooses a backup: the named one, else the newest that was made of live data.
 *
 * @throws {Failure} if there is none, or it lacks what its manifest names
 */
export async function chooseBackup(
  store: BackupStore,
  named: string | undefined,
): Promise<StoredBackup> {
  const found = named === undefined ? await newest(store) : await read(store, named);
  if (!found) throw noBackup(store, named);
  const { name, manifest } = found;
  const files = await store.files(name);
  const present = parts.flatMap((part) => files.filter((file) => file.name === part));
  const place = store.place(name);
  const needed = parts.filter((part) => stated(manifest, `sha256 ${part}`) !== undefined);
  const lacking = needed.find((part) => !present.some((file) => file.name === part));
  const isOurs = /^[0-9a-f]{64}$/.test(stated(manifest, "sha256 dump.sql.gz") ?? "");
  if (lacking || !isOurs)
    throw new Failure(
      lacking
        ? `--from: the backup ${place} is not complete: ${lacking} is missing`
        : `--from: ${place}/manifest is not the manifest of a backup: it names no SHA-256 of dump.sql.gz`,
      `choose another backup: ${store.about.look}`,
    );
  return { place, manifest, files: present, open: (file) => store.open(name, file) };
}

async function read(store: BackupStore, name: string) {
  const manifest = await store.manifest(name);
  return manifest === undefined ? undefined : { name, manifest };
}

async function newest(store: BackupStore) {
  for (const name of (await store.names()).toReversed()) {
    const found = await read(store, name);
    if (found && !notLive.includes(stated(found.manifest, "reason") ?? "")) return found;
  }
  return undefined;
}

/** The error that a place has no complete backup, or not the named one. */
export function noBackup(store: BackupStore, named: string | undefined): Failure {
  const { place, look } = store.about;
  return new Failure(
    named === undefined
      ? `--from: ${place} holds no complete backup: none has a manifest`
      : `--from: ${store.place(named)} is no complete backup: it has no manifest`,
    `see what is there: ${look}`,
  );
}
