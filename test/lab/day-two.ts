/** The commands of day two, and what the site says of them. Steps of first light, after its second release. */
import { expect } from "chai";
import type { Scene } from "./network-changes.ts";
import { succeed } from "./lab.ts";
import { fromSite } from "./site.ts";

/**
 * @param query rows of the database, asked as the app's user
 * @param loginPage the text of the app's page
 */
export function dayTwo(
  { lab, outputs }: Scene,
  query: (sql: string) => Promise<string[]>,
  loginPage: () => Promise<string>,
): void {
  const npm = (script: string, ...args: string[]) =>
    succeed("npm", ["run", "--silent", script, "--", ...args], {
      env: { LAB_NAME: lab.name, PULUMI: "lab/pulumi" },
    });
  let key: string;

  it("backs up, tries that out, and brings back a table that was dropped", async () => {
    key = (await npm("backup")).trim();
    expect(key).to.match(/^backups\/\d{8}T\d{6}Z-by-hand$/);
    expect((await npm("backups")).split("\n")).to.include(key);
    expect((await npm("drill")).trim()).to.equal(key);
    await query("DROP TABLE users");
    expect(await npm("restore", key)).to.equal(`restored: ${key}\n`);
    expect(await query("SELECT username FROM users")).to.deep.equal(["ada"]);
  });

  it("rolls back to the release before, and keeps a record of each", async () => {
    expect(await npm("rollback")).to.match(/release \d+ is served again\. To make it last, set/);
    expect(await loginPage()).to.not.include("second version");
    const [heading, ...releases] = (await npm("releases")).trim().split("\n");
    expect(heading).to.match(/^release +time +commit +revision +backup +by +seconds$/);
    expect(releases.at(-1)).to.match(/ rollback$/);
    expect(releases.at(-2)).to.match(/ preflight=\S+ migrate=\S+ switch=\S+ verify=\S+$/);
  });

  it("tells release and backup on the site, to everybody", async () => {
    const { appUrl, deployedCommit } = outputs();
    const get = fromSite(outputs());
    expect(await get("")).to.have.property("status", 200);
    expect((await get("")).body).to.include("<h1>flask-on-aws-dev</h1>");
    expect((await get("nothing")).body).to.include("There is no such page.");
    expect(await get("nothing")).to.have.property("status", 404);
    const json = (await get("status.json")).body;
    const status = JSON.parse(json) as Record<string, string | null>;
    // The outputs are those of the first release, which the rollback went back to.
    expect(status).to.include({ app: appUrl, commit: deployedCommit, failedSince: null });
    expect(status.release).to.match(/^\d{6}$/);
    for (const time of [status.deployed, status.backup, status.drill])
      expect(time).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });
}
