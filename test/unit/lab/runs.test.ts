import { expect } from "chai";
import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The value of an option that lab/pulumi finds among the arguments. */
const option = (...args: string[]) =>
  execFileSync("bash", ["-c", 'source lab/shell/runs.sh; option "$@"', "bash", ...args], {
    encoding: "utf8",
  }).trim();

describe("Options of the Pulumi CLI that lab/pulumi reads", () => {
  for (const form of ["-C dir", "-Cdir", "-C=dir", "--cwd dir", "--cwd=dir"]) {
    it(`are found in the form ${form}`, () => {
      expect(option("C", "cwd", ".", "up", ...form.split(" "), "--yes")).to.equal("dir");
    });
  }

  it("have their default when they are absent or come after --", () => {
    expect(option("s", "stack", "dev", "up", "--show-secrets")).to.equal("dev");
    expect(option("s", "stack", "dev", "config", "set", "key", "--", "-secret")).to.equal("dev");
  });
});

describe("After a killed run, lab/pulumi", () => {
  let home: string;
  const stacks = () => join(home, "pulumi/.pulumi/stacks/shop");
  const locks = () => join(home, "pulumi/.pulumi/locks/organization/shop/dev");
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "runs-"));
    await mkdir(stacks(), { recursive: true });
    await mkdir(locks(), { recursive: true });
  });
  afterEach(() => rm(home, { recursive: true }));

  const state = (latest: object) =>
    writeFile(join(stacks(), "dev.json"), JSON.stringify({ checkpoint: { latest } }));
  const lockOf = (pid: number) => writeFile(join(locks(), "a.json"), `{"pid":${pid},"user":"ada"}`);
  /** What lab/pulumi prints before the CLI runs, when lab/support/orphans-command.ts prints `advice`. */
  const printed = (advice = "") => {
    const script = `
      source lab/shell/report.sh; source lab/shell/processes.sh; source lab/shell/runs.sh
      pulumi() { echo {}; }
      node() { cat >/dev/null; echo "$TOLD"; }
      tidy_after_killed_runs shop dev .`;
    // LAB_RUN_OF marks the process of a lock as a run of this lab.
    const env = { ...process.env, LAB_HOME: home, LAB_ROOT: ".", LAB_RUN_OF: home, TOLD: advice };
    // lab/pulumi ends the processes of runs that are over, so this shell is a run itself.
    const bash = `source lab/shell/runs.sh; LAB_RUN=$(run_id $$) exec bash -c "$0"`;
    return execFileSync("bash", ["-c", bash, script], { encoding: "utf8", env });
  };

  it("prints how to unlock the stack, then the advice until there is none", async () => {
    await state({});
    await lockOf(2 ** 22 + 1); // above Linux's highest process id
    expect(printed("so and so")).to.match(
      /left stack 'dev' locked: run `lab\/pulumi cancel` first\nso and so\n$/,
    );
    await rm(locks(), { recursive: true });
    expect(printed("so and so")).to.equal("so and so\n");
    expect(printed("")).to.equal("");
    expect(printed("so and so")).to.equal("");
  });

  it("prints the advice on interrupted operations when no lock is left", async () => {
    await state({ pending_operations: [{}] });
    expect(printed("so and so")).to.equal("so and so\n");
  });

  it("prints nothing about the operations of another run that is active", async () => {
    await state({ pending_operations: [{}] });
    const holder = spawn("sleep", ["60"], { env: { ...process.env, LAB_RUN_OF: home } });
    await lockOf(holder.pid!);
    const during = printed("so and so");
    holder.kill();
    expect(during).to.equal("");
  });

  it("deletes half-written attributes, which make a state unreadable", async () => {
    await state({});
    await lockOf(2 ** 22 + 1);
    const attributes = join(stacks(), "dev.json.attrs");
    await writeFile(attributes, "");
    printed();
    expect(existsSync(attributes)).to.equal(false);
  });
});
