/**
 * Whether this machine has what the program and the lab need. It asks nothing of AWS.
 * usage: npm run doctor [-- --stack NAME]    PULUMI: the CLI of a stack to look at, if not the lab's
 */
import { spawnSync } from "node:child_process";
import { readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";

export type State = "ok" | "bad" | "skipped";

/** `judge` is told what `tools/look NAME` printed; where that failed, the check is bad. */
export interface Check {
  readonly name: string;
  readonly what: string;
  readonly judge: (seen: string) => State;
  readonly remedy: string;
}

const root = join(import.meta.dirname, "..");
const wanted = (file: string, pattern: RegExp) =>
  pattern.exec(readFileSync(join(root, file), "utf8"))![1]!;
const node = wanted("package.json", /"node": ">=(.*)"/);
const pulumi = wanted("Pulumi.yaml", /^requiredPulumiVersion: ">=(.*)"/m);

/** The first version in the text is this one or later. */
const atLeast = (minimum: string) => (seen: string) => {
  const version = /\d+(\.\d+)+/.exec(seen)?.[0] ?? "";
  return version.localeCompare(minimum, "en", { numeric: true }) < 0 ? "bad" : "ok";
};
/** The first amount in the text, in MB, is the second one or more. */
const enough = (seen: string) => {
  const [free = 0, needed = 0] = (seen.match(/\d+(?= MB)/g) ?? []).map(Number);
  return free < needed ? "bad" : "ok";
};
const matches = (pattern: RegExp, otherwise: State) => (seen: string) =>
  pattern.test(seen) ? "ok" : otherwise;
const present = matches(/./, "bad");

const check = (name: string, what: string, judge: Check["judge"], remedy: string): Check => ({
  name,
  what,
  judge,
  remedy,
});
const system = matches(/^Linux (x86_64|aarch64)$/, "skipped");
const install = (page: string) => `install it, ${page}; for the lab, lab/setup does`;
const client = "install OpenSSH's client, 8.5 or later";
const engine = "start it here and unset DOCKER_HOST; as root on Debian, lab/setup does";
const cache = "free some, or set LAB_CACHE to a directory elsewhere";

export const checks: readonly Check[] = [
  check("system", "Linux, for the lab", system, ""),
  check("node", `Node ${node} or later`, atLeast(node), install("https://nodejs.org")),
  check("packages", "npm packages", present, "npm ci"),
  check("pulumi", `Pulumi ${pulumi} or later`, atLeast(pulumi), install("https://www.pulumi.com")),
  check("git", "git", present, "install git"),
  check("ssh", "ssh 8.5 or later", atLeast("8.5"), client),
  check("ssh-keygen", "ssh-keygen, for the keys", present, client),
  check("openssl", "openssl, for the passwords", atLeast("1"), "install openssl"),
  check("credentials", "AWS credentials", () => "skipped", ""),
  check("region", "aws:region", matches(/^\w+(-\w+)+$/, "bad"), "set it in Pulumi.yaml"),
  check("docker", "Docker's engine, for the lab", present, engine),
  check("cache-disk", "disk of the lab's cache", enough, cache),
  check("docker-disk", "Docker's disk, for the lab", enough, "free some: docker system df"),
  check("lab", "lab", matches(/^up$/, "skipped"), ""),
  check("stack", "stack", matches(/^[1-9]/, "skipped"), "see what `stack output` of its CLI says"),
];

const onlyForTheLab = ["docker", "cache-disk", "docker-disk", "lab"];

/** State and lines of each check, by a function that looks and gives undefined if that fails. */
export function examine(look: (name: string) => string | undefined) {
  const linux = system(look("system") ?? "") === "ok";
  return checks.map(({ name, what, judge, remedy }) => {
    const skip = onlyForTheLab.includes(name) && !linux;
    const seen = skip ? "the lab needs Linux" : look(name);
    const state = skip ? "skipped" : seen === undefined ? "bad" : judge(seen);
    const lines = [`${state.padEnd(8)} ${what}: ${seen ?? "not there, or does not answer"}`];
    if (state === "bad") lines.push(`         remedy: ${remedy}`);
    return { name, state, lines: lines.map((line) => line.slice(0, 100)) };
  });
}

/** What a look printed; one that takes longer than this has found nothing that works. */
function look(name: string): string | undefined {
  const { status, stdout } = spawnSync(join(root, "tools/look"), [name, ...process.argv.slice(2)], {
    encoding: "utf8",
    timeout: 30_000,
  });
  return status === 0 ? stdout.trim() : undefined;
}

if (import.meta.filename === realpathSync(process.argv[1]!)) {
  const found = examine(look);
  console.log(found.flatMap(({ lines }) => lines).join("\n"));
  if (found.some(({ state }) => state === "bad")) process.exitCode = 1;
}
