/** Making a backup, and copying it into a directory here: backup. */
import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { Failure } from "./failure.ts";
import { RemoteMachine } from "./machine.ts";

export function backup(
  stack: string | undefined,
  { to }: { readonly to?: string },
): Promise<number> {
  return RemoteMachine.with(stack, async (machine) => {
    if (to !== undefined) return backUpTo(to, machine);
    const program = '"$bin/deploy-lock.sh" backup.sh by-hand && "$bin/publish-status.sh"';
    return (await machine.change(program)).status;
  });
}

/** Copies into a directory here; the manifest last, since what has none is no backup. */
async function backUpTo(directory: string, machine: RemoteMachine): Promise<number> {
  const remedy = `try again: ${machine.ops("backup", "--to", directory)}`;
  const { status, stdout } = await machine.change(
    `set -e; key=$("$bin/deploy-lock.sh" backup.sh by-hand); echo "$key"
    aws s3 ls "s3://$BUCKET/$key/" | sed 's/.* //' | grep -vx manifest; echo manifest
    "$bin/publish-status.sh" >&2 || true # it has said why; the backup is made`,
    [],
    { stdout: "pipe" },
  );
  if (status !== 0) throw new Failure("no copy was made, see above", remedy);
  const [key = "", ...files] = stdout.trim().split("\n");
  const place = join(directory, key);
  mkdirSync(place, { recursive: true });
  for (const file of files) await copy(machine, `${key}/${file}`, join(place, file), remedy);
  const manifest = readFileSync(join(place, "manifest"), "utf8");
  for (const name of ["dump.sql.gz", "files.tar.gz"].filter((name) => files.includes(name))) {
    const file = join(place, name);
    const digest = createHash("sha256");
    await pipeline(createReadStream(file), digest);
    if (manifest.includes(`\nsha256 ${name} ${digest.digest("hex")}\n`)) continue;
    rmSync(join(place, "manifest"));
    throw new Failure(`${file} is not what its manifest says`, remedy);
  }
  console.log(place);
  return 0;
}

async function copy(
  machine: RemoteMachine,
  object: string,
  file: string,
  remedy: string,
): Promise<void> {
  const part = `${file}.part`;
  const output = openSync(part, "w", 0o600);
  try {
    const program = 'aws s3 cp --only-show-errors "s3://$BUCKET/$1" -';
    const { status } = await machine.run(program, [object], { stdout: output });
    if (status !== 0) throw new Failure(`${object} was not copied, see above`, remedy);
  } finally {
    closeSync(output);
  }
  renameSync(part, file);
}
