/**
 * Day two, over the outputs of a stack: `npm run releases`, `rollback`, `logs`, `app:shell`, `db:shell`.
 *
 * usage: npm run COMMAND [-- [--stack NAME] ARGUMENT…]    PULUMI: the Pulumi CLI, if it is not `pulumi`
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { quote } from "./shell.ts";

/** What a command runs on the app server, in a bash that has read scripts/common.sh. */
const commands: Readonly<Record<string, { readonly run: string; readonly terminal?: true }>> = {
  releases: {
    run: `{ echo $'release\\ttime\\tcommit\\t\\t\\trevision\\tbackup\\tby\\tseconds'; "$bin/ledger.sh"; } |
      awk -F '\\t' '{ printf "%-7s  %-20s  %-12.12s  %-12s  %-46s  %s  %s\\n", $1, $2, $3, $6, $7, $8, $9 }'`,
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
  const flag = rest.indexOf("--stack");
  const stack = flag < 0 ? [] : rest.splice(flag, 2);
  const command = commands[name];
  if (!command) {
    console.error(`error: ${name} is not a command\nremedy: ${Object.keys(commands).join(", ")}`);
    return 2;
  }
  const outputs = JSON.parse(
    execFileSync(
      process.env.PULUMI ?? "pulumi",
      ["stack", "output", "--json", "--show-secrets", ...stack],
      {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "inherit"],
      },
    ),
  ) as { readonly appServerSsh?: string; readonly sshPrivateKey?: string };
  if (!outputs.appServerSsh || !outputs.sshPrivateKey) {
    console.error("error: the stack has no app server\nremedy: pulumi up");
    return 1;
  }

  // Ctrl-C is for what runs on the machine; this process goes on, to remove the key.
  process.on("SIGINT", () => undefined);
  const directory = mkdtempSync(join(tmpdir(), "flask-on-aws-"));
  try {
    const key = join(directory, "key");
    writeFileSync(key, outputs.sshPrivateKey, { mode: 0o600 });
    const owner = `${userInfo().username}@${hostname()}`;
    const program = `export RELEASE_OWNER=${quote(owner)}; . /opt/flask-on-aws/bin/common.sh; ${command.run}`;
    const remote = ["bash", "-c", program, name, ...rest].map(quote).join(" ");
    const ssh = outputs.appServerSsh.replace(/^ssh -i \S+/, () => `ssh -i ${quote(key)}`);
    const terminal = command.terminal && process.stdin.isTTY ? "-t" : "";
    const { status } = spawnSync("bash", ["-c", `${ssh} ${terminal} ${quote(remote)}`], {
      stdio: "inherit",
    });
    return status ?? 1;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

process.exitCode = main();
