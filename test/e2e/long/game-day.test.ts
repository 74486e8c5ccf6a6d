/** Game day: the first region's data and machines are lost, and the environment is rebuilt from the other region's copy. */
import { S3 } from "@aws-sdk/client-s3";
import { RDS } from "@aws-sdk/client-rds";
import { expect } from "chai";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { logIn } from "../../../lab/support/app-users.ts";
import { Browser } from "../../../lab/support/browser.ts";
import { succeed } from "../../../lab/support/lab.ts";
import { linesOf } from "../../support/documentation.ts";
import { Cloud } from "../../support/cloud.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";
import { stackCommand, typeCommands } from "../../support/typed-commands.ts";

const copyRegion = "us-east-2";
const rebuilt = ["--stack", "rebuilt"];

/** A user of the app, once the app has answered that it has it. */
interface Row {
  readonly username: string;
  /** When the app was asked, and when it had answered; milliseconds. */
  readonly asked: number;
  readonly answered: number;
}

/** Registers a user each second by the app's page, until it is stopped. What the app refuses is no row. */
class Writer {
  readonly rows: Row[] = [];
  failures = 0;
  private stopped = false;
  private readonly ended: Promise<void>;

  constructor(appUrl: string) {
    this.ended = this.write(appUrl);
  }

  private async write(appUrl: string): Promise<void> {
    for (let number = 0; !this.stopped; number++) {
      const asked = Date.now();
      const username = `gameday${number}`;
      const fields = { username, email: `${username}@example.com`, password: "correct horse" };
      const status = await new Browser(appUrl)
        .submit("/register", { ...fields, register: "" })
        .then((response) => response.status)
        .catch(() => 0);
      if (status > 0 && status < 400) this.rows.push({ username, asked, answered: Date.now() });
      else this.failures++;
      // The rate of the rows is the test's own: one in each second.
      await sleep(Math.max(0, 1000 - (Date.now() - asked)));
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.ended;
  }
}

/** Deletes a bucket with every version of what it holds. */
async function removeBucket(s3: S3, Bucket: string): Promise<void> {
  for (;;) {
    const { Versions = [], DeleteMarkers = [] } = await s3.listObjectVersions({ Bucket });
    const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({
      ...{ Key: Key!, VersionId: VersionId! },
    }));
    if (Objects.length === 0) break;
    await s3.deleteObjects({ Bucket, Delete: { Objects } });
  }
  await s3.deleteBucket({ Bucket });
}

