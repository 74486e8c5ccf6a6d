/** A machine of a stack with the setting appFiles, whose files scripts/files.sh sees to. */
import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { FakeMachine } from "./machine.ts";

/** The key of the backup that {@link filesMachine} makes. */
export const key = "backups/20260102T030405Z-nightly";

/** Makes the machine for each test of a suite, and removes it. Call it in `describe`. */
export function filesMachine() {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack({ APP_FILES: "/app/uploads" });
    machine.s3();
    machine.fake("sudo", 'exec "$@"');
    machine.fake("chown", 'log "chown $*"');
    machine.fake(
      "docker",
      `log "docker $*"
      case "$1 $2" in
      "image inspect") echo "\${WORKS_IN-/app}" ;;
      "run --rm") cat '${machine.home}/user' ;;
      "cp flask-on-aws-files:/app/uploads/.")
        if [ ! -d '${machine.home}/image' ]; then echo "Could not find the file /app/uploads/." >&2; exit 1; fi
        cp -R '${machine.home}/image/.' "$3" ;;
      esac`,
    );
    machine.write("user", `${process.getuid!()}:${process.getgid!()}\n`);
  });
  afterEach(() => machine.remove());

  const files = (...args: string[]) => machine.run("files.sh", args);
  const succeeds = (...args: string[]) => {
    const { status, stdout, stderr } = files(...args);
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    return stdout;
  };
  const fails = (error: RegExp, ...args: string[]) => {
    const { status, stderr } = files(...args);
    expect(status).to.equal(1);
    expect(stderr).to.match(error);
    return stderr;
  };
  /** Makes these the live files. */
  const holds = (contents: Record<string, string | Buffer>) => {
    rmSync(join(machine.root, "files"), { recursive: true, force: true });
    mkdirSync(join(machine.root, "files"));
    for (const [name, text] of Object.entries(contents))
      machine.write(join("root/files", name), text);
  };
  /** The live files. */
  const held = () => {
    const root = join(machine.root, "files");
    const names = execFileSync("find", [root, "-type", "f", "-printf", "%P\\0"], {
      encoding: "utf8",
    });
    const found = names.split("\0").filter(Boolean).toSorted();
    return Object.fromEntries(found.map((name) => [name, readFileSync(join(root, name), "utf8")]));
  };
  /** The directories beside the live files. */
  const beside = () => readdirSync(machine.root).filter((name) => name.startsWith("files."));
  /** Puts the live files into the bucket, as backup.sh does. */
  const backedUp = () => {
    const lines = succeeds("store", key);
    const created = "created 2026-01-02T03:04:05Z\nreason nightly\n";
    machine.write(`s3/${key}/manifest`, `${created}${lines}rows users 3\n`);
    return lines;
  };

  return { machine: () => machine, files, succeeds, fails, holds, held, beside, backedUp };
}

/** Contents of a directory. */
export const old = { a: "old", "thumbs/x": "old x", "two\nlines": "old" };
