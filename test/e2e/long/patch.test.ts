/** Upgrades of Docker and of everything else, under load: no request fails, and what fails leaves what serves. */
import { expect } from "chai";
import { underLoad } from "../../../lab/experiments/load/load.ts";
import type { Status } from "../../../operations/status.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";
import { Cloud } from "../../support/cloud.ts";

const bin = "/opt/flask-on-aws/bin";

describe("Patches", function () {
  this.timeout(20 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
  stepsInOrder();

  const on = (command: string) => shared.stack.onMachine(command);
  const status = async () => JSON.parse(await lab.ops("status", "--json")) as Status;
  const image = async () => (await on(`${bin}/serving.sh get image`)).trim();
  /** Each container that runs, and since when. */
  const containers = async () =>
    (await on("docker ps --quiet | xargs docker inspect --format '{{.Name}} {{.State.StartedAt}}'"))
      .split("\n")
      .toSorted();
  const daemon = async () => (await on("sudo readlink /proc/$(cat /run/docker.pid)/exe")).trim();
  /** Makes a change under load, of which no request may fail. */
  const unnoticed = async (change: () => Promise<unknown>) => {
    const { before, during, milliseconds } = await underLoad(shared.outputs.appUrl!, change);
    const failures = [...before, ...during].flatMap(({ failure }) => failure ?? []);
    const seconds = Math.round(milliseconds / 1000);
    console.log(`    ${during.length} requests in ${seconds} s, ${failures.length} failed`);
    expect(failures).to.deep.equal([]);
  };

  it("have Docker keep its containers when it ends, from the first release on", async () => {
    expect(await on("docker info --format '{{.LiveRestoreEnabled}}'")).to.equal("true\n");
    const { updates } = await status();
    expect(updates).to.include({ reboot: false, tasksBehind: false });
    expect(updates!.upgraded, "by cloud-init").to.match(/^20\d\d-\d\d-\d\dT/);
    expect(updates!.base).to.match(/^20\d\d-\d\d-\d\d/);
  });

  it("of Docker's packages restart no container, and no request fails", async () => {
    const before = await containers();
    await unnoticed(() =>
      on(
        "sudo DEBIAN_FRONTEND=noninteractive apt-get install --reinstall --yes docker.io containerd runc",
      ),
    );
    expect(await containers()).to.deep.equal(before);
    expect(await daemon()).to.match(/ \(deleted\)$/);
  });

  it("start the new Docker and release the same commit in a new image, and no request fails", async () => {
    const [commit, old] = [await shared.stack.serving(), await image()];
    const proxy = (lines: string[]) => lines.filter((line) => line.includes("-proxy-"));
    const before = await containers();
    await unnoticed(() => lab.ops("patch"));
    expect(await daemon()).to.equal("/usr/sbin/dockerd");
    expect(await on("sudo iptables --table raw --list PREROUTING")).to.not.include("DROP");
    expect(proxy(await containers())).to.deep.equal(proxy(before));
    expect(await shared.stack.serving()).to.equal(commit);
    expect(await image()).to.match(new RegExp(`^${old}-p\\d{14}$`));
    expect((await lab.ops("releases")).trimEnd().split("\n").at(-1)).to.include("  patched in ");
    const { updates } = await status();
    expect(Date.now() - Date.parse(updates!.upgraded!), "half an hour").to.be.below(30 * 60_000);
    expect(updates!.pending).to.equal(0);
    await lab.pulumi("preview", "--expect-no-changes");
  });

  it("are followed by a release that waits for them", async () => {
    const version = await shared.stack.newVersion();
    const patch = lab.ops("patch");
    const cloud = new Cloud(shared.stack);
    await cloud.until("the patch has the deploy lock", async () => (await status()).lock !== null);
    const { stdout } = await shared.stack.deliver(version);
    expect(stdout).to.include("waiting for the deploy lock, held by ");
    await patch;
    expect(await shared.stack.serving()).to.equal(version.commit);
  });

  it("are taken back by a rollback, which up keeps", async () => {
    const old = await image();
    await lab.ops("patch");
    expect(await image()).to.not.equal(old);
    expect(await lab.ops("rollback")).to.include("This is another image of the same commit.");
    expect(await image()).to.equal(old);
    await lab.pulumi("preview", "--expect-no-changes");
  });

  it("leave what serves when the base image is gone", async () => {
    const old = await image();
    const recipe = `/opt/flask-on-aws/descriptions/${old.split(":")[1]}.recipe`;
    await on(
      `cp ${recipe} recipe && sed -i '1s|.*|registry.lab.test/library/python:3.11-gone|' ${recipe}`,
    );
    const { status: ended, stdout, stderr } = await lab.tryOps("patch");
    expect(ended).to.equal(1);
    expect(stdout + stderr).to.match(
      /error: the base image \S+3\.11-gone is not in its registry\n/,
    );
    expect(await image()).to.equal(old);
    await on(`mv recipe ${recipe}`);
  });

  it("finish an upgrade that was cut off", async () => {
    await on("cd /tmp && sudo apt-get --quiet download zip && sudo dpkg --unpack ./zip_*.deb");
    expect(await on("dpkg --audit")).to.include("zip");
    await lab.ops("patch");
    expect(await on("dpkg --audit")).to.equal("");
  });
});
