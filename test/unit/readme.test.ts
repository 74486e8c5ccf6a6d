import { expect } from "chai";
import { readFileSync } from "node:fs";
import { check, resolveConfig } from "prettier";
import { withSettings } from "../../tools/readme.ts";
import { blocks } from "../lab/readme.ts";

const path = (name: string) => new URL(`../../${name}`, import.meta.url);
const readme = readFileSync(path("README.md"), "utf8");
const project = readFileSync(path("Pulumi.yaml"), "utf8");

/** Headings whose commands first light takes from the README and runs. */
const walked = /^(A walk|Shared state|Publish the app|Release the app|Environments|Tear down)$/;
/** Commands under other headings that it runs. */
const run =
  /^(npm run lab(:picture|:reachability)?|(LAB_NAME=other )?lab\/\w+|npm run doctor|pulumi .*|\.\/ops .*|AWS_REGION=us-west-2 npm run picture)$/;
/** Those that no test runs, with the reason. */
const notRun: Readonly<Record<string, string>> = {
  "git clone REPOSITORY flask-on-aws && cd flask-on-aws": "the tests are in a clone",
  "npm ci": "set-up does it",
  "npm test": "it runs this",
  "npm run lab:updates": "takes 8 minutes",
  "npm run lab:faults": "takes an hour; its first rows are in first light",
  "npm run lab:redeploy-under-load": "wants a machine that does nothing else",
  "npm run lab:latency": "wants a machine that does nothing else",
};

describe("The README", () => {
  it("has no command but those that first light runs, and a few that are said here", () => {
    const commands = blocks()
      .filter(({ section }) => section !== "Performance" && !walked.test(section))
      .flatMap((block) => block.commands.map(({ line }) => line.split(/ {2,}| [A-Z]+…/)[0]!));
    expect(commands.filter((line) => !run.test(line))).to.have.members(Object.keys(notRun));
    for (const [line, reason] of Object.entries(notRun)) console.log(`skipped: ${line}: ${reason}`);
  });

  it("names no script that package.json does not have", () => {
    const { scripts } = JSON.parse(readFileSync(path("package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    const named = [...readme.matchAll(/npm run (?:--silent )?([a-z][a-z:-]*)/g)].map(
      ([, it]) => it!,
    );
    expect(Object.keys(scripts)).to.include.members(named);
  });

  it("has the settings of Pulumi.yaml: if not, npm run readme", async () => {
    expect(await withSettings(readme, project)).to.equal(readme);
    expect(readme).to.match(/^\| `natGateways` +\| string +\| `"single"` +\| .* or none +\|$/m);
    expect(readme).to.match(/^\| `adminCidrs` +\| strings +\| `\[\]` +\| IPv4 networks /m);
    expect(readme).to.match(/^\| `aws:region` +\| string +\| `"us-west-2"` +\|/m);
  });

  it("gets the table of a changed Pulumi.yaml, formatted, and nothing else changes", async () => {
    const description = "Either a|b";
    const changed = await withSettings(
      readme,
      `config: { size: { type: integer, default: 3, description: ${description} } }`,
    );
    expect(changed).to.match(/^\| `size` +\| integer +\| `3` +\| Either a\\\|b \|$/m);
    expect(changed).to.not.include("`pipIndexUrl`");
    const options = { ...(await resolveConfig(path("README.md"))), parser: "markdown" };
    expect(await check(changed, options)).to.equal(true);
    expect(await withSettings(changed, project)).to.equal(readme);
  });

  it("is not written without a place for the table", async () => {
    let message = "";
    await withSettings("# flask-on-aws\n", project).catch(
      (error: Error) => (message = error.message),
    );
    expect(message).to.match(/^README\.md lacks "<!-- settings: begin -->".*\nremedy: /);
  });
});
