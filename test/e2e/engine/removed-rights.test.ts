/**
 * The policies of `up` with one right removed: `up`, or what comes after it, names the right, and the page says where
 * it belongs.
 * RIGHTS=all, or a list with commas, in place of the sample: `npm run lab:rights` takes hours.
 */
import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startApi } from "../../../lab/support/api-server.ts";
import { policiesOf } from "../../../tools/policies.ts";
import { blocks } from "../../support/documentation.ts";
import { reasonsOf } from "../../support/permission-reasons.ts";
import { actionsOf } from "../../support/principals.ts";
import { makeZone, parts, restrictedStack } from "../../support/restricted-stack.ts";

/** One that a new stack needs at once, and one that it needs late. */
const sample = "ec2:CreateVpc,s3:PutBucketWebsite";
/** The program goes on without these, on purpose. */
const optional = ["servicequotas:GetServiceQuota", "servicequotas:GetAWSDefaultServiceQuota"];

const places = { project: "flask-on-aws", stack: "dev", zone: "Z1", domain: "dev.example.test" };
const unused = reasonsOf();
const all = [...policiesOf("up", places)].flatMap(([file, policy]) =>
  actionsOf(policy)
    .filter((action) => !unused.has(action) && !optional.includes(action))
    .map((action) => ({ action, file })),
);
const wanted = process.env.RIGHTS ?? sample;
const rows =
  wanted === "all" ? all : all.filter(({ action }) => wanted.split(",").includes(action));

describe("Without a right of the policies of `up`", function () {
  this.timeout(900_000);

  it("there are rows to run", () => expect(rows).to.not.deep.equal([]));

  for (const { action, file } of rows)
    it(`a run names ${action}, and the page's command finds policies/${file}.json`, async () => {
      const directory = mkdtempSync(join(tmpdir(), "rights-"));
      const api = await startApi();
      try {
        const stack = await restrictedStack(api, directory, "dev", await makeZone(api), action);
        const [first, more, changed] = parts("dev");
        const steps = [
          { verb: "up", settings: { ...first, ...more } },
          { verb: "refresh", settings: {} },
          { verb: "up", settings: changed },
          { verb: "destroy", settings: {} },
        ];
        let said = "";
        for (const { verb, settings } of steps) {
          if (said.includes(action)) break;
          await stack.set(settings);
          const { stdout, stderr } = await stack.engine.pulumi(verb, "--yes", "--skip-preview");
          said += stdout + stderr;
        }
        expect(said).to.include(`not authorized to perform: ${action} on resource:`);
      } finally {
        await api.stop();
        rmSync(directory, { recursive: true, force: true });
      }
      const [block] = blocks("docs/permissions.md", "A right is missing");
      const command = block!.commands[0]!.line.replace("ec2:CreateVpc", action);
      const found = execFileSync("bash", ["-c", command], { encoding: "utf8" });
      expect(found.trim().split("\n")).to.include(`policies/${file}.json`);
    });
});
