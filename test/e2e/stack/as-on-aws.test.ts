/** The commands that the README gives for AWS, in the lab. */
import { expect } from "chai";
import { mkdir, readFile, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { succeed } from "../../../lab/support/lab.ts";
import { linesOf } from "../../support/documentation.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { typeCommands } from "../../support/typed-commands.ts";

describe("A user who follows the documentation for AWS", function () {
  this.timeout(10 * 60_000);
  const { lab } = useSharedStack();
  const home = join(lab.home, "newcomer");
  const clone = join(home, "flask-on-aws");
  const typed = (lines: readonly string[], first?: string, input?: string) =>
    typeCommands(lines, { lab, home, ...(first && { first }), ...(input && { input }) });

  it("gets from the README to a preview, and sets up publishing", async () => {
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

  it("makes a project of their own by `pulumi new`", async () => {
    await rm(join(clone, "node_modules"));
    const [own, flags] = [join(home, "shop"), "--generate-only --yes --name shop"];
    await typed([`pulumi new "${clone}" --dir "${own}" ${flags}`]);
    expect(await readFile(join(own, "Pulumi.yaml"), "utf8")).to.match(/^name: shop$/m);
    await rm(home, { recursive: true });
  });
});
