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
 * @throws {Failure} unless it is a directory that can be read; the methods of the store, too
 */
export function directoryStore(directory: string): { store: BackupStore; named?: string } {
  const isDirectory = () => statSync(directory, { throwIfNoEntry: false })?.isDirectory();
  if (!readable(directory, isDirectory))
    throw new Failure(
      `--from is ${directory}, which is no directory on this computer`,
      `name the directory that ${ops} backup --to has printed, or a bucket as s3://BUCKET`,
    );
  // A copy of a backup keeps its name, wherever it is.
  const path = resolve(directory);
  const isBackup = existsSync(join(path, "manifest"));
  const root = isBackup ? dirname(path) : join(path, "backups");
  const read = <T>(work: () => T) => Promise.resolve().then(() => readable(root, work));
  const at = (name: string, file: string) => join(root, name, file);
  const hasManifest = (name: string) => existsSync(at(name, "manifest"));
  const store: BackupStore = {
    about: { place: directory, look: typed("find", directory, "-name", "manifest") },
    place: (name) => join(root, name),
    names: () =>
      read(() => (existsSync(root) ? readdirSync(root).filter(hasManifest).toSorted() : [])),
    manifest: (name) =>
      read(() => (hasManifest(name) ? readFileSync(at(name, "manifest"), "utf8") : undefined)),
    files: (name) =>
      read(() =>
        readdirSync(join(root, name)).map((file) => ({
          ...{ name: file, size: statSync(at(name, file)).size },
        })),
      ),
    open: (name, file) => Promise.resolve(createReadStream(at(name, file))),
  };
  return isBackup ? { store, named: basename(path) } : { store };
}

/** @throws {Failure} if the file system refuses */
function readable<T>(directory: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new Failure(
      `--from: ${directory} cannot be read: ${(error as Error).message}`,
      "give yourself the right to read it, then run the same command again",
    );
  }
}
