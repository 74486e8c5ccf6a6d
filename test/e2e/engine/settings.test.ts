/** The settings under the real engine: its own checks, and whether the printed remedies work. */
import { expect } from "chai";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, succeed } from "../../../lab/support/lab.ts";

const root = join(import.meta.dirname, "../../..");
/** Messages of docs/troubleshooting.md, with the commands in the cell beside each. */
const rows = readFileSync(join(root, "docs/troubleshooting.md"), "utf8")
  .split("\n")
  .flatMap((line) => [...line.matchAll(/^\| `(.+?)` +\| (.+?) +\|$/g)])
  .map(([, message, remedy]) => ({
    message: message!,
    commands: [...remedy!.matchAll(/`(pulumi config [^`]+)`/g)].map(([, command]) => command!),
  }));

/** The value for the placeholder in a command that sets this setting. */
const values: Readonly<Record<string, string>> = {
  adminCidrs: "10.0.0.0/8",
  appCommit: "5f0ffe77e5ea794edfffbb18a196a01f9918b075",
  "availabilityZones[0]": "us-west-2a",
  "availabilityZones[1]": "us-west-2b",
  confirmDestroy: "dev",
  databaseAllocatedStorage: "40",
  NAME: "x",
  WITHOUT_PATH: "x",
  BIG: "12345678901234567890",
  natGateways: "none",
};

describe("The settings", function () {
  this.timeout(120_000);
  let directory: string;
  let settings: string;
  let env: Record<string, string>;

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "settings-"));
    settings = join(directory, "Pulumi.dev.yaml");
    mkdirSync(join(directory, "state"));
    copyFileSync(join(root, "Pulumi.yaml"), join(directory, "Pulumi.yaml"));
    env = {
      PULUMI_HOME: join(directory, "home"),
      PULUMI_BACKEND_URL: `file://${directory}/state`,
      PULUMI_CONFIG_PASSPHRASE: "correct horse",
      PULUMI_STACK: "dev",
      PULUMI_OPTION_CONFIG_FILE: settings,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      // The program ends before it needs a provider.
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    };
    await typed(`cd ${directory} && pulumi stack init dev`);
    // The program always ends with this problem.
    await typed("pulumi config set vpcCidr none");
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  /** Runs a command line, with a secret as its input. */
  const typed = (line: string, input = "open sesame, please") =>
    succeed("bash", ["-c", line], { env, input });
  /** Replaces the placeholder with a value. */
  const filledIn = (command: string) =>
    command.replace(
      /('?)([\w[\]]+?)((?:\[0\])?)\1 (?:VALUE|NUMBER|YOUR_ADDRESS\/32)/,
      (_, quote: string, key: string, first: string) =>
        `${quote}${key}${first}${quote} ${values[key + first] ?? values[key]}`,
    );
  const preview = async () => {
    const { status, stdout, stderr } = await run("pulumi", ["preview", "--non-interactive"], {
      env,
    });
    expect(status, stdout).to.not.equal(0);
    return `${stdout}\n${stderr}`;
  };
  /** The problems that the program reports. */
  const problems = async () => {
    const printed = await preview();
    const [, report] = printed.split(/^ +error: The settings have problems:\n/m);
    expect(report, printed).to.be.a("string");
    return report!.split(/^\n/m)[0]!.split(/^ +- /m).slice(1);
  };

  it("are refused if their type is wrong, until commands of docs/troubleshooting.md fix them", async () => {
    const wrong = {
      databaseAllocatedStorage: "pulumi config set databaseAllocatedStorage big",
      flowLogs: "pulumi config set flowLogs yes",
      adminCidrs: "pulumi config set adminCidrs 10.0.0.0/8",
      natGateways: "pulumi config set --path 'natGateways[0]' none",
      appEnvironment: "pulumi config set appEnvironment NAME=x",
      publishToken: "pulumi config set --secret publishToken",
    };
    for (const command of Object.values(wrong)) await typed(command);
    // Like a secret that was copied from another stack's file.
    const text = readFileSync(settings, "utf8");
    const other = (_: string, before: string, digit: string) =>
      before + (digit === "A" ? "B" : "A");
    writeFileSync(settings, text.replace(/(secure: v1:[^:]+:)(.)/, other));

    const corrected: string[] = [];
    for (let attempt = 0; attempt < Object.keys(wrong).length; attempt += 1) {
      const printed = await preview();
      const [, stopped] = /^error: validating stack config: (.*)$/m.exec(printed) ?? [];
      expect(stopped, printed).to.be.a("string");
      const key = /'(\w+)' must be/.exec(stopped!)?.[1] ?? "publishToken";
      const row = rows.find(({ message }) => stopped!.endsWith(message.replace("KEY", key)));
      expect(row, stopped).to.be.an("object");
      for (const command of row!.commands) await typed(filledIn(command.replace("KEY", key)));
      corrected.push(key);
    }
    expect(corrected).to.have.members(Object.keys(wrong));
    expect(await problems()).to.have.lengthOf(1);
  });

  it("cause errors whose remedies correct every problem", async () => {
    const mistakes = [
      "pulumi config set allowOwnAddress false",
      "pulumi config set appComit 5f0ffe77e5ea794edfffbb18a196a01f9918b075",
      "pulumi config set colour red",
      "pulumi config set tearDown dev",
      "pulumi config set 'availabilityZones[0]' us-west-2a",
      "pulumi config set 'availabilityZones[1]' us-west-2b",
      "pulumi config set databasePassword 'correct horse battery'",
      "pulumi config set --secret appRepositoryCredential </dev/null",
      "pulumi config set publishRepository https://git.example/a.git",
      "pulumi config set --path appEnvironment.BIG 12345678901234567890",
      "pulumi config set --path 'appEnvironment[\"my-name\"]' x",
      "pulumi config set --path appEnvironment.SECRET_KEY correct-horse",
      "pulumi config set --path appEnvironment.DATABASE_URL mysql://db.example",
      "pulumi config set --path appEnvironment.FLASK_APP wsgi:app",
      "pulumi config set appEnvironment.WITHOUT_PATH x",
      "pulumi config set --path appSecrets.API_KEY 'correct horse'",
      "pulumi config set appDockerfile Dockerfile",
      "pulumi config set --path 'appPackages[0]' git",
      "pulumi config set --path 'appSchedule[0].name' Cleanup",
      "pulumi config set --path 'appSchedule[0].cron' '61 * * * *'",
      "pulumi config set --path 'appSchedule[0].comand' x",
    ];
    for (const mistake of mistakes) await typed(mistake);

    const printed = await problems();
    expect(printed).to.have.lengthOf(22);
    for (const problem of printed) {
      const [, remedy] = problem.split(/^ +remedy: /m);
      const lines = remedy!.split("\n").map((line) => line.trim());
      const without = lines.find((line) => line.startsWith("or, to have none: "));
      const commands = without
        ? [without.replace(/.*: /, "")]
        : lines.filter((line) => line.startsWith("pulumi "));
      expect(commands.length > 0, problem).to.equal(!problem.includes("vpcCidr"));
      for (const command of commands) await typed(filledIn(command));
    }
    expect(await problems()).to.have.lengthOf(1);
    const set = readFileSync(settings, "utf8");
    for (const key of ["databasePassword", "publishToken", "API_KEY", "SECRET_KEY"])
      expect(set).to.match(new RegExp(`\\b${key}:\\n +secure: `));
    expect(set).to.not.match(/appComit|colour|tearDown|appRepositoryCredential|correct.horse/);
    expect(set).to.match(/confirmDestroy: dev$/m);
  });

  it("refuse an empty secret of the app's own, until it is removed", async () => {
    await typed("pulumi config set --path --secret appSecrets.API_KEY </dev/null");
    const [, problem] = await problems();
    expect(problem).to.match(/^\S+:appSecrets\.API_KEY is empty$/m);
    await typed(/^ +or, to have none: (.*)$/m.exec(problem!)![1]!);
    expect(await problems()).to.have.lengthOf(1);
  });
});
