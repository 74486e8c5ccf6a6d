import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { runLocal, type CommandInputs } from "../../../../lab/providers/command/run.ts";
import { failureOf, recording } from "./recording.ts";

const nothing = { stdout: "", stderr: "" };
const run = (command: string, inputs: CommandInputs = {}, record = recording()) =>
  runLocal(inputs, command, nothing, record.running);

describe("Local commands of the lab's command provider", () => {
  it("run with the given interpreter and in the given directory", async () => {
    expect(await run("pwd", { dir: tmpdir() })).to.deep.equal({ stdout: tmpdir(), stderr: "" });
    const node = { interpreter: [process.execPath, "-e"] };
    expect((await run("console.log(6 * 7)", node)).stdout).to.equal("42");
    expect((await run('test -z "$BASH" && echo sh', { interpreter: [] })).stdout).to.equal("sh");
  });

  it("fail with the missing directory or interpreter and the command", async () => {
    expect(await failureOf(run("pwd", { dir: "/nowhere" }))).to.equal(
      'chdir /nowhere: no such file or directory: running "pwd":\n',
    );
    expect(await failureOf(run("x", { interpreter: ["/no/shell"] }))).to.match(
      /\/no\/shell ENOENT: running "x":\n$/,
    );
  });

  it("read standard input, which is empty by default", async () => {
    const stdin = "line\n".repeat(100_000);
    expect((await run("wc -l", { stdin })).stdout).to.equal("100000");
    expect((await run("wc -l")).stdout).to.equal("0");
    expect((await run("true", { stdin })).stdout).to.equal("");
  });

  it("see the provider's environment and the variables of their inputs", async () => {
    const environment = { COLOUR: "red" };
    const { stdout } = await run('echo "$COLOUR ${PATH:+path}"', { environment });
    expect(stdout).to.equal("red path");
  });

  it("fail with the status or signal, and with all output", async () => {
    expect(await failureOf(run("echo a; sleep 0.1; echo b >&2; exit 3"))).to.equal(
      'exit status 3: running "echo a; sleep 0.1; echo b >&2; exit 3":\na\nb\n',
    );
    expect(await failureOf(run("kill $$"))).to.match(/^signal: SIGTERM: running/);
  });

  it("are killed with their child processes when they are cancelled", async () => {
    const cancel = new AbortController();
    const record = recording(cancel.signal);
    const ran = failureOf(run("echo begun; sleep 60 | cat", {}, record));
    while (record.lines.length === 0) await sleep(10);
    cancel.abort();
    expect(await ran).to.match(/^signal: SIGKILL: running "echo begun; sleep 60 | cat"/);
  });

  for (const [logging, expected] of [
    [undefined, ["out", "err"]],
    ["stdoutAndStderr", ["out", "err"]],
    ["stdout", ["out"]],
    ["stderr", ["err"]],
    ["none", []],
  ] as const) {
    it(`log ${expected.join(" and ") || "nothing"} with logging ${logging ?? "not given"}`, async () => {
      const record = recording();
      await run("echo out; sleep 0.1; echo err >&2", logging ? { logging } : {}, record);
      expect(record.lines).to.deep.equal(expected);
    });
  }

  it("keep characters whole whose bytes arrive separately, and drop only the last line break", async () => {
    const record = recording();
    const { stdout } = await run("printf '\\303'; sleep 0.2; printf '\\251\\r\\n\\n'", {}, record);
    expect(stdout).to.equal("é\r\n");
    expect(record.lines).to.deep.equal(["é", ""]);
  });
});