describe("A lost region", function () {
  this.timeout(20 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
  stepsInOrder();

  let s3: S3;
  let cloud: Cloud;
  let writer: Writer | undefined;
  let commit: string;
  let copyBucket: string;
  /** Keys of backups. */
  let early: string;
  let last: string;
  let backupBegan: number;
  let lostAt: number;
  const home = join(lab.home, "operator");

  const backUp = async () => (await lab.ops("backup")).trim().split("\n").at(-1)!;
  const isCopied = async (key: string) => {
    const { Contents = [] } = await s3.listObjectsV2({ Bucket: copyBucket, Prefix: `${key}/` });
    const { Contents: own = [] } = await s3.listObjectsV2({
      ...{ Bucket: shared.outputs.backupBucket!, Prefix: `${key}/` },
    });
    return own.length > 0 && Contents.length === own.length;
  };

  before(async () => {
    s3 = shared.stack.client(S3);
    cloud = new Cloud(shared.stack);
    commit = await shared.stack.serving();
    early = await backUp();
    await mkdir(home, { recursive: true });
  });
  // What is left of the first environment is of use to nobody: the next suite gets a new lab.
  after(async () => {
    await writer?.stop();
    await lab.down();
  });

  it("has its old backups in the other region after one `up`", async () => {
    const { status, stdout, stderr } = await shared.stack.up({ backupCopyRegion: copyRegion });
    expect(status, stdout + stderr).to.equal(0);
    await shared.stack.look();
    copyBucket = shared.outputs.backupCopyBucket!;
    expect(stdout + stderr).to.match(
      new RegExp(`Copies \\d+ objects of backups, \\S+ MB, to s3://${copyBucket} in ${copyRegion}`),
    );
    expect(await isCopied(early)).to.equal(true);
    await lab.pulumi("preview", "--expect-no-changes");
  });

  it("restores from the other region by the commands of docs/backup-copy.md", async () => {
    for (const line of linesOf("docs/backup-copy.md", "Use it", "./ops restore")) {
      const typed = line.replace("./ops restore ", "./ops restore --yes ");
      const { stdout } = await typeCommands([typed], { lab, home, first: stackCommand });
      if (line.startsWith("./ops backups")) expect(stdout).to.include(early);
      if (line.startsWith("./ops restore-test")) expect(stdout).to.include(" can be restored: ");
      if (line.startsWith("./ops restore ")) expect(stdout).to.match(/^restored: \S+-imported\. /m);
    }
  });

  it("gets a copy of a backup that is made while rows are written each second", async () => {
    writer = new Writer(shared.outputs.appUrl!);
    await cloud.until("20 rows are written", () => Promise.resolve(writer!.rows.length >= 20));
    backupBegan = Date.now();
    last = await backUp();
    await cloud.until("S3 has copied the backup", () => isCopied(last));
    expect(await lab.ops("status")).to.match(new RegExp(`^its copy +in ${copyRegion}$`, "m"));
    const behind = writer.rows.length + 20;
    await cloud.until("20 more rows are written", () =>
      Promise.resolve(writer!.rows.length >= behind),
    );
    expect(writer.failures).to.equal(0);
  });

  it("loses its database, both machines and the bucket of its backups", async () => {
    const names = ["app-machine", "test"];
    const machines = await Promise.all(names.map((name) => cloud.instance(name)));
    lostAt = Date.now();
    await Promise.all([
      shared.stack.client(RDS).deleteDBInstance({
        DBInstanceIdentifier: shared.stack.databaseId,
        SkipFinalSnapshot: true,
        DeleteAutomatedBackups: true,
      }),
      cloud.ec2.terminateInstances({ InstanceIds: machines.map(({ id }) => id) }),
    ]);
    await removeBucket(s3, shared.outputs.backupBucket!);
    const failures = writer!.failures;
    await cloud.until("the app answers nobody", () => Promise.resolve(writer!.failures > failures));
    await writer!.stop();
    const { Contents = [] } = await s3.listObjectsV2({ Bucket: copyBucket });
    expect(Contents.map(({ Key }) => Key)).to.include.members([
      `${early}/manifest`,
      `${last}/manifest`,
    ]);
  });

  it("is rebuilt from the copy by the commands of docs/environments.md, with every row of the backup", async () => {
    const repository = (await lab.pulumi("config", "get", "appRepository")).trim();
    const values = [
      ...[`appRepository="${repository}"`, `appCommit="${commit}"`],
      `backupCopyRegion="${copyRegion}"`,
    ];
    await writeFile(
      join(lab.home, "Pulumi.rebuilt.yaml"),
      await succeed("node", ["lab/support/stack-config.ts", "Pulumi.dev.yaml", ...values]),
    );
    const minutes = () => ((Date.now() - lostAt) / 60_000).toFixed(1);
    let restored = "";
    for (const line of linesOf(
      "docs/environments.md",
      "Rebuild a lost environment",
      "./ops restore",
    )) {
      const typed = line
        .replace("staging", "rebuilt")
        .replace("HASH", commit)
        .replace("BUCKET", copyBucket)
        .replace("./ops restore ", "./ops restore --yes ");
      const { stdout } = await typeCommands([typed], { lab, home, first: stackCommand });
      console.log(`    ${minutes()} min after the loss: ${typed}`);
      if (line.startsWith("./ops backups")) expect(stdout).to.include(last);
      if (line.startsWith("./ops restore")) restored = minutes();
    }
    const outputs = await lab.outputs(...rebuilt);
    const select = "SELECT username FROM users";
    const query = ["--", "--skip-column-names", "--execute", select];
    const users = new Set((await lab.ops("mysql", ...rebuilt, ...query)).split("\n"));
    const { rows } = writer!;
    const lost = rows.filter(({ username }) => !users.has(username));
    const since = lost[0] ? Math.round((lostAt - lost[0].asked) / 1000) : 0;
    console.log(
      `    rows lost: ${lost.length} of ${rows.length}, those of the last ${since} s before the loss\n` +
        `    the rows are back after ${restored} min, and verify has passed after ${minutes()} min`,
    );
    // Nothing that was answered before the backup began is lost, and nothing that came after it is there.
    for (const { answered, username } of lost)
      expect(answered, username).to.be.at.least(backupBegan);
    const kept = rows.filter(({ answered }) => answered < backupBegan);
    expect(kept).to.have.length.above(15);
    for (const { username } of kept) expect([...users]).to.include(username);
    expect(lost).to.have.length.above(10);
    await logIn({ outputs }, kept.at(-1)!.username);
    await lab.pulumi(...rebuilt, "preview", "--expect-no-changes");
    // The new environment has a copy of its own.
    expect(outputs.backupCopyBucket).to.match(/^flask-on-aws-rebuilt-copy-/);
  });
});
