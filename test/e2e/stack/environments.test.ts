/** Production beside development, in one account and region, to their ends and the end of the lab. */
import { EC2, type Tag } from "@aws-sdk/client-ec2";
import { RDS } from "@aws-sdk/client-rds";
import { expect } from "chai";
import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { Browser } from "../../../lab/support/browser.ts";
import { run } from "../../../lab/support/lab.ts";
import { register } from "../../../lab/support/app-users.ts";
import { blocks, follow, linesOf } from "../../support/documentation.ts";
import { added } from "../../support/host-footprint.ts";
import { inPublished, publishRepository, setUpPublishing } from "../../support/publishing.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";
import { stackCommand, typeCommands } from "../../support/typed-commands.ts";

describe("Two environments", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
  stepsInOrder();

  const prod = ["--stack", "prod"];
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

  before("development publishes a release", async () => {
    await register(shared.stack);
    await setUpPublishing(shared.stack);
    await shared.stack.release();
    commit = await inPublished(shared.stack, "rev-parse", shared.prefix);
  });

  it("run side by side: production from the published branch, with a standby and a NAT gateway in each zone", async () => {
    for (const setting of [
      ["appRepository", publishRepository],
      ["appCommit", commit],
    ])
      await lab.pulumi(...prod, "config", "set", ...setting);
    await lab.setSecret("appRepositoryCredential", await lab.publishToken(), ...prod);
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

  it("end one by one: production serves on while docs/lab.md destroys development with full buckets", async () => {
    const copies = join(lab.home, "../copy");
    for (const command of blocks("docs/lab.md", "A walk").at(-1)!.commands) {
      // The lab is needed for some more steps.
      if (command.line !== "lab/down") await follow(command, lab.name);
    }
    const [key] = await readdir(join(copies, "backups"));
    const copied = (file: string) => join(copies, "backups", key!, file);
    expect(await readFile(copied("manifest"), "utf8")).to.match(/^rows users [1-9]\d*$/m);
    expect((await run("gzip", ["--test", copied("dump.sql.gz")])).status).to.equal(0);
    await rm(copies, { recursive: true });
    expect((await lab.state()).resources ?? []).to.deep.equal([]);
    expect((await page()).status).to.equal(200);
  });

  it("protect production: only its name destroys it, and a last snapshot stays", async () => {
    const before = (await lab.state(...prod)).resources;
    const refused = await lab.tryPulumi(...prod, "destroy", "--yes");
    expect(refused.status).to.not.equal(0);
    expect(refused.stdout + refused.stderr).to.match(/database.*protected/s);
    expect((await lab.state(...prod)).resources).to.have.length(before!.length);
    expect((await page()).status).to.equal(200);

    const home = join(lab.home, "administrator");
    const typed = (line = "") => typeCommands([line], { lab, home, first: stackCommand });
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
    expect((await lab.state(...prod)).resources ?? []).to.deep.equal([]);
    const rds = new RDS(await lab.client());
    const { DBSnapshots } = await rds.describeDBSnapshots({ SnapshotType: "manual" });
    expect(DBSnapshots).to.have.lengthOf(1);
    const { DBInstanceAutomatedBackups } = await rds.describeDBInstanceAutomatedBackups({});
    expect(DBInstanceAutomatedBackups!.map(({ Status }) => Status)).to.deep.equal(["retained"]);
  });

  it("leave nothing on this computer after lab/down", async () => {
    await lab.down();
    await lab.down();
    const left = added(shared.footprintWithoutLab, await shared.currentFootprint());
    expect(left).to.deep.equal({});
  });
});
