/** State that a team shares in a bucket, as docs/teams.md has it: one engine at a time. */
import { S3 } from "@aws-sdk/client-s3";
import { expect } from "chai";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { administratorOf } from "../../support/administrator.ts";
import { run } from "../../../lab/support/lab.ts";
import { linesOf } from "../../support/documentation.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { typeCommands } from "../../support/typed-commands.ts";

const bucket = "example-flask-on-aws-state";

describe("The state that a team shares", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;

  it("is in a bucket, and locked for the second of two who names the first", async () => {
    const lines = linesOf("docs/teams.md", "Shared state", "bucket=").map((line) =>
      line.replace("YOUR_BUCKET", bucket).replace("YOUR_KEY", "team-state"),
    );
    const [variables = "", ...commands] = lines;
    const isPulumis = (line: string) => line.startsWith("pulumi ");
    // The AWS CLI is on the machines.
    const calls = commands.filter((line) => !isPulumis(line));
    const administrator = (await administratorOf(lab, "s3", "kms")).map((is) => `export ${is}`);
    const key = "aws kms create-key --query KeyMetadata.KeyId --output text";
    const alias = `aws kms create-alias --alias-name alias/team-state --target-key-id "$(${key})"`;
    await shared.stack.onMachine(
      ["set -e", ...administrator, variables, ...calls, alias].join("\n"),
    );
    const s3 = new S3({ ...(await lab.client()), forcePathStyle: true });
    const { Status } = await s3.getBucketVersioning({ Bucket: bucket });
    expect(Status).to.equal("Enabled");
    // Below the repository, where the program finds its npm packages.
    const directory = join(lab.home, "shared-state");
    await cp(join(import.meta.dirname, "../programs/waiting"), directory, { recursive: true });
    const goOn = join(directory, "go-on");
    const env = {
      LAB_NAME: lab.name,
      LAB_RUN_OF: lab.home, // so that lab/down ends what a test that failed has left
      PULUMI_HOME: join(directory, ".pulumi"),
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_STACK: "dev",
    };
    const pulumi = (...args: string[]) =>
      run("lab/in", ["pulumi", "-C", directory, ...args], { env });
    const up = ["up", "--yes", "--skip-preview", "--non-interactive"];
    const keys = async (prefix: string) =>
      ((await s3.listObjectsV2({ Bucket: bucket, Prefix: prefix })).Contents ?? []).map(
        ({ Key }) => Key!,
      );
    /** A run of `up` that holds the lock, and goes on when `goOn` is there. */
    const holder = async () => {
      const child = spawn("lab/in", ["pulumi", "-C", directory, ...up], {
        env: { ...process.env, ...env, WAIT_FOR: goOn },
        stdio: "ignore",
      });
      while ((await keys(".pulumi/locks/")).length === 0) {
        expect(child.exitCode, "pulumi up ended before it took the lock").to.equal(null);
        await sleep(50);
      }
      return child;
    };
    const succeeds = async (...args: string[]) => {
      const { status, stdout, stderr } = await pulumi(...args);
      expect(status, stdout + stderr).to.equal(0);
    };
    const isRefused = async (pid: number | undefined) => {
      const { status, stderr } = await pulumi(...up);
      expect(status).not.to.equal(0);
      const { username } = userInfo();
      expect(stderr)
        .to.match(/locked by 1 lock.*`pulumi cancel`/)
        .and.to.include(`created by ${username}@${hostname()} (pid ${pid}) at `);
    };

    const first = `${variables}; cd "${directory}"`;
    await typeCommands(commands.filter(isPulumis), { lab, home: directory, first });
    const settings = await readFile(join(directory, "Pulumi.dev.yaml"), "utf8");
    expect(settings).to.match(/^secretsprovider: awskms:.*\nencryptedkey: /);
    const one = await holder();
    await isRefused(one.pid);
    await writeFile(goOn, "");
    expect(await once(one, "exit")).to.deep.equal([0, null]);
    await succeeds(...up);
    expect(await keys(".pulumi/stacks/")).to.include(".pulumi/stacks/waiting/dev.json");

    await rm(goOn);
    const killed = await holder();
    killed.kill("SIGKILL");
    await once(killed, "exit");
    await writeFile(goOn, ""); // the program outlives its engine
    await isRefused(killed.pid);
    await succeeds("cancel", "--yes");
    await succeeds(...up);
  });
});
