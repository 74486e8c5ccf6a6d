import { expect } from "chai";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { settingsPage } from "../../tools/settings-page.ts";
import { blocks, pages, textOf } from "../support/documentation.ts";
import { commands as operations } from "./operations/commands.ts";

/** Sections of which the suites of test/e2e/stack read all commands from the page and run them. */
const runWhole = [
  "docs/lab.md: A walk",
  "docs/teams.md: Shared state",
  "docs/publishing.md: Publish the tree",
  "docs/environments.md: Cost",
  "docs/environments.md: Tear down",
  "docs/environments.md: Rebuild a lost environment",
  "docs/backup-copy.md: Use it",
];
/** Commands of other sections that these suites run. */
const run =
  /^(npm run (lab(:picture|:reachability)?|doctor)|(LAB_NAME=other )?lab\/\w+|pulumi (login|stack|config|up)\b.*|\.\/ops \w+( --since 2d)?|AWS_REGION=us-west-2 npm run picture)$/;
/** Commands that no test runs, with the reason. */
const notRun: Readonly<Record<string, string>> = {
  "git clone REPOSITORY flask-on-aws && cd flask-on-aws": "the tests are in a clone",
  "npm ci": "set-up does it",
  "npm test": "it runs this",
  "./ops init https://github.com/OWNER/NAME.git main":
    "test/unit/operations/init.test.ts runs it with a repository of its own",
  "url=https://token.actions.githubusercontent.com": "for the next line",
  "aws iam create-open-id-connect-provider --url $url --client-id-list sts.amazonaws.com":
    "test/e2e/engine/ci.test.ts makes the call",
  "gh api repos/OWNER/NAME --jq '\"\\(.owner.login)@\\(.owner.id)/\\(.name)@\\(.id)\"'":
    "it asks GitHub",
  "npm run --silent policies -- boundary STACK | sh":
    "test/e2e/engine/ci.test.ts makes such policies",
  "npm run --silent policies -- up STACK --state-bucket YOUR_BUCKET --state-key ARN_OF_THE_KEY | sh":
    "test/e2e/engine/ci.test.ts makes such policies",
  "lab/dns-record": "test/unit/lab/dns-record.test.ts runs it",
  "npm run lab:updates": "takes 8 minutes",
  "npm run lab:faults": "takes an hour; test/e2e/stack/faults.test.ts runs a sample",
  "npm run lab:redeploy-under-load": "needs a machine that does nothing else",
  "npm run lab:latency": "needs a machine that does nothing else",
  "./ops ssh -- sudo systemctl reboot": "the lab's machines have no systemd; others reboot them",
  "./ops rollback --undo": "test/scripts/rollback.test.ts runs it",
  "npm run --silent policies -- boundary prod": "test/unit/policies.test.ts runs it",
  "npm run --silent policies -- boundary prod | sh":
    "it calls AWS; the test of the one before runs the output",
  "npm run --silent policies -- up prod --state-bucket YOUR_BUCKET --state-key ARN_OF_THE_KEY | sh":
    "the same",
  "npm run --silent policies -- up dev --zone ID --domain app.example.com": "the same",
  "grep -l ec2:CreateVpc policies/*.json": "test/e2e/engine/removed-rights.test.ts runs it",
};
/** Sections whose indented lines are not commands, or are checked elsewhere. */
const others: Readonly<Record<string, string>> = {
  "docs/architecture.md: The program": "a diagram",
  "docs/architecture.md: The deployer": "a diagram",
  "docs/architecture.md: The lab": "a diagram",
  "docs/tasks.md: A release": "a diagram",
  "docs/tasks.md: In the lab": "test/e2e/apps/tasks.test.ts has these settings, and makes the zone",
  "docs/performance.md: Performance": "a measurement",
  "docs/operations.md: Operations": "the output of any command",
  "docs/operations.md: Commands": "the test of the commands below",
  "CONTRIBUTING.md: Check and test":
    "commands of developers, which run while the project is developed",
};

const repository = (path: string) => join(import.meta.dirname, "../..", path);
const project = readFileSync(repository("Pulumi.yaml"), "utf8");

/** Ids of a page's headings, as GitHub makes them. */
const anchorsOf = (page: string) =>
  [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\w -]/g, "")
      .replaceAll(" ", "-"),
  );

