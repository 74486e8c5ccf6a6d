import { expect } from "chai";
import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What lab/pulumi finds among the arguments. */
const option = (...args: string[]) =>
  execFileSync("bash", ["-c", 'source lab/shell/runs.sh; option "$@"', "bash", ...args], {
    encoding: "utf8",
  }).trim();

describe("the CLI's options, as lab/pulumi reads them", () => {
  for (const form of ["-C dir", "-Cdir", "-C=dir", "--cwd dir", "--cwd=dir"]) {
    it(`are found in the form ${form}`, () => {
      expect(option("C", "cwd", ".", "up", ...form.split(" "), "--yes")).to.equal("dir");
    });
  }

  it("are the default where they are not given, or behind --", () => {
    expect(option("s", "stack", "dev", "up", "--show-secrets")).to.equal("dev");
    expect(option("s", "stack", "dev", "config", "set", "key", "--", "-secret")).to.equal("dev");
  });
});

describe("after a killed run, lab/pulumi", () => {
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
  /** What is printed before the CLI runs, where lab/support/orphans-command.ts prints `advice`. */
  const printed = (advice = "") => {
    const script = `
      source lab/shell/report.sh; source lab/shell/processes.sh; source lab/shell/runs.sh
      pulumi() { echo {}; }
      node() { cat >/dev/null; echo "$TOLD"; }
      tidy_after_killed_runs shop dev .`;
    // The mark by which the process of a lock is known as a run of this lab.
    const env = { ...process.env, LAB_HOME: home, LAB_ROOT: ".", LAB_RUN_OF: home, TOLD: advice };
    // A run's processes are ended unless the run goes on: this one is its own run.
    const bash = `source lab/shell/runs.sh; LAB_RUN=$(run_id $$) exec bash -c "$0"`;
    return execFileSync("bash", ["-c", bash, script], { encoding: "utf8", env });
  };

  it("says what unlocks the stack, then what is unrecorded, until nothing is", async () => {
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

  it("says what was interrupted where no lock was left", async () => {
    await state({ pending_operations: [{}] });
    expect(printed("so and so")).to.equal("so and so\n");
  });

  it("says nothing of what another run has under way", async () => {
    await state({ pending_operations: [{}] });
    const holder = spawn("sleep", ["60"], { env: { ...process.env, LAB_RUN_OF: home } });
    await lockOf(holder.pid!);
    const during = printed("so and so");
    holder.kill();
    expect(during).to.equal("");
  });

  it("makes a state readable whose attributes were half written", async () => {
    await state({});
    await lockOf(2 ** 22 + 1);
    const attributes = join(stacks(), "dev.json.attrs");
    await writeFile(attributes, "");
    printed();
    expect(existsSync(attributes)).to.equal(false);
  });
});
