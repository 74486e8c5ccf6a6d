/**
 * Checks whether this computer meets the requirements for AWS and for the lab. It asks nothing of AWS.
 * usage: npm run doctor [-- --stack NAME]    the stack of the lab to look at, if not dev
 */
import { spawnSync } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";

const purposes = ["AWS", "the lab"] as const;
export type Purpose = (typeof purposes)[number];

/** A thing is missing if `tools/probes NAME` fails, or if `check` returns false for what it prints. */
export interface Requirement {
  readonly name: string;
  readonly what: string;
  readonly check: (seen: string) => boolean;
  readonly remedy: string;
  /** What it is for, if not for both. */
  readonly only?: Purpose;
}

const root = join(import.meta.dirname, "..");
const wanted = (file: string, pattern: RegExp) =>
  pattern.exec(readFileSync(join(root, file), "utf8"))![1]!;
const node = wanted("package.json", /"node": ">=(.*)"/);
const pulumi = wanted("Pulumi.yaml", /^requiredPulumiVersion: ">=(.*)"/m);

/** The first version in the text is this one or later. */
const atLeast = (minimum: string) => (seen: string) => {
  const version = /\d+(\.\d+)+/.exec(seen)?.[0] ?? "";
  return version.localeCompare(minimum, "en", { numeric: true }) >= 0;
};
/** The first amount in the text, in MB, is the second one or more. */
const enough = (seen: string) => {
  const [free = 0, needed = 0] = (seen.match(/\d+(?= MB)/g) ?? []).map(Number);
  return free >= needed;
};
const matches = (pattern: RegExp) => (seen: string) => pattern.test(seen);
const present = matches(/./);

type Row = [name: string, what: string, check: Requirement["check"], remedy: string];
const checksOf = (rows: Row[], purpose: { only?: Purpose } = {}): Requirement[] =>
  rows.map(([name, what, check, remedy]) => ({ name, what, check, remedy, ...purpose }));

const client = "install OpenSSH's client, 8.5 or later";
const agent = "start it, or run pulumi without it: env -u SSH_AUTH_SOCK pulumi up";
const keys = "aws configure, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
const tools = "install Go 1.21 or later";
const engine = "start it here and unset DOCKER_HOST; as root on Debian, lab/setup does";
const cache = "free some, or set LAB_CACHE to a directory elsewhere";

export const checks: readonly Requirement[] = [
  ...checksOf([
    ["git", "git", present, "install git"],
    ["ssh", "ssh 8.5 or later", atLeast("8.5"), client],
    ["ssh-keygen", "ssh-keygen, for the keys", present, client],
    ["ssh-agent", "ssh agent", (seen) => !seen.startsWith("dead"), agent],
    ["openssl", "openssl, for the passwords", atLeast("1"), "install openssl"],
    ["region", "aws:region", matches(/^\w+(-\w+)+$/), "set it in Pulumi.yaml"],
    ["stack", "stack of the lab", present, "see what lab/pulumi stack output says"],
  ]),
  ...checksOf(
    [
      ["node", `Node ${node} or later`, atLeast(node), "install it, https://nodejs.org"],
      [
        "pulumi",
        `Pulumi ${pulumi} or later`,
        atLeast(pulumi),
        "install it, https://www.pulumi.com",
      ],
      ["credentials", "credentials", present, keys],
    ],
    { only: "AWS" },
  ),
  ...checksOf(
    [
      [
        "system",
        "system",
        matches(/^Linux (x86_64|aarch64)$/),
        "the lab needs Linux on a PC or ARM",
      ],
      ["toolchain", "Go, which builds the lab's tools", present, tools],
      ["docker", "Docker's engine", present, engine],
      ["cache-disk", "disk of the lab's cache", enough, cache],
      ["docker-disk", "Docker's disk", enough, "free some: docker system df"],
      ["lab", "lab", present, "see what lab/up says"],
    ],
    { only: "the lab" },
  ),
];

/** Lines for the reader, and what is missing for each purpose. `probe` returns undefined if a probe fails. */
export function examine(probe: (name: string) => string | undefined) {
  const missing: Record<Purpose, string[]> = { AWS: [], "the lab": [] };
  const lines = checks.flatMap(({ name, what, check, remedy, only }) => {
    const seen = probe(name);
    const found = seen !== undefined && check(seen);
    const text = `${only ? `for ${only}, ` : ""}${what}: ${seen ?? "not there, or does not answer"}`;
    if (found) return [`ok       ${text}`];
    for (const purpose of only ? [only] : purposes) missing[purpose].push(name);
    return [`missing  ${text}`, `         remedy: ${remedy}`];
  });
  const verdicts = Object.entries(missing).map(
    ([purpose, names]) =>
      `For ${purpose} ${names.length ? `is missing: ${names.join(", ")}` : "all is there."}`,
  );
  return { missing, lines: [...lines, "", ...verdicts].map((line) => line.slice(0, 100)) };
}

/** What a probe printed. One that takes longer than this has failed. */
function runProbe(name: string): string | undefined {
  const { status, stdout } = spawnSync(
    join(root, "tools/probes"),
    [name, ...process.argv.slice(2)],
    {
      encoding: "utf8",
      timeout: 30_000,
    },
  );
  return status === 0 ? stdout.trim() : undefined;
}

if (import.meta.filename === realpathSync(process.argv[1]!)) {
  const { missing, lines } = examine(runProbe);
  console.log(lines.join("\n"));
  // Most users need one of the two.
  if (Object.values(missing).every(({ length }) => length > 0)) process.exitCode = 1;
}
