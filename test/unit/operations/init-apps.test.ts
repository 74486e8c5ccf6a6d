/** What ./ops init prints of the apps of this repository, against the settings by which the suites release them. */
import { expect } from "chai";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { settingsOf, variablesOf } from "../../support/app-settings.ts";
import { fixture, root, type Fixture } from "./fixture.ts";

/** What it cannot tell, by the app: the settings that it says so of. */
const untold: Readonly<Record<string, readonly string[]>> = { "test/apps/uploads": ["appFiles"] };

/** The files of a directory of this repository. */
function filesOf(directory: string): Record<string, Buffer> {
  const found = readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("__pycache__"))
    .map(({ parentPath, name }) => join(parentPath, name));
  return Object.fromEntries(
    found.map((path) => [path.slice(join(root, directory).length + 1), readFileSync(path)]),
  );
}

describe("./ops init on an app that the suites release", function () {
  this.timeout(30_000);
  let stack: Fixture;
  beforeEach(() => (stack = fixture()));
  afterEach(() => stack.machine.remove());

  it("is tested with each of them", () => {
    const apps = readdirSync(join(root, "test/apps")).map((name) => `test/apps/${name}`);
    expect(Object.keys(settingsOf)).to.have.members(["examples/app", ...apps]);
  });

  for (const [app, wanted] of Object.entries(settingsOf)) {
    it(`prints the settings of ${app}, or that it cannot tell them`, () => {
      const { address, commit } = stack.machine.repository(filesOf(app));
      const { status, stdout, stderr } = stack.ops("init", address);
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
      const printed = Object.fromEntries(
        Array.from(
          stdout.matchAll(/^ {2}pulumi config set (app\w+) (.*)$/gm),
          ([, name, value]) => [name, value],
        ),
      ) as Record<string, string>;
      const settings = Object.entries(wanted).filter(([name]) => !untold[app]?.includes(name));
      expect(printed).to.deep.equal({
        ...Object.fromEntries(settings),
        ...{ appRepository: address, appCommit: commit },
      });
      for (const setting of untold[app] ?? []) expect(stdout).to.include(`\n  - ${setting}: `);
      const variables = Object.keys(variablesOf[app] ?? {});
      const [, listed = ""] = /\nthe app reads these variables,.*\n([^]*)$/.exec(stdout) ?? [];
      expect(listed.match(/^ {2}(?!pulumi)\S+/gm)?.map((name) => name.trim()) ?? []).to.deep.equal(
        variables,
      );
    });
  }
});
