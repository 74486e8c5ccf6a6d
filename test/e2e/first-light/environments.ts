/** Production beside development, in one account and region, to their ends. The last steps of first light. */
import { EC2, type Tag } from "@aws-sdk/client-ec2";
import { RDS } from "@aws-sdk/client-rds";
import { expect } from "chai";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { asTheLabs, type } from "./as-on-aws.ts";
import { Browser } from "../../../lab/support/browser.ts";
import { run, succeed } from "../../../lab/support/lab.ts";
import type { StackFixture } from "./stack-fixture.ts";
import { fromSite } from "./site.ts";
import { follow, linesOf } from "../../support/documentation.ts";
import { stages } from "./walk.ts";

/** @param state what the CLI exports of a stack's state */
export function environments(
  { lab, outputs }: StackFixture,
  state: (...args: string[]) => Promise<{ resources?: unknown[] }>,
): void {
  const prod = ["--stack", "prod"];
  const published = "https://git.lab.test/published.git";
  let token: string;
  let commit: string;
  let app: Browser;
  const page = async () => {
    const response = await app.request("/login");
    return { status: response.status, text: await response.text() };
  };

  /** Those of production that serve. */
  const natGateways = async () => {
    const { NatGateways = [] } = await new EC2(await lab.client()).describeNatGateways();
    const ofProd = ({ Key, Value }: Tag) => Key === "stack" && Value === "prod";
    return NatGateways.filter(({ State, Tags }) => State === "available" && Tags?.some(ofProd));
  };

  it("has published what development serves, as a branch and on the site", async () => {
    token = await lab.publishToken();
    const internet = `${lab.name}-internet`;
    const git = (...args: string[]) =>
      succeed("docker", ["exec", internet, "git", "-C", "/srv/git/published.git", ...args]);
    commit = (await git("rev-parse", "flask-on-aws-dev")).trim();
    const files = (await git("ls-tree", "-r", "--name-only", commit)).split("\n");
    expect(files).to.include.members(["run.py", "release/compose.yml", "migrations/env.py"]);
    expect(files).to.not.include(".env");
    const get = fromSite(lab, outputs());
    const { download, commit: serving } = JSON.parse((await get("status.json")).body) as {
      download: string;
      commit: string;
    };
    expect(await git("log", "--format=%s", "-1", commit)).to.include(serving);
    expect((await get(download)).status).to.equal(200);
    expect((await get("dump.sql.gz")).status, "nobody asked for that").to.equal(404);
  });

  it("brings production up beside it, from the published branch, with a standby and a NAT gateway in each zone", async () => {
    for (const setting of [
      ["appRepository", published],
      ["appCommit", commit],
    ])
      await lab.pulumi(...prod, "config", "set", ...setting);
    await lab.setSecret("appRepositoryCredential", token, ...prod);
    await lab.pulumi(...prod, "up", "--yes", "--skip-preview");

    const its = await lab.outputs(...prod);
    expect(its.configuredCommit).to.equal(commit);
    app = new Browser(its.appUrl!);
    expect((await page()).text).to.match(/<form.*name="username"/s);
    const client = await lab.client();
    const { DBInstances = [] } = await new RDS(client).describeDBInstances();
    const [dev, standby] = DBInstances.toSorted((a, b) => Number(a.MultiAZ) - Number(b.MultiAZ));
    expect(dev).to.include({ MultiAZ: false, DeletionProtection: false });
    expect(standby).to.include({
      ...{ MultiAZ: true, DeletionProtection: true, BackupRetentionPeriod: 30 },
    });
    expect(await natGateways()).to.have.lengthOf(2);
    const { FlowLogs } = await new EC2(client).describeFlowLogs();
    expect(FlowLogs).to.have.lengthOf(1);
    expect(FlowLogs![0]).to.include({ FlowLogStatus: "ACTIVE", DeliverLogsStatus: "SUCCESS" });
  });

  it("destroys development as docs/lab.md says, with full buckets, while production serves", async () => {
    const copies = join(lab.home, "../copy");
    for (const command of stages().at(-1)!.commands) {
      // The lab is needed for some more steps.
      if (command.line !== "lab/down") await follow(command, lab.name);
    }
    const [key] = await readdir(join(copies, "backups"));
    const copied = (file: string) => join(copies, "backups", key!, file);
    expect(await readFile(copied("manifest"), "utf8")).to.match(/^rows users 1$/m);
    expect((await run("gzip", ["--test", copied("dump.sql.gz")])).status).to.equal(0);
    await rm(copies, { recursive: true });
    expect((await state()).resources ?? []).to.deep.equal([]);
    expect((await page()).status).to.equal(200);
  });

  it("destroys production only when it is named, and leaves a last snapshot", async () => {
    const before = (await state(...prod)).resources;
    const refused = await lab.tryPulumi(...prod, "destroy", "--yes");
    expect(refused.status).to.not.equal(0);
    expect(refused.stdout + refused.stderr).to.match(/database.*protected/s);
    expect((await state(...prod)).resources).to.have.length(before!.length);
    expect((await page()).status).to.equal(200);

    const home = join(lab.home, "administrator");
    const typed = (line = "") => type([line], { lab, home, first: asTheLabs });
    const [copy, name, lift, destroy, forget] = linesOf(
      "docs/environments.md",
      "Tear down",
      "pulumi config set confirmDestroy",
    );
    expect((await typed(copy)).stdout).to.include(home);
    await typed(name);
    // On the way, as another update would be.
    await lab.pulumi(...prod, "config", "set", "natGateways", "none");
    await typed(lift);
    expect((await page()).status).to.equal(200);
    expect(await natGateways()).to.deep.equal([]);
    await typed(destroy);
    await typed(forget);
    expect((await state(...prod)).resources ?? []).to.deep.equal([]);
    const { DBSnapshots } = await new RDS(await lab.client()).describeDBSnapshots();
    expect(DBSnapshots).to.have.lengthOf(1);
  });
}
