import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path/posix";
import { promisify } from "node:util";
import type { SFTPWrapper, Stats } from "ssh2";
import { dial, type Connection, type Dialing } from "./connection.ts";

/** A file asset or an archive has the `path` of a file or directory; a text asset has `text`. */
export interface Source {
  path?: string;
  text?: string;
}

/**
 * Writes the source to the machine over SFTP, a directory with all that is in it. Makes missing
 * parents, overwrites files, sets neither mode nor owner.
 *
 * A file goes into `remotePath` when that is a directory, and so does a directory itself unless
 * its path ends with a slash, which means what is in it.
 */
export async function copyToRemote(
  connection: Connection,
  { path, text = "" }: Source,
  remotePath: string,
  dialing: Dialing,
): Promise<void> {
  const client = await dial(connection, dialing);
  try {
    const sftp = await promisify<SFTPWrapper>((done) => client.sftp(done))();
    const isDirectory = (await find(sftp, remotePath))?.isDirectory();
    const inside = join(remotePath, basename(path ?? ""));
    if (path !== undefined && (await stat(path)).isDirectory()) {
      await copyDirectory(sftp, path, path.endsWith("/") ? remotePath : inside);
    } else if (path === undefined && isDirectory) {
      throw new Error(`remote path ${remotePath} is a directory; a text asset needs a file's path`);
    } else {
      const data = path === undefined ? Buffer.from(text) : await readFile(path);
      await makeDirectory(sftp, dirname(remotePath));
      await write(sftp, isDirectory ? inside : remotePath, data);
    }
  } finally {
    client.end();
  }
}

async function copyDirectory(sftp: SFTPWrapper, source: string, target: string): Promise<void> {
  await makeDirectory(sftp, target);
  for (const entry of await readdir(source)) {
    const [from, to] = [join(source, entry), join(target, entry)];
    if ((await stat(from)).isDirectory()) await copyDirectory(sftp, from, to);
    else await write(sftp, to, await readFile(from));
  }
}

async function makeDirectory(sftp: SFTPWrapper, path: string): Promise<void> {
  const found = await find(sftp, path);
  if (found?.isDirectory()) return;
  if (found) throw new Error(`remote path ${path} exists but is not a directory`);
  await makeDirectory(sftp, dirname(path));
  await named(`failed to create remote directory ${path}`, (done) => sftp.mkdir(path, done));
}

function write(sftp: SFTPWrapper, path: string, data: Buffer): Promise<void> {
  return named(`failed to write remote file ${path}`, (done) => sftp.writeFile(path, data, done));
}

async function find(sftp: SFTPWrapper, path: string): Promise<Stats | undefined> {
  const what = `failed to stat remote path ${path}`;
  const noSuchFile = 2;
  try {
    return await named<Stats>(what, (done) => sftp.stat(path, done));
  } catch (error) {
    if (((error as Error).cause as { code?: number }).code === noSuchFile) return undefined;
    throw error;
  }
}

/** SFTP's own messages, such as "Failure", do not say of what. */
async function named<Result>(
  what: string,
  call: (done: (error: Error | null | undefined, result?: Result) => void) => void,
): Promise<Result> {
  try {
    return (await promisify(call)()) as Result;
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
  }
}
