import { expect } from "chai";
import { readFileSync } from "node:fs";
import { check, resolveConfig } from "prettier";
import { withSettings } from "../../tools/readme.ts";

const path = (name: string) => new URL(`../../${name}`, import.meta.url);
const readme = readFileSync(path("README.md"), "utf8");
const project = readFileSync(path("Pulumi.yaml"), "utf8");

describe("The README", () => {
  it("has the settings of Pulumi.yaml: if not, npm run readme", async () => {
    expect(await withSettings(readme, project)).to.equal(readme);
    expect(readme).to.match(/^\| `natGateways` +\| string +\| `"single"` +\| .* or none +\|$/m);
    expect(readme).to.match(/^\| `adminCidrs` +\| strings +\| `\[\]` +\| Required\. /m);
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
