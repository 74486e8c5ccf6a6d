/** What a teammate's program reads from the main stack. A step of first light. */
import { expect } from "chai";
import type { StackFixture } from "./stack-fixture.ts";

export function teammates({ lab, outputs }: StackFixture): void {
  it("has a teammate's program read its outputs, and says which one is missing", async () => {
    const consumer = (...args: string[]) => lab.tryPulumi("-C", "examples/consumer", ...args);
    const up = () => consumer("up", "--yes", "--skip-preview");
    const { status, stdout, stderr } = await up();
    expect(status, stdout + stderr).to.equal(0);
    const read = JSON.parse((await consumer("stack", "output", "--json")).stdout) as object;
    const { appUrl, databaseEndpoint } = outputs();
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
  });
}
