/**
 * Times of a backup, a restore test and a restore with many rows, beside the same work by plain tools on the same
 * machine, in turns. Adds a table to the live schema, and removes it.
 *
 * usage: main.ts [USERS]    default: 1,000,000; the lab and its stack must be up (`npm run lab:backups`)
 */
import { readFile } from "node:fs/promises";
import { withStack, type LabStack } from "../../support/stack.ts";

const users = Number(process.argv[2] ?? 1_000_000);
const rounds = 3;
const bin = "/opt/flask-on-aws/bin";

const createUsers = `
CREATE TABLE speed_users (id INT PRIMARY KEY, username VARCHAR(64) UNIQUE, email VARCHAR(64) UNIQUE, password VARBINARY(64),
  first_name VARCHAR(64), last_name VARCHAR(64), city VARCHAR(64), created DATETIME, active BOOLEAN, balance DECIMAL(12, 2));
SET SESSION cte_max_recursion_depth = ${users};
INSERT INTO speed_users
WITH RECURSIVE one (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM one WHERE n < ${users})
SELECT n, CONCAT('user-', n), CONCAT('user-', n, '@example.com'), SHA2(n, 256), CONCAT('First ', n % 1009),
  CONCAT('Last ', n % 7919), CONCAT('City ', n % 499), NOW() - INTERVAL n SECOND, n % 2, n * 0.37 FROM one`;

const plainBackup = `set -o pipefail; . ${bin}/common.sh
mysqldump --defaults-extra-file=$root/backup.cnf --single-transaction --no-tablespaces --quick $SCHEMA |
  gzip | aws s3 cp --only-show-errors - s3://$BUCKET/$0`;
/** Loads where restore-test.sh loads. */
const plainLoad = `set -o pipefail; . ${bin}/common.sh
query "DROP DATABASE IF EXISTS $scratch; CREATE DATABASE $scratch"
load() { aws s3 cp --only-show-errors s3://$BUCKET/$0 - | gunzip | mysql --defaults-extra-file=$client --database=$scratch; }
load
: loaded
query "DROP DATABASE $scratch"`;

interface Measured {
  /** Seconds. */
  readonly total: number;
  /** The most of a moment, in MB. */
  readonly memory: number;
  /** Seconds from the start to each mark. */
  readonly marks: readonly number[];
  readonly printed: string;
}

const quoted = (words: readonly string[]) =>
  words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");

const measureProgram = await readFile(new URL("measure.py", import.meta.url), "utf8");
async function measure(stack: LabStack, marks: string[], command: string[]): Promise<Measured> {
  const output = await stack.onMachine(
    `python3 - ${quoted([...marks, "--", ...command])}`,
    measureProgram,
  );
  const [numbers, ...printed] = output.split("\n");
  const [total, memory, ...times] = numbers!.split(" ").map(Number);
  return { total: total!, memory: memory!, marks: times, printed: printed.join("\n").trim() };
}

/** Seconds between the two marks. */
const between = ({ marks }: Measured) => marks[1]! - marks[0]!;
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;
const column = (values: readonly number[]) => median(values).toFixed(1).padStart(8);

function report(what: string, ours: readonly number[], plain?: readonly number[]): void {
  const ratio = plain ? `${column(plain)} s  ${(median(ours) / median(plain)).toFixed(2)}` : "";
  console.log(`${what.padEnd(44)}${column(ours)} s  ${ratio}`.trimEnd());
}

async function run(stack: LabStack): Promise<void> {
  const [backups, plainBackups, tests, plainLoads]: Measured[][] = [[], [], [], []];
  const stamp = (n: number) => `backups/20000101T00000${n}Z-speed/dump.sql.gz`; // without a manifest it is no backup
  for (let n = 0; n < rounds; n++) {
    plainBackups!.push(await measure(stack, [], ["-c", plainBackup, stamp(n)]));
    const marks = ["put dump.sql.gz", "copied to-check"];
    const backup = await measure(stack, marks, [`${bin}/backup.sh`, "speed"]);
    backups!.push(backup);
    const loading = ["load", ": loaded"];
    plainLoads!.push(await measure(stack, loading, ["-c", plainLoad, stamp(n)]));
    const command = [`${bin}/restore-test.sh`, backup.printed];
    tests!.push(await measure(stack, ["quietly load", "wait"], command));
  }
  const restore = await measure(stack, [], [`${bin}/restore.sh`, backups!.at(-1)!.printed]);
  console.log(`${users} users, medians of ${rounds}`.padEnd(47), "here     plain  ratio");
  report(
    "dump into the bucket",
    backups!.map(between),
    plainBackups!.map(({ total }) => total),
  );
  report("load of a backup", tests!.map(between), plainLoads!.map(between));
  report(
    "read-back and the rest of the backup",
    backups!.map((one) => one.total - between(one)),
  );
  report(
    "comparison and the rest of the restore test",
    tests!.map((one) => one.total - between(one)),
  );
  report("restore, with the backup of what is live", [restore.total]);
  const most = Math.max(...[...backups!, ...tests!, restore].map(({ memory }) => memory));
  console.log(`most memory of the machine: ${most.toFixed(0)} MB`);
}

await withStack(async (stack) => {
  await stack.query(createUsers);
  await run(stack).finally(() => stack.query("DROP TABLE speed_users"));
  return true;
});
