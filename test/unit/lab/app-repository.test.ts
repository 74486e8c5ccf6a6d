import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const program = join(import.meta.dirname, "../../../lab/app-repository");

describe("lab/app-repository", () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "app-repository-"))));
  afterEach(() => rmSync(directory, { recursive: true }));

  const run = (name: string, version: string, env = {}) =>
    execFileSync(program, [version, join(directory, name)], {
      encoding: "utf8",
      env: { ...process.env, LAB_NAME: "unit", ...env },
    }).trim();
  const git = (name: string, ...args: string[]) =>
    execFileSync("git", ["--git-dir", join(directory, name), ...args], { encoding: "utf8" }).trim();

  it("creates the same commits for the same versions, whoever runs it", () => {
    const first = [run("a.git", "1"), run("a.git", "2")];
    const second = [run("b.git", "1"), run("b.git", "2", { GIT_AUTHOR_NAME: "somebody else" })];
    expect(second).to.deep.equal(first);
    expect(first[0])
      .to.match(/^[0-9a-f]{40}$/)
      .and.not.equal(first[1]);
  });

  it("adds a new version as one commit, and no commit for an existing version", () => {
    const first = run("a.git", "1");
    expect(run("a.git", "1")).to.equal(first);
    run("a.git", "2");
    expect(git("a.git", "rev-parse", "main^")).to.equal(first);
    expect(git("a.git", "diff", "--name-only", "main^", "main")).to.equal("VERSION");
  });

  it("contains the files that the deployer requires, and no migrations", () => {
    run("a.git", "1");
    const files = git("a.git", "ls-tree", "-r", "--name-only", "main").split("\n");
    expect(files).to.include.members([
      ...["Dockerfile", "docker-compose.yml", "requirements.txt", "run.py", ".env"],
    ]);
    expect(files.filter((file) => file.startsWith("migrations/"))).to.deep.equal([]);
  });
});
