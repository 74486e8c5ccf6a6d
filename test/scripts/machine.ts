import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export const scripts = new URL("../../scripts/", import.meta.url).pathname;

/** What a script did. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A directory that plays the machine: the scripts, and commands that play Docker, MySQL and others. */
export class Machine {
  readonly home = realpathSync(mkdtempSync(join(tmpdir(), "machine-")));
  readonly root = join(this.home, "root");

  constructor() {
    cpSync(scripts, join(this.root, "bin"), { recursive: true });
    mkdirSync(join(this.home, "fakes"));
  }

  /** Puts a bash program before the machine's own commands. What it calls `log` with is in {@link log}. */
  fake(command: string, body: string): void {
    const file = join(this.home, "fakes", command);
    const log = `log() { printf '%s\\n' "$*" >>'${this.home}/log'; }`;
    writeFileSync(file, `#!/usr/bin/env bash\nset -euo pipefail\n${log}\n${body}\n`);
    chmodSync(file, 0o755);
  }

  run(script: string, args: readonly string[] = [], stdin = ""): Outcome {
    const { status, stdout, stderr } = spawnSync(join(this.root, "bin", script), args, {
      input: stdin,
      encoding: "utf8",
      env: {
        ...process.env,
        FLASK_ON_AWS_ROOT: this.root,
        PATH: `${this.home}/fakes:${process.env.PATH}`,
      },
    });
    return { status, stdout, stderr };
  }

  get log(): string {
    return existsSync(join(this.home, "log")) ? this.read("log") : "";
  }

  /** A file of the machine, its path relative to {@link home}. */
  read(path: string): string {
    return readFileSync(join(this.home, path), "utf8");
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(join(this.home, path)), { recursive: true });
    writeFileSync(join(this.home, path), text);
  }

  exists(path: string): boolean {
    return existsSync(join(this.home, path));
  }

  /** Makes a git repository of these files; returns its address and its commit. */
  repository(files: Record<string, string>): { address: string; commit: string } {
    const directory = join(this.home, "repository");
    rmSync(directory, { recursive: true, force: true });
    for (const [name, text] of Object.entries(files)) this.write(join("repository", name), text);
    const git = (...args: string[]) =>
      execFileSync("git", ["-C", directory, "-c", "user.name=a", "-c", "user.email=a@b", ...args], {
        encoding: "utf8",
      }).trim();
    git("init", "--quiet");
    git("add", "--all", "--force");
    git("commit", "--quiet", "--message", "one");
    return { address: `file://${directory}`, commit: git("rev-parse", "HEAD") };
  }

  remove(): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}
