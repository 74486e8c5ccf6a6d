/** The public site of a stack. */
import { expect } from "chai";
import type { Lab } from "../../../lab/support/lab.ts";
import type { StackFixture } from "./stack-fixture.ts";

/** What the site of a stack answers, asked as docs/lab.md says. */
export function fromSite(lab: Lab, { siteUrl }: Record<string, string>) {
  return async (path: string): Promise<{ status: number; body: string }> => {
    const printed = await lab.in("curl", "-s", "-w", "\n%{http_code}", `${siteUrl}/${path}`);
    const lines = printed.split("\n");
    return { status: Number(lines.pop()), body: lines.join("\n") };
  };
}

/** A step of first light, after its walk. */
export function siteTells({ lab, outputs }: StackFixture): void {
  it("tells release and backup on the site, to everybody", async () => {
    const { appUrl, configuredCommit } = await lab.outputs();
    const get = fromSite(lab, outputs());
    expect(await get("")).to.have.property("status", 200);
    expect((await get("")).body).to.include("<h1>flask-on-aws-dev</h1>");
    expect((await get("nothing")).body).to.include("There is no such page.");
    expect(await get("nothing")).to.have.property("status", 404);
    const json = (await get("status.json")).body;
    const status = JSON.parse(json) as Record<string, string | null>;
    expect(status).to.include({ app: appUrl, commit: configuredCommit, failedSince: null });
    expect(status.release).to.match(/^\d{6}$/);
    for (const time of [status.deployed, status.backup, status.restoreTest])
      expect(time).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });
}
