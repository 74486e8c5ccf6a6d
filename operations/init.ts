/** Looks at the repository of an app and prints the settings that fit it: init. It needs no stack. */
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Failure } from "./failure.ts";
import { table, tabSeparated } from "./format.ts";
import { adviceFor, type Advice, type Findings } from "./init-settings.ts";
import { ops, pulumi, root, typed } from "./names.ts";
import { run, type Ended } from "./processes.ts";

export async function init(repository: string, wanted: string | undefined): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), "flask-on-aws-init-"));
  try {
    const commit = await fetchCommit(directory, repository, wanted);
    const address = await addressOf(repository);
    const findings = await findingsOf(directory, commit);
    console.log(printed(adviceFor({ address, repository, commit, ...findings })).join("\n"));
    return 0;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Runs git or Python to its end, whatever that is. */
async function program(words: readonly string[], variables: readonly string[] = []) {
  const ended = await run("env", [...variables, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  if (ended.status === 127)
    throw new Failure(
      `${words[0]} is not installed on this computer, and ${ops} init needs git and python3`,
      "install both, for example: sudo apt-get install git python3",
    );
  return ended;
}

function git(directory: string, ...words: readonly string[]): Promise<Ended> {
  // A missing repository must fail: hosts ask for a login to hide which ones exist.
  return program(["git", "-C", directory, ...words], ["GIT_TERMINAL_PROMPT=0"]);
}

/** Brings a commit into a new repository in the directory; returns its full hash. */
async function fetchCommit(directory: string, repository: string, wanted = "HEAD") {
  const from = existsSync(repository) ? resolve(repository) : repository;
  await git(directory, "init", "--quiet", "--bare");
  const fetch = (...words: string[]) => git(directory, "fetch", "--quiet", ...words);
  const hashOf = async (name: string) => {
    const { stdout } = await git(directory, "rev-parse", "--verify", "--quiet", `${name}^{commit}`);
    return stdout.trim();
  };
  const { status } = await fetch("--depth", "1", "--", from, wanted);
  if (status === 0) return hashOf("FETCH_HEAD");
  // No server resolves a short hash.
  if (/^[0-9a-f]{4,39}$/.test(wanted)) {
    await fetch("--", from, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*");
    const found = await hashOf(wanted);
    if (found) return found;
  }
  const { status: unread, stderr } = await git(directory, "ls-remote", "--quiet", "--", from);
  if (unread !== 0)
    throw new Failure(
      `the repository ${repository} cannot be read: ${stderr.trim().split("\n").at(-1)!}`,
      "correct the address; for a private one, see that git on this computer may read it",
    );
  throw new Failure(
    `${repository} has no branch, tag or commit ${wanted}`,
    `name one that is pushed there, or none for its newest: ${ops} init ${typed(repository)}`,
  );
}

/** Where the app server can fetch it; undefined for a directory that is on this computer alone. */
async function addressOf(repository: string): Promise<string | undefined> {
  if (!existsSync(repository)) return repository;
  const { stdout } = await git(resolve(repository), "remote", "get-url", "origin");
  // Nobody else may read a token that is in it.
  const address = stdout.trim().replace(/^(https?:\/\/)[^/]*@/, "$1");
  return /^(https?|ssh):\/\/|^[\w.-]+@[\w.-]+:/.test(address) ? address : undefined;
}

type OfPrograms = Pick<Findings, "image" | "app" | "source" | "dockerfile">;

/** What the programs of the deployer find in the commit. */
async function findingsOf(directory: string, commit: string): Promise<OfPrograms> {
  const find = async (path: string, ...words: string[]) => {
    const args = ["python3", "-B", join(root, path), commit, ...words];
    const { status, stdout, stderr } = await program(args, [`GIT_DIR=${directory}`]);
    if (status !== 0)
      throw new Failure(`the files of commit ${commit} cannot be read: ${stderr}`, `see ${path}`);
    return (kind: string) =>
      tabSeparated(stdout)
        .filter(([name]) => name === kind)
        .map(([, ...texts]) => texts.join("\t"));
  };
  let image = await find("scripts/app_image.py", "", defaultPython());
  // Without packages that the project's own Dockerfile could install, the app's own is needed.
  const [first] = image("dockerfile").toSorted((a, b) => a.length - b.length);
  const dockerfile = image("packages").length === 0 ? first : undefined;
  if (dockerfile) image = await find("scripts/app_image.py", dockerfile);
  const app = await find("scripts/describe-app.py", "", dockerfile ?? "");
  return { image, app, source: await find("operations/read_source.py"), dockerfile };
}

/** The version of Python of the default baseImage. */
function defaultPython(): string {
  const project = readFileSync(join(root, "Pulumi.yaml"), "utf8");
  return /^ +default: python:(\d+\.\d+)/m.exec(project)![1]!;
}

function printed({ found, settings, guesses, unknown, variables }: Advice): string[] {
  const section = (title: string, lines: readonly string[]) =>
    lines.length > 0 ? [title, ...lines.map((line) => `  ${line}`), ""] : [];
  const lines = [
    ...section("found", table(found)),
    ...section("set these", settings),
    ...section(
      "and these, which are guesses",
      guesses.flatMap(([command, reason]) => [command, `  because ${reason}`]),
    ),
    ...section(
      "could not tell",
      unknown.map((text) => `- ${text}`),
    ),
    ...section(
      "the app reads these variables, without a default: set them by appEnvironment or appSecrets",
      [
        ...table(variables),
        ...(variables.length > 0
          ? [
              `${pulumi} config set --path appEnvironment.NAME VALUE`,
              `${pulumi} config set --path --secret appSecrets.NAME`,
            ]
          : []),
      ],
    ),
  ];
  return lines.slice(0, -1);
}
