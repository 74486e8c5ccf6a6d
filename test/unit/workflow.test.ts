import { expect } from "chai";
import { load } from "js-yaml";
import { readFileSync } from "node:fs";

interface Step {
  readonly name?: string;
  readonly if?: string;
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Job {
  readonly if: string;
  readonly environment?: string;
  readonly permissions: Readonly<Record<string, string>>;
  readonly concurrency?: Readonly<Record<string, unknown>>;
  readonly steps: readonly Step[];
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: object;
  readonly env: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<"preview" | "up" | "drift", Job>>;
}

const text = readFileSync(
  new URL("../../examples/github-actions/pulumi.yml", import.meta.url),
  "utf8",
);
const workflow = load(text) as Workflow;
const { preview, up, drift } = workflow.jobs;
const roleOf = ({ steps }: Job) => steps.find((step) => step.with?.["role-to-assume"])!.with!;
const step = ({ steps }: Job, name: string) => steps.find((one) => one.name === name)!;

describe("The workflow for GitHub Actions", () => {
  it("gives the role that deploys to one job, which runs on main only", () => {
    expect(roleOf(up)).to.include({ "role-to-assume": "${{ vars.CI_DEPLOY_ROLE_ARN }}" });
    expect(up.if).to.match(/^github\.ref == 'refs\/heads\/main' && /);
    for (const job of [preview, drift])
      expect(roleOf(job)).to.include({ "role-to-assume": "${{ vars.CI_PREVIEW_ROLE_ARN }}" });
    expect(text.match(/CI_DEPLOY_ROLE_ARN/g)).to.have.length(1);
  });

  it("previews pull requests of the same repository, and never runs in the rights of main for them", () => {
    expect(preview.if).to.include(
      "github.event.pull_request.head.repo.full_name == github.repository",
    );
    expect(workflow.on).to.not.have.property("pull_request_target");
  });

  it("gives jobs no other permission of GitHub than they need", () => {
    expect(workflow.permissions).to.deep.equal({});
    const read = { contents: "read", "id-token": "write" };
    expect(up.permissions).to.deep.equal(read);
    expect(drift.permissions).to.deep.equal(read);
    expect(preview.permissions).to.deep.equal({ ...read, "pull-requests": "write" });
  });

  it("runs one `up` of a stack at a time, and interrupts none", () => {
    expect(up.concurrency).to.deep.equal({ group: "up-dev", "cancel-in-progress": false });
  });

  it("uses the environment that the role trusts", () => {
    expect(up.environment).to.equal(workflow.env["STACK"]);
    expect(text.match(/# stack$/gm)).to.have.length(4);
    expect(text.match(/\bdev\b/g)).to.have.length(5); // four, and the comment that tells of them
  });

  it("closes the way in for its address however `up` ends", () => {
    expect(step(up, "Close the way in").if).to.equal("always()");
    expect(up.steps.at(-1)!.name).to.equal("Close the way in");
  });

  it("comments on the pull request however the preview ends", () => {
    expect(step(preview, "Comment").if).to.match(/^always\(\)/);
  });

  it("uses actions that somebody known publishes, at a major version", () => {
    const used = Object.values(workflow.jobs).flatMap(({ steps }) => steps.map(({ uses }) => uses));
    expect([...new Set(used.filter(Boolean))]).to.have.members([
      ...["actions/checkout@v6", "actions/setup-node@v6", "pulumi/actions@v6"],
      "aws-actions/configure-aws-credentials@v6",
    ]);
  });
});
