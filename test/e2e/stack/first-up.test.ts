/** The first `up`: killed in the middle, repaired as the messages say, and finished by `npm run lab`. */
import { RDS } from "@aws-sdk/client-rds";
import { expect } from "chai";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { logIn, register } from "../../../lab/support/app-users.ts";
import { Browser } from "../../../lab/support/browser.ts";
import { succeed } from "../../../lab/support/lab.ts";
import { processesOf } from "../../support/host-footprint.ts";
import { useSharedLab } from "../../support/shared-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

describe("The first `up`", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedLab();
  const { lab } = shared;
  stepsInOrder();

  const databases = async () =>
    (await new RDS(await lab.client()).describeDBInstances()).DBInstances ?? [];

  before("the lab is up, without a stack", async () => {
    await shared.startAnew();
    await lab.up();
  });

  it("needs a lab, which lab/up starts, and leaves alone once it runs", async () => {
    expect(await lab.up()).to.equal("");
  });

  it("says after a kill what is locked and what the state lacks, with the commands that repair both", async () => {
    const killed = lab.startPulumi("up", "--yes", "--skip-preview");
    // The file itself, because `stack export` takes seconds. The app server has its Elastic IP by then: without one, apt
    // gives its mirror up after 30 s, and waits for minutes before it tries again.
    const file = join(lab.home, "pulumi/.pulumi/stacks/flask-on-aws/dev.json");
    const isCreatingDatabase = async () => {
      if ((await databases()).length === 0) return false;
      const text = await readFile(file, "utf8").catch(() => "{}");
      const [resources = "", pending = ""] = text.split('"pending_operations"');
      return (
        resources.includes('"aws:ec2/eipAssociation:EipAssociation"') &&
        pending.includes('"aws:rds/instance:Instance"')
      );
    };
    while (!(await isCreatingDatabase())) {
      expect(killed.exitCode, "pulumi up ended before it made the database").to.equal(null);
      await sleep(50);
    }
    killed.kill("SIGKILL");
    await once(killed, "exit");

    const next = await lab.tryPulumi("up", "--yes", "--skip-preview");
    expect(next.status).not.to.equal(0);
    expect(next.stdout + next.stderr).to.match(/locked by 1 lock.*`pulumi cancel`/s);
    const [{ DBInstanceIdentifier: id } = {}] = await databases();
    expect(next.stderr).to.match(new RegExp(`lab/adopt.*${id}  aws:rds/instance:Instance`, "s"));
    expect(next.stderr).to.match(/"unknown state".*Run `lab\/adopt`.*then `lab\/pulumi up`/s);
    expect(processesOf(`LAB_RUN=${killed.pid}:`)).to.deep.equal([]);

    await lab.pulumi("cancel", "--yes");
    await succeed("lab/adopt", [], { env: { LAB_NAME: lab.name } });
  });

  it("ends by `npm run lab` with the page's address, and with each resource once", async () => {
    const printed = await succeed("npm", ["run", "lab"], { env: { LAB_NAME: lab.name } });
    const { appUrl, siteUrl } = await lab.outputs();
    expect(printed).to.match(new RegExp(`the app's login page: ${appUrl}/login\n$`));
    const internet = new URL(appUrl!).hostname.replace(/\d+$/, "2");
    expect(printed).to.include(`"MAP *.amazonaws.com ${internet}" ${siteUrl}\n`);
    expect(printed, "escape codes without a terminal").to.not.include("\x1b");
    expect(printed).to.not.match(/warning/i);
    expect(await databases()).to.have.lengthOf(1);
    expect((await lab.state()).pending_operations ?? []).to.deep.equal([]);
  });

  it("serves the app's login page with its form", async () => {
    await shared.open();
    const response = await new Browser(shared.outputs.appUrl!).request("/login");
    expect(response.status).to.equal(200);
    expect(await response.text()).to.match(/<form.*name="username".*name="password"/s);
  });

  it("runs the app and the proxy in Docker", async () => {
    const images = (
      await shared.stack.onMachine("docker ps --format '{{.Names}} {{.Image}}'")
    ).trim();
    expect(images.split("\n")).to.have.lengthOf(2);
    expect(images).to.match(/caddy/).and.to.match(/app/);
  });

  it("makes the app's tables in RDS, where the app keeps its users", async () => {
    const { stack } = shared;
    expect(await stack.query("SHOW TABLES")).to.include.members(["users", "alembic_version"]);
    const username = await register(stack);
    const rows = await stack.query(`SELECT username FROM users WHERE username = '${username}'`);
    expect(rows).to.deep.equal([username]);
    await logIn(stack, username);
  });

  it("leaves no SQLite file that the app wrote", async () => {
    // Docker writes a container's /etc/hostname when it makes the container.
    const find = `find / -xdev -type f -name '*sqlite*' -newer /etc/hostname`;
    const inAll = `docker ps -q | xargs -I{} docker exec --user root {} ${find}`;
    expect(await shared.stack.onMachine(inAll)).to.equal("");
  });

  it("is followed by a preview without differences, and an `up` that changes nothing", async () => {
    await lab.pulumi("preview", "--expect-no-changes");
    await lab.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes");
  });
});
