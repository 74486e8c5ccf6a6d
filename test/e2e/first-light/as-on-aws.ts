/** What the documentation says for AWS, in the lab. Steps of first light. */
import { expect } from "chai";
import { mkdir, readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { run, succeed, type Lab, type Result } from "../../../lab/support/lab.ts";
import type { StackFixture } from "./stack-fixture.ts";
import { linesOf } from "../../support/documentation.ts";

/**
 * Runs lines of the documentation in one shell, in the environment of the lab and with a home directory of their own.
 *
 * @param home is the one's who types them; in it `pulumi` asks for no confirmation
 * @param first what the shell runs before, e.g. where it goes
 */
export async function type(
  lines: readonly string[],
  { lab, home, first = "", input = "" }: { lab: Lab; home: string; first?: string; input?: string },
): Promise<Result> {
  const labs = lines.map((line) => line.replace(/^\.\/ops /, "lab/ops "));
  const script = ["set -euo pipefail", `export HOME=${home}`, first, ...labs].join("\n");
  const env = {
    ...{ LAB_NAME: lab.name, LAB_RUN_OF: lab.home }, // so that lab/down ends what a test that failed has left
    ...{ PULUMI_SKIP_CONFIRMATIONS: "true", PULUMI_SKIP_UPDATE_CHECK: "true" },
    ...{ PULUMI_CONFIG_PASSPHRASE: "correct horse" },
    PULUMI_HOME: join(home, ".pulumi"), // since Pulumi asks the system for the home, not the shell
  };
  const result = await run("lab/in", ["bash", "-c", script], { env, input });
  expect(result.status, `${lines.join("\n")}\n${result.stdout}\n${result.stderr}`).to.equal(0);
  return result;
}

/** In the place of `pulumi`, for the stacks that the lab has. */
export const asTheLabs = 'pulumi() { lab/pulumi "$@"; }';

export function asOnAws({ lab, outputs }: StackFixture): void {
  const home = join(lab.home, "newcomer");
  const clone = join(home, "flask-on-aws");
  const typed = (lines: readonly string[], first?: string, input?: string) =>
    type(lines, { lab, home, ...(first && { first }), ...(input && { input }) });

  it("starts on AWS as the README says, up to the preview, and with publishing", async () => {
    await mkdir(clone, { recursive: true });
    // As a clone is, and with the packages that set-up has installed by `npm ci`.
    const copy = `git ls-files -z | tar --create --null --files-from=- | tar --extract --directory="${clone}"`;
    await succeed("bash", ["-c", copy]);
    await symlink(join(lab.home, "../../node_modules"), join(clone, "node_modules"));
    const plugins = `PATH=$PWD/lab/providers/bin:$PWD/lab/providers/fallback:$PATH; cd "${clone}"`;
    const lines = (page: string, heading: string, begin: string) =>
      linesOf(page, heading, begin)
        // Set-up has installed the packages, and there is nothing to verify after a preview.
        .filter((line) => line !== "npm ci" && line !== "./ops verify")
        // A second stack of that name would clash with the one that is up, as in one account.
        .map((line) => line.replace(/^pulumi up$/, "pulumi preview"))
        .map((line) => line.replace("YOUR_ADDRESS", "203.0.113.7"))
        // As --local does with the home directory that the system knows.
        .map((line) => line.replace("pulumi login --local", 'pulumi login "file://$HOME"'));
    const { stdout } = await typed(
      lines("README.md", "Use it on AWS", "pulumi stack init"),
      plugins,
    );
    expect(stdout)
      .to.match(/^For AWS all is there\.$/m)
      .and.to.match(/\+ \d\d to create/);
    const publish = lines("docs/publishing.md", "Publish the tree", "pulumi config set");
    await typed(publish, plugins, "a token");
    const settings = await readFile(join(clone, "Pulumi.dev.yaml"), "utf8");
    expect(settings).to.match(/^ {2}flask-on-aws:publishToken:\n {4}secure: /m);
  });

  it("is a template for a project of one's own", async () => {
    await rm(join(clone, "node_modules"));
    const [own, flags] = [join(home, "shop"), "--generate-only --yes --name shop"];
    await typed([`pulumi new "${clone}" --dir "${own}" ${flags}`]);
    expect(await readFile(join(own, "Pulumi.yaml"), "utf8")).to.match(/^name: shop$/m);
    await rm(home, { recursive: true });
    await mkdir(home);
  });

  it("gives the outputs, a way in and a picture as docs/teams.md says", async () => {
    const lines = linesOf("docs/teams.md", "Outputs", "pulumi stack output");
    const { stdout } = await typed(lines, asTheLabs, "whoami");
    expect(stdout)
      .to.include(outputs().appUrl)
      .and.to.match(/^admin$/m);
    const picture = join(lab.home, "../../picture.svg");
    expect(await readFile(picture, "utf8")).to.match(/^<svg|<!DOCTYPE svg/m);
    await rm(picture);
  });

  it("operates the app as docs/operations.md says", async () => {
    // The walk runs the others.
    const { stdout } = await typed(["./ops status", "./ops logs", "./ops backups"], asTheLabs);
    expect(stdout)
      .to.match(/GET \/login/)
      .and.to.match(/^backups\/\S+-by-hand /m);
    const shell = await typed(["./ops app"], asTheLabs, "print(app.name)");
    expect(shell.stdout).to.match(/>>> apps$/m);
    const cost = await typed(linesOf("docs/environments.md", "Cost", "npm run cost"));
    expect(cost.stdout).to.match(/^total .*\d\.\d\d/m);
  });
}
