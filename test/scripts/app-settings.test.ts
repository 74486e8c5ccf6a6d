/** The app's settings file, as the program writes it and the machine reads it. */
import { expect } from "chai";
import fc from "fast-check";
import { execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { appEnvironment } from "../../deployer/environment.ts";
import { FakeMachine, until } from "../support/machine.ts";

const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(..."\\\"'$#%=`\t\n\r ".split(""), "$$", "${A:-b}", " #", "\r\n", "\\n", "é"),
      fc.string({ unit: "grapheme", maxLength: 3 }),
    ),
  )
  .map((parts) => parts.join("").replaceAll("\0", ""));

describe("The app's settings file", () => {
  let machine: FakeMachine;
  let file: string;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack();
    file = join(machine.root, "app.env");
  });
  afterEach(() => machine.remove());

  const write = (secrets: Record<string, string>, variables: Record<string, string> = {}) =>
    machine.write(
      "root/app.env",
      appEnvironment({ database: undefined, secretKey: "0123456789", variables, secrets }),
    );
  const script = () => join(machine.root, "bin/app_settings.py");
  const redacted = (input: string) =>
    execFileSync("python3", [script(), file, "redact"], { input, encoding: "utf8" });

  it("gives a migration each value unchanged, whatever is in it", () => {
    fc.assert(
      fc.property(text, text, (plain, secret) => {
        write({ SECRET: secret }, { PLAIN: plain });
        const code =
          "import os, json; print(json.dumps([os.environ[n] for n in ('PLAIN', 'SECRET')]))";
        const args = [script(), file, "run", "python3", "-c", code];
        const printed = execFileSync("python3", args, { encoding: "utf8" });
        expect(JSON.parse(printed)).to.deep.equal([plain, secret]);
      }),
      { numRuns: 20 },
    );
  });

  it("passes on and hides a secret of 64 KB, which is the most", () => {
    const secret = "s3cret\n".repeat(9362);
    write({ SECRET: secret });
    const print = "import os, sys; sys.stdout.write(os.environ['SECRET'])";
    const args = [script(), file, "run", "python3", "-c", print];
    expect(execFileSync("python3", args, { encoding: "utf8" })).to.equal(secret);
    expect(redacted("a s3cret\n")).to.equal("a [secret]\n");
  });

  it("has the values of secrets hidden in each form that a log may have, and no others", () => {
    const key = `p@ss "w" $x \\ é`;
    write(
      { KEY: key, PEM: "--begin--\nMIIEabc\n--end--\n", SHORT: "abc", LONGER: "MIIEabcdef" },
      { MODE: "production" },
    );
    const lines = {
      [`a ${key} b ${key}`]: "a [secret] b [secret]",
      [`https://u:${encodeURIComponent(key)}@host`]: "https://u:[secret]@host",
      [JSON.stringify({ key })]: '{"key":"[secret]"}',
      "  MIIEabc": "  [secret]",
      "MIIEabcdef.": "[secret].",
      [JSON.stringify("--begin--\nMIIEabc\n--end--\n")]: '"[secret]"',
      "repr: '--begin--\\nMIIEabc\\n'": "repr: '[secret]\\n[secret]\\n'",
      "0123456789": "[secret]",
      "abc production  x": "abc production  x",
    };
    expect(redacted(Object.keys(lines).join("\n"))).to.equal(
      Object.values(lines).join("\n") + "\n",
    );
    const written = machine.read("root/app.env");
    expect(redacted(written)).to.not.match(/p@ss|MIIE|begin/);
  });

  it("has its secrets hidden in a running log at once", async () => {
    write({ API_KEY: "open sesame" });
    const env = { ...process.env, PYTHONUNBUFFERED: "" };
    const copy = spawn("python3", [script(), file, "redact"], { env });
    let printed = "";
    copy.stdout.setEncoding("utf8").on("data", (more: string) => (printed += more));
    copy.stdin.write("key: open sesame\n");
    await until(() => printed !== "", "the line").catch(() => copy.kill());
    expect(printed).to.equal("key: [secret]\n");
    copy.stdin.end();
    await until(() => copy.exitCode !== null, "its end");
    expect(copy.exitCode).to.equal(0);
  });

  it("has its secrets hidden in what a run prints, and in why a step of ./ops has failed", () => {
    write({ API_KEY: "open $esame" });
    machine.script(
      "work.sh",
      `. "$(dirname "$0")/common.sh"; echo 'open $esame'; fail a b 'open $esame'`,
    );
    const detached = machine.run("run-detached.sh", ["job", "work.sh"]);
    expect(detached.stdout).to.equal("[secret]\nerror: a\nremedy: b\n  | [secret]\n");
    expect(machine.run("work.sh").stderr).to.equal("error: a\nremedy: b\n  | [secret]\n");
  });

  it("need not be there, nor Python, for a step to say why it has failed", () => {
    machine.fake("python3", "exit 127");
    machine.script("work.sh", `. "$(dirname "$0")/common.sh"; fail a b evidence`);
    const { status, stderr } = machine.run("work.sh");
    expect(stderr).to.equal("error: a\nremedy: b\n  | evidence\n");
    expect(status).to.equal(1);
  });

  it("has its secrets hidden in the logs", () => {
    write({ API_KEY: "open $esame" });
    machine.write("root/release.env", "");
    machine.fake("docker-compose", `echo 'green-1  | 2026-01-02T03:04:05.1Z key: open $esame'`);
    expect(machine.run("logs.sh").stdout).to.equal("2026-01-02T03:04:05Z green key: [secret]\n");
  });
});
