/** Backups in a directory of this computer, as `./ops backup --to DIRECTORY` makes them. */
import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { BackupStore } from "./backup-store.ts";
import { Failure } from "./failure.ts";
import { ops, typed } from "./names.ts";

/**
 * The backups of a directory, which is a backup or holds some under `backups/`.
 *
 * @returns `named` if the directory is a backup
 * @throws {Failure} unless it is a directory
 */
export function directoryStore(directory: string): { store: BackupStore; named?: string } {
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory())
    throw new Failure(
      `--from is ${directory}, which is no directory on this computer`,
      `name the directory that ${ops} backup --to has printed, or a bucket as s3://BUCKET`,
    );
  // A copy of a backup keeps its name, wherever it is.
  const isBackup = existsSync(join(directory, "manifest"));
  const root = isBackup ? dirname(resolve(directory)) : join(directory, "backups");
  const hasManifest = (name: string) => existsSync(join(root, name, "manifest"));
  const store: BackupStore = {
    about: { place: directory, look: typed("find", directory, "-name", "manifest") },
    place: (name) => join(root, name),
    names: () =>
      Promise.resolve(existsSync(root) ? readdirSync(root).filter(hasManifest).toSorted() : []),
    manifest: (name) =>
      Promise.resolve(
        hasManifest(name) ? readFileSync(join(root, name, "manifest"), "utf8") : undefined,
      ),
    files: (name) =>
      Promise.resolve(
        readdirSync(join(root, name)).map((file) => ({
          ...{ name: file, size: statSync(join(root, name, file)).size },
        })),
      ),
    open: (name, file) => Promise.resolve(createReadStream(join(root, name, file))),
  };
  return isBackup ? { store, named: basename(resolve(directory)) } : { store };
}
