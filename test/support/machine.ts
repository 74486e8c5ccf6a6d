import { execFileSync, spawn, spawnSync } from "node:child_process";
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

/** A script that runs. */
export interface RunningScript {
  readonly pid: number;
  /** All that it has printed so far, errors too. */
  output(): string;
  /** Ends when it has exited and nothing holds its output any more. */
  readonly ended: Promise<{ readonly status: number | null; readonly output: string }>;
}

/** Awaits a condition. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (let waited = 0; !condition(); waited += 20) {
    if (waited > 10_000) throw new Error(`awaited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A directory that plays the machine: the scripts, and commands that play Docker, MySQL and others. */
export class FakeMachine {
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

  /** Puts a script of the test's own beside the real ones, or in the place of one. */
  script(name: string, body: string): void {
    this.fake(join("../root/bin", name), body);
  }

  /** Writes stack.env, with these values for others than the usual ones. */
  stack(changed: Record<string, string | number> = {}): void {
    const variables = {
      REGION: "us-west-2",
      DB_HOST: "db.example",
      DB_PORT: 3306,
      SCHEMA: "appdb",
      BUCKET: "backups-1",
      APP_URL: "https://app.example",
      ADDRESS: "198.51.100.7",
      APP_GROUP: "sg-app",
      DATABASE_GROUP: "sg-db",
      ALLOW_DESTRUCTIVE: false,
      PROXY_IMAGE: "caddy:2",
      UPLOAD_LIMIT: 16,
      PORT_5085: "true",
      ACME_DIRECTORY: "https://acme-v02.api.letsencrypt.org/directory",
      ACME_EMAIL: "",
      ACME_CA_CERTIFICATE: "",
      ...changed,
    };
    const lines = Object.entries(variables).map(([name, value]) => `${name}='${value}'\n`);
    this.write("root/stack.env", lines.join(""));
  }

  /**
   * Has mysql answer statements, whose names are patterns of bash's `case`; the first that fits counts. If the home has a
   * file `dropped`, the server has information_schema alone.
   */
  mysql(answers: Record<string, string>): void {
    const cases = Object.entries(answers).map(
      ([statement, answer]) => `${statement}) printf %s '${answer}' ;;`,
    );
    this.fake(
      "mysql",
      `if [ -e '${this.home}/dropped' ] && [[ $* != *--database=information_schema* ]]; then
        echo "ERROR 1049 (42000): Unknown database" >&2; exit 1
      fi
      case \${*: -1} in\n${cases.join("\n")}\n*) log "mysql: $*"; exit 1 ;;\nesac`,
    );
  }