describe("The documentation", () => {
  it("contains only commands that the end-to-end suites run, and exceptions that this test lists", () => {
    const found = pages.flatMap((page) =>
      blocks(page).map((block) => ({ ...block, section: `${page}: ${block.section}` })),
    );
    const sections = new Set(found.map(({ section }) => section));
    expect([...sections]).to.include.members([...runWhole, ...Object.keys(others)]);
    const commands = found
      .filter(({ section }) => !runWhole.includes(section) && !(section in others))
      .flatMap((block) => block.commands.map(({ line }) => line.split(/ {2,}| [A-Z]+…/)[0]!));
    expect([...new Set(commands.filter((line) => !run.test(line)))]).to.have.members(
      Object.keys(notRun),
    );
    for (const [line, reason] of Object.entries(notRun))
      console.log(`    not run: ${line}: ${reason}`);
  });

  it("lists every command of ./ops, and no other", () => {
    const listed = blocks("docs/operations.md", "Commands")
      .flatMap(({ commands }) => commands.map(({ line }) => /^\.\/ops ([\w-]+)/.exec(line)?.[1]))
      .filter((name) => name !== undefined);
    expect([...new Set(listed)].toSorted()).to.deep.equal(Object.keys(operations).toSorted());
  });

  it("names only npm scripts that package.json has", () => {
    const { scripts } = JSON.parse(readFileSync(repository("package.json"), "utf8")) as {
      scripts: Record<string, string>;
    };
    const named = pages.flatMap((page) =>
      [...textOf(page).matchAll(/npm run (?:--silent )?([a-z][a-z:-]*)/g)].map(([, it]) => it!),
    );
    expect(named).to.include("lab:faults");
    for (const name of named) expect(scripts, `npm run ${name}`).to.have.property(name);
  });

  it("links to pages, files and headings that exist", () => {
    const links = pages.flatMap((page) =>
      [...textOf(page).matchAll(/\]\(([^)\s]+)\)|^\[[^\]]+\]: (\S+)$/gm)]
        .map(([, inline, reference]) => (inline ?? reference)!)
        .filter((target) => !target.startsWith("https://"))
        .map((target) => ({ page, target })),
    );
    expect(links).to.have.length.above(20);
    for (const { page, target } of links) {
      const [path = "", anchor] = target.split("#");
      const file = path ? join(dirname(page), path) : page;
      expect(existsSync(repository(file)), `${page} links to ${target}`).to.equal(true);
      if (anchor !== undefined)
        expect(anchorsOf(file), `${page} links to ${target}`).to.include(anchor);
    }
  });

  it("names only files of the repository that exist", () => {
    const named = pages.flatMap((page) =>
      [
        ...textOf(page).matchAll(
          /`((?:lab|test|scripts|network|storage|database|compute|deployer|operations|tools|docs)\/[\w./-]+)`/g,
        ),
      ].map(([, path]) => ({ page, path: path! })),
    );
    expect(named).to.have.length.above(20);
    for (const { page, path } of named.filter(({ path }) => !path.includes("NAME")))
      expect(existsSync(repository(path)), `${page} names ${path}`).to.equal(true);
  });

  it("has at most 130 lines in the README, 200 in other pages, and 120 columns", () => {
    for (const page of pages) {
      const lines = textOf(page).split("\n");
      expect(lines.length, page).to.be.at.most(page === "README.md" ? 130 : 200);
      for (const line of lines) expect(line.length, `${page}: ${line}`).to.be.at.most(120);
    }
  });

  it("has a link to each of its pages in the README", () => {
    const linked = [...textOf("README.md").matchAll(/\]\(([^)#\s]+)/g)].map(([, path]) => path!);
    expect(linked).to.include.members(pages.filter((page) => page !== "README.md"));
  });
});

describe("The settings page", () => {
  it("matches Pulumi.yaml (`npm run docs` updates it)", () => {
    expect(textOf("docs/settings.md")).to.equal(settingsPage(project));
  });

  it("shows the type, default and description of each setting", () => {
    const page = settingsPage(
      "config: { size: { type: integer, default: 3, description: How many }, names: { type: array, items: { type: string }, default: [], description: Who }, aws:region: { value: us-west-2 } }",
    );
    expect(page).to.match(/^- \*\*`size`\*\*, integer, default `3`\. How many\.$/m);
    expect(page).to.match(/^- \*\*`names`\*\*, list of strings, default `\[\]`\. Who\.$/m);
    expect(page).to.match(/^- \*\*`aws:region`\*\*, string, default `"us-west-2"`\. The region/m);
  });
});
