/** A second environment that begins with a snapshot of the first one's database, and goes back in time in place. */
import { RDS } from "@aws-sdk/client-rds";
import { expect } from "chai";
import { dump } from "js-yaml";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { logIn, register } from "../../../lab/support/app-users.ts";
import { succeed } from "../../../lab/support/lab.ts";
import { succeedOn } from "../../../lab/support/ssh-to-machines.ts";
import { Cloud } from "../../support/cloud.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

describe("Snapshots of the database", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
  stepsInOrder();

  const past = ["--stack", "past"];
  const settings = join(lab.home, "Pulumi.past.yaml");
  const key = join(lab.home, "past-key");
  let cloud: Cloud;
  let rds: RDS;
  /** Users of the app at the moments of the snapshots, and their names in the app. */
  const users: Record<"first" | "second", string[]> = { first: [], second: [] };
  let early: string;
  let late: string;

  const all = "SELECT username FROM users ORDER BY username";
  const pulumi = (...args: string[]) => lab.pulumi(...past, ...args);
  const set = (name: string, value: string) => pulumi("config", "set", name, value);
  const up = (...args: string[]) => pulumi("up", "--yes", "--skip-preview", ...args);
  /** The second environment: its outputs, and the users in its database. */
  const look = async () => {
    const outputs = await lab.outputs(...past);
    await writeFile(key, outputs.sshPrivateKey!, { mode: 0o600 });
    const query = `. /opt/flask-on-aws/bin/common.sh; query "$(cat)"`;
    const rows = await succeedOn("app", outputs, key, query, all);
    return { outputs, users: rows.split("\n").filter(Boolean) };
  };
  const isAvailable = async (DBSnapshotIdentifier: string) =>
    (await rds.describeDBSnapshots({ DBSnapshotIdentifier })).DBSnapshots![0]!.Status ===
    "available";
  const take = async (name: "first" | "second") => {
    users[name] = await shared.stack.query(all);
    const of = { DBInstanceIdentifier: shared.stack.databaseId, DBSnapshotIdentifier: name };
    await rds.createDBSnapshot(of);
    await cloud.until(`the snapshot ${name} is available`, () => isAvailable(name));
  };
  const volumes = async () => {
    const named = `${lab.name}-snapshot.`;
    const list = ["volume", "ls", "--quiet", "--filter", `name=${named}`];
    return (await succeed("docker", list)).split("\n").filter(Boolean);
  };

  before(async () => {
    cloud = new Cloud(shared.stack);
    rds = shared.stack.client(RDS);
    const config = {
      appRepository: "https://git.lab.test/app.git",
      appCommit: await shared.stack.serving(),
      natGateways: "none",
      protectData: true,
      // Its database is replaced and destroyed below.
      confirmDestroy: "past",
      databaseSnapshot: "first",
    };
    await writeFile(settings, dump({ config }));
  });
  after(async () => {
    for (const file of [settings, key]) await rm(file, { force: true });
  });

  it("hold the rows of their moment, while the app goes on", async () => {
    early = await register(shared.stack);
    await take("first");
    late = await register(shared.stack);
    await take("second");
    expect(users.first).to.include(early).and.not.include(late);
    expect(users.second).to.deep.equal([...users.first, late].toSorted());
    await logIn(shared.stack, late);
    expect(await volumes()).to.have.length(2);
  });

  it("create another environment, which has exactly these rows and serves them", async () => {
    await up();
    const found = await look();
    expect(found.users).to.deep.equal(users.first);
    await logIn(found, early);
    await register(found, "only-in-the-past");
    // The first environment has none of it.
    expect(await shared.stack.query(all)).to.deep.equal(users.second);
  });

  it("change nothing in an environment that has its database, until that is replaced", async () => {
    await set("databaseSnapshot", "second");
    const { stdout, stderr } = await lab.tryPulumi(...past, "up", "--yes", "--skip-preview");
    expect(stdout + stderr).to.include("databaseSnapshot is second, but the database is older");
    const before = await look();
    expect(before.users).to.include("only-in-the-past");

    await up("--replace", "**rds/instance:Instance::**");
    const replaced = await look();
    expect(replaced.outputs.databaseEndpoint).to.not.equal(before.outputs.databaseEndpoint);
    expect(replaced.users).to.deep.equal(users.second);
    await logIn(replaced, late);
  });

  it("are left by the databases of an environment, each under a name of its own, and go with their data", async () => {
    await pulumi("destroy", "--yes", "--skip-preview");
    const { DBSnapshots = [] } = await rds.describeDBSnapshots({ SnapshotType: "manual" });
    const names = DBSnapshots.map(({ DBSnapshotIdentifier: id }) => id!);
    const final = names.filter((name) => /^flask-on-aws-past-.*-appdb-\w{8}-final$/.test(name));
    expect(final).to.have.length(2);
    expect(names).to.have.members(["first", "second", ...final]);
    expect(await volumes()).to.have.length(4);
    for (const DBSnapshotIdentifier of names) await rds.deleteDBSnapshot({ DBSnapshotIdentifier });
    await cloud.until("the data of the snapshots are gone", async () => {
      return (await volumes()).length === 0;
    });
  });
});