  /**
   * Has aws keep objects under the home's s3/, and log what it is called with. A call that fits one of the
   * lines of the home's `refused`, patterns of grep's, fails. A sync copies everything, whatever it includes. An object has
   * an older version if there is one under first/, and the replication status that replication/ has.
   */
  s3(): void {
    this.write(
      "uploaded.json",
      JSON.stringify(
        { ServerSideEncryption: "AES256", ETag: '"sum"', ChecksumCRC32: "AbC+/w==" },
        undefined,
        4,
      ),
    );
    this.fake(
      "aws",
      `home='${this.home}'; log "aws $*"
      if [ -e "$home/refused" ] && grep -qf "$home/refused" <<<"$*"; then echo AccessDenied >&2; exit 254; fi
      at() { if [[ $1 == s3://* ]]; then echo "$home/s3/\${1#s3://backups-1/}"; else echo "$1"; fi; }
      from=$(at "\${*: -2:1}") to=$(at "\${*: -1}") all="$*"
      option() { sed -n "s/.* --$1 \\([^ ]*\\).*/\\1/p" <<<"$all "; }
      key=$(option key) object=$home/s3/$(option key)
      make() {
        if [ -e "$object" ]; then echo "An error occurred (PreconditionFailed)" >&2; exit 254; fi
        mkdir -p "$(dirname "$object")"; cat "$@" >"$object"
      }
      case "$1 $2 $3" in
      "s3 cp --only-show-errors")
        if [ "$to" = - ]; then exec cat "$from"; fi
        mkdir -p "$(dirname "$to")"
        if [ "$from" = - ]; then cat >"$to"; else cp "$from" "$to"; fi ;;
      "s3 ls "*/) [ -d "$(at "$3")" ] || exit 1; ls "$(at "$3")" | sed 's/^/2026-01-02 03:04:05 1 /' ;;
      "s3 ls "*) [ -e "$(at "$3")" ] || exit 1; echo "2026-01-02 03:04:05 1 \${3##*/}" ;;
      "s3api list-objects-v2 --bucket") (cd "$home/s3" && find "$6" -type f | sort | paste --serial) ;;
      "s3api head-object --bucket") cat "$home/replication/$6" 2>/dev/null || echo None ;;
      "s3 sync --only-show-errors") mkdir -p "$from" "$to"; cp -R "$from/." "$to" ;;
      "s3api put-object "*) make "$(option body)" ;;
      "s3api create-multipart-upload "*) echo upload-1 ;;
      "s3api upload-part "*)
        cp "$(option body)" "$home/part.$(option part-number)"; cat "$home/uploaded.json" ;;
      "s3api complete-multipart-upload "*)
        cp "$(option multipart-upload | sed s,^file://,,)" "$home/completed.json"
        mapfile -t parts < <(ls -v "$home"/part.*); make "\${parts[@]}"; rm "\${parts[@]}" ;;
      "s3api list-object-versions "*)
        if [[ $all == *!IsLatest* ]]; then
          if [ -d "$home/first" ]; then find "$home/first" -name manifest -printf '%P\\n'; fi
          exit
        fi
        key=$(option prefix)
        if [ -e "$home/s3/$key" ]; then printf '2026-01-02T03:04:05+00:00\\tTrue\\tsecond\\n'; fi
        if [ -e "$home/first/$key" ]; then printf '2026-01-02T03:04:05+00:00\\tFalse\\tfirst\\n'; fi ;;
      "s3api get-object --version-id") [ "$4" = first ]; cat "$home/first/$key" >&3 ;;
      *) exit 2 ;;
      esac`,
    );
  }

  private environment(changed: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
    return {
      ...process.env,
      FLASK_ON_AWS_ROOT: this.root,
      PATH: `${this.home}/fakes:${process.env.PATH}`,
      ...changed,
    };
  }

  run(
    script: string,
    args: readonly string[] = [],
    stdin = "",
    env: NodeJS.ProcessEnv = {},
  ): Outcome {
    const { status, stdout, stderr } = spawnSync(join(this.root, "bin", script), args, {
      input: stdin,
      encoding: "utf8",
      env: this.environment(env),
    });
    return { status, stdout, stderr };
  }

  /** As {@link run}, without awaiting its end. What still runs when the machine is removed is ended. */
  start(script: string, args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): RunningScript {
    const child = spawn(join(this.root, "bin", script), args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: this.environment(env),
      detached: true,
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    }
    const ended = new Promise<{ status: number | null; output: string }>((resolve) => {
      child.on("close", (status) => resolve({ status, output }));
    });
    return { pid: child.pid!, output: () => output, ended };
  }

  get log(): string {
    return existsSync(join(this.home, "log")) ? this.read("log") : "";
  }

  /** A file of the machine, its path relative to {@link home}. */
  read(path: string): string {
    return readFileSync(join(this.home, path), "utf8");
  }

  write(path: string, text: string | Buffer): void {
    mkdirSync(dirname(join(this.home, path)), { recursive: true });
    writeFileSync(join(this.home, path), text);
  }

  exists(path: string): boolean {
    return existsSync(join(this.home, path));
  }

  /** Makes a git repository of these files; returns its address and its commit. */
  repository(files: Record<string, string | Buffer>): { address: string; commit: string } {
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
