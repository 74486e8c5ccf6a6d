/** What teammates read from a stack: its outputs, by command and by a program of their own. */
import { expect } from "chai";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { linesOf } from "../../support/documentation.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stackCommand, typeCommands } from "../../support/typed-commands.ts";

describe("The outputs of a stack", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;

  it("are printed with the secrets masked", async () => {
    const masked = JSON.parse(await lab.pulumi("stack", "output", "--json")) as object;
    expect(masked).to.include.all.keys(
      ...["appUrl", "appServerPublicIp", "appServerHostKey", "testServerPrivateIp"],
      ...["testServerHostKey", "sshUser", "region", "databaseEndpoint", "backupCopyBucket"],
      ...["databaseName", "siteUrl", "siteBucket", "backupBucket", "configuredCommit", "vpcId"],
    );
    expect(masked).to.include({ sshPrivateKey: "[secret]", databasePassword: "[secret]" });
  });

  it("are read by a teammate's program, which names an output that does not exist", async () => {
    const consumer = (...args: string[]) => lab.tryPulumi("-C", "examples/consumer", ...args);
    const up = () => consumer("up", "--yes", "--skip-preview");
    const { status, stdout, stderr } = await up();
    expect(status, stdout + stderr).to.equal(0);
    const read = JSON.parse((await consumer("stack", "output", "--json")).stdout) as object;
    const { appUrl, databaseEndpoint } = shared.outputs;
    expect(read).to.deep.equal({
      healthCheckUrl: `${appUrl}/login`,
      databaseHost: databaseEndpoint!.split(":")[0],
    });

    // Its own stack is one that has no such output.
    const own = "organization/flask-on-aws-consumer/dev";
    await consumer("config", "set", "stack", own);
    const refused = await up();
    expect(refused.status).not.to.equal(0);
    expect(refused.stdout).to.match(
      new RegExp(`The stack ${own} has no output appUrl\\. Remedy: pulumi up there`),
    );
    await consumer("config", "rm", "stack");
  });

  it("lead to the page, a shell and a picture by the commands of docs/teams.md", async () => {
    const home = join(lab.home, "teammate");
    await mkdir(home, { recursive: true });
    const lines = linesOf("docs/teams.md", "Outputs", "pulumi stack output");
    const options = { lab, home, first: stackCommand, input: "whoami" };
    const { stdout } = await typeCommands(lines, options);
    expect(stdout)
      .to.include(shared.outputs.appUrl)
      .and.to.match(/^admin$/m);
    const picture = join(lab.home, "../../picture.svg");
    expect(await readFile(picture, "utf8")).to.match(/^<svg|<!DOCTYPE svg/m);
    await rm(picture);
    await rm(home, { recursive: true });
  });
});
