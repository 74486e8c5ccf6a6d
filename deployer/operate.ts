/**
 * Day two, over the outputs of a stack: `npm run releases`, `rollback`, `logs`, `app:shell`, `db:shell`.
 *
 * `npm run backup -- --to DIRECTORY` copies the backup there, too.
 *
 * usage: npm run COMMAND [-- [--stack NAME] ARGUMENT…]    PULUMI: the Pulumi CLI, if it is not `pulumi`
 */
import { execFileSync, spawnSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { quote } from "./shell.ts";

/** What a command runs on the app server, in a bash that has read scripts/common.sh. */
const commands: Readonly<Record<string, { readonly run: string; readonly terminal?: true }>> = {
  releases: {
    // Of a backup its time; all of its name is in `npm run backups`.
    run: `{ echo $'release\\ttime\\tcommit\\t\\t\\trevision\\tbackup\\tby\\tseconds'; "$bin/ledger.sh"; } |
      awk -F '\\t' '{ sub("^backups/", "", $7); sub("-.+", "", $7)
        printf "%-7s  %-20s  %-12.12s  %-12s  %-16s  %s\\n         %s\\n", $1, $2, $3, $6, $7, $8, $9 }'`,
  },
  backups: {
    run: `aws s3 ls --recursive "s3://$BUCKET/backups/" | sed -n 's|^.* \\(backups/.*\\)/manifest$|\\1|p'`,
  },
  backup: { run: `"$bin/lease.sh" backup.sh by-hand && "$bin/publish-status.sh"` },
  restore: { run: `exec "$bin/lease.sh" restore.sh "$@"` },
  drill: { run: `"$bin/lease.sh" drill.sh "$@" && "$bin/publish-status.sh"` },
  rollback: { run: `exec "$bin/lease.sh" rollback.sh` },
  logs: {
    // docker-compose begins each line by an escape code, whatever it is told.
    run: `"\${compose[@]}" logs --no-color --tail 100 "$@" "$(active_service)" nginx |
      sed --unbuffered $'s/^\\e\\[2K//'`,
  },
  "app:shell": {
    run: `exec "\${compose[@]}" exec "$(active_service)" flask shell`,
    terminal: true,
  },
  "db:shell": { run: `exec mysql --defaults-extra-file="$client" "$@"`, terminal: true },
};

function main(): number {
  const [name = "", ...rest] = process.argv.slice(2);
  const option = (flag: string) => {
    const at = rest.findIndex((word) => word === flag || word.startsWith(`${flag}=`));
    if (at < 0) return undefined;
    const [word, next] = rest.splice(at, rest[at] === flag ? 2 : 1);
    const value = word === flag ? next : word!.slice(flag.length + 1);
    if (!value) throw new Error(`${flag} has no value\nremedy: npm run ${name} -- ${flag} VALUE`);
    return value;
  };
  const stack = option("--stack");
  const to = name === "backup" ? option("--to") : undefined;
  if (name === "backup" && rest.length > 0)
    throw new Error(`${rest.join(" ")}: unknown\nremedy: npm run backup -- [--to DIRECTORY]`);
  const command = commands[name];
  if (!command) {
    console.error(`error: ${name} is not a command\nremedy: ${Object.keys(commands).join(", ")}`);
    return 2;
  }
  const { appServerSsh, sshPrivateKey } = outputsOf(stack);
  if (!appServerSsh || !sshPrivateKey)
    throw new Error("the stack has no app server\nremedy: pulumi up");

  // Ctrl-C ends ssh; this process goes on, to remove the key.
  process.on("SIGINT", () => {
    if (name === "logs") return;
    console.error(
      `interrupted; on the machine \`${name}\` may go on, and the next one waits for it`,
    );
    process.exitCode = 130;
  });
  const directory = mkdtempSync(join(tmpdir(), "flask-on-aws-"));
  try {
    const key = join(directory, "key");
    writeFileSync(key, sshPrivateKey, { mode: 0o600 });
    const ssh = appServerSsh.replace(/^ssh -i \S+/, () => `ssh -i ${quote(key)}`);
    const onMachine = by(ssh, name);
    if (to) {
      const again = `npm run backup -- --to ${quote(to)}${stack ? ` --stack ${quote(stack)}` : ""}`;
      return backUpTo(to, onMachine, again);
    }
    const terminal = command.terminal && process.stdin.isTTY;
    return onMachine(command.run, rest, "inherit", terminal).status ?? 1;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** @throws unless the Pulumi CLI is there and knows the stack, which is the selected one if it is not named */
function outputsOf(stack?: string) {
  const cli = process.env.PULUMI ?? "pulumi";
  const args = ["stack", "output", "--json", "--show-secrets"];
  const { error, status, stdout } = spawnSync(cli, stack ? [...args, "--stack", stack] : args, {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (error)
    throw new Error(
      `${cli}: ${error.message}\nremedy: install Pulumi; in the lab PULUMI=lab/pulumi`,
    );
  if (status !== 0) throw new Error("the stack has no outputs, see above\nremedy: --stack NAME");
  return JSON.parse(stdout) as { readonly appServerSsh?: string; readonly sshPrivateKey?: string };
}

/** What runs a program of bash's on the app server, with these words as `$@`. */
function by(ssh: string, name: string) {
  const owner = `${userInfo().username}@${hostname()}`;
  return (
    run: string,
    words: readonly string[],
    output: "inherit" | "pipe" | number = "inherit",
    terminal = false,
  ) => {
    const program = `export RELEASE_OWNER=${quote(owner)}; . /opt/flask-on-aws/bin/common.sh; ${run}`;
    const remote = ["bash", "-c", program, name, ...words].map(quote).join(" ");
    const line = `${ssh} ${terminal ? "-t" : ""} ${quote(remote)}`;
    const stdio = ["inherit", output, "inherit"] as const;
    return spawnSync("bash", ["-c", line], { stdio: [...stdio], encoding: "utf8" });
  };
}

/**
 * Makes a backup and copies it into a directory here; the manifest last, since what has none is no backup. `again` is
 * the command that tries again.
 */
function backUpTo(directory: string, onMachine: ReturnType<typeof by>, again: string): number {
  const made = onMachine(
    `set -e; key=$("$bin/lease.sh" backup.sh by-hand); echo "$key"
    aws s3 ls "s3://$BUCKET/$key/" | sed 's/.* //' | grep -vx manifest; echo manifest
    "$bin/publish-status.sh" >&2 || true # it has said why; the backup is made`,
    [],
    "pipe",
  );
  if (made.status !== 0) throw new Error(`no copy was made, see above\nremedy: ${again}`);
  const [key = "", ...files] = made.stdout.trim().split("\n");
  const place = join(directory, key);
  mkdirSync(place, { recursive: true });
  for (const file of files) {
    const part = join(place, `${file}.part`);
    const output = openSync(part, "w", 0o600);
    const copied = onMachine(
      'aws s3 cp --only-show-errors "s3://$BUCKET/$1" -',
      [`${key}/${file}`],
      output,
    );
    closeSync(output);
    if (copied.status !== 0) throw new Error(`${file} of ${key} was not copied\nremedy: ${again}`);
    renameSync(part, join(place, file));
  }
  const manifest = readFileSync(join(place, "manifest"), "utf8");
  const dump = join(place, "dump.sql.gz");
  const [digest] = execFileSync("openssl", ["dgst", "-sha256", "-r", dump], {
    encoding: "utf8",
  }).split(" ");
  if (!manifest.includes(`\nsha256 dump.sql.gz ${digest}\n`)) {
    rmSync(join(place, "manifest"));
    throw new Error(`${dump} is not what its manifest says\nremedy: ${again}`);
  }
  console.log(place);
  return 0;
}

try {
  const status = main();
  // Node tells of a signal that came meanwhile when it looks for events, as it does before a timer is due.
  setTimeout(() => (process.exitCode ??= status), 1);
} catch (error) {
  console.error(`error: ${(error as Error).message}`);
  process.exitCode = 1;
}
