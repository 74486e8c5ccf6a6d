/** Every remedy that the product prints, with the test that executes it or the reason why no test does. */
import { expect } from "chai";
import yaml from "js-yaml";
import { existsSync, readFileSync } from "node:fs";
import { commandLine } from "../../operations/command-line.ts";
import { ofAlarms } from "./remedies/alarms.ts";
import { ofLogs } from "./remedies/logs.ts";
import { ofPatches } from "./remedies/patches.ts";
import { ofProgram } from "./remedies/program.ts";
import { ofRestores } from "./remedies/restores.ts";
import type { Table } from "./remedies/row.ts";
import { ofScripts } from "./remedies/scripts.ts";
import { ofTasks } from "./remedies/tasks.ts";
import { ofShell, ofTypeScript, remedies } from "./remedies/sources.ts";

const table: Table = { ...ofScripts, ...ofRestores, ...ofTasks, ...ofPatches, ...ofProgram };
const rows = [table, ofAlarms, ofLogs]
  .flatMap(Object.entries<Table[string]>)
  .flatMap(([file, proofs]) =>
    Object.entries(proofs).map(([begins, proof]) => ({ file, begins, proof })),
  );
const found = remedies();
const rowOf = ({ file, text }: (typeof found)[number]) =>
  rows
    .filter((row) => row.file === file && text.startsWith(row.begins))
    .toSorted((a, b) => b.begins.length - a.begins.length)[0];
const keysOf = (file: string, member: string) => {
  const document = yaml.load(readFileSync(file, "utf8")) as Record<string, object>;
  return Object.keys(document[member]!);
};

describe("Remedies", () => {
  it("are found in shell scripts and in TypeScript sources", () => {
    const shell =
      'fail "no $a, \\"$(b "c)" ")")\\"" \\\n  "do $x, $(date "+%F")" "$e"\nremedy+="or d"\necho "remedy: f"';
    expect(ofShell("a", shell)).to.deep.equal(["do ${…}, ${…}", "or d", "f"]);
    expect(() => ofShell("a", "fail $problem $remedy")).to.throw(/a: no text in double quotes/);
    const program =
      'const up = `run ${pulumi} up`; new Failure("a", up); e("a\\n" + `remedy: b ${c}`)';
    expect(ofTypeScript("a.ts", program)).to.deep.equal(["run pulumi up", "b ${…}"]);
    expect(() => ofTypeScript("a.ts", "new Failure(a, b)")).to.throw(/where does the remedy 'b'/);
  });

  it("each have a row in the table, and each row has a remedy", () => {
    const without = found.filter((remedy) => !rowOf(remedy));
    expect(without, "remedies without a row").to.deep.equal([]);
    const used = new Set(found.map(rowOf));
    expect(
      rows.filter((row) => !used.has(row)),
      "rows without a remedy",
    ).to.deep.equal([]);
  });

  it("have rows that name existing tests", () => {
    const missing = rows.filter(({ proof }) => {
      if (!("test" in proof)) return false;
      const [file = "", title = ""] = proof.test.split(" › ");
      const titles = existsSync(file)
        ? readFileSync(file, "utf8").match(
            /(?<=(\b(it|step|commit)\(|name:)\s*)(["`]).*?\3,?$|(?<=\b(it|step|commit)\(\s*)(["`]).*?\5,/gms,
          )
        : null;
      return !titles?.some((each) => each.replaceAll("\\`", "`").includes(title));
    });
    expect(missing).to.deep.equal([]);
  });

  it("name commands, settings and files that exist", () => {
    const { commands } = commandLine({ status: 0 });
    const settings = keysOf("Pulumi.yaml", "config");
    const scripts = keysOf("package.json", "scripts");
    const wrong = found.flatMap(({ file, text }) => {
      const of = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, name]) => name!);
      const problems = [
        ...of(/npm run ([\w:-]+)/g).filter((name) => !scripts.includes(name)),
        ...of(/pulumi config (?:set|get|rm) (?:--\w+ )*'?(\w+)/g).filter(
          (name) => !settings.includes(name),
        ),
        // A word in camel case is a setting, unless it is an output.
        ...of(/(?<![\w./:$-]|stack output )([a-z]+(?:[A-Z][a-z]+)+)\b/g).filter(
          (name) => !settings.includes(name),
        ),
        ...of(/(?<![\w./])((?:lab|scripts|compute)\/[\w./-]*\w)/g).filter(
          (name) => !existsSync(name),
        ),
      ];
      for (const call of of(/\.\/ops ([a-z$][^;,\n]*)/g)) {
        // A variable after a word contains options.
        const [name, ...words] = call.replaceAll("${…}", "").trim().split(" ");
        if (name === "") continue;
        const command = commands.find((each) => each.name() === name);
        if (!command) problems.push(`./ops ${name}`);
        const options = words.slice(0, words.includes("--") ? words.indexOf("--") : undefined);
        for (const option of options.filter((word) => word.startsWith("-"))) {
          const known = command?.options.some(
            ({ long, short }) => option === long || option === short,
          );
          if (!known) problems.push(`./ops ${name} ${option}`);
        }
      }
      return problems.map((problem) => `${file}: ${problem}, in: ${text}`);
    });
    expect(wrong).to.deep.equal([]);
  });

  after(() => {
    const by = new Map<string, string[]>();
    for (const { file, begins, proof } of rows) {
      const reason = "test" in proof ? "" : proof.inspect;
      by.set(reason, [...(by.get(reason) ?? []), `${file}: ${begins}`]);
    }
    const tested = by.get("")!.length;
    console.log(
      `    ${tested} rows of remedies name the test that executes them, ${rows.length - tested} are for inspection:`,
    );
    for (const [reason, which] of by)
      if (reason) console.log(`    - ${reason}:\n        ${which.join("\n        ")}`);
  });
});
