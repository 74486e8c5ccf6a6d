/** The whole of it: the program by the real engine, the app on its machine, and nothing left in the end. */
import { RDS } from "@aws-sdk/client-rds";
import { expect } from "chai";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Deployment } from "../../lab/support/orphans.ts";
import { Browser } from "../../lab/support/browser.ts";
import { verify } from "../../lab/experiments/faults/fault.ts";
import { chosen, inCi } from "../../lab/experiments/faults/faults.ts";
import { Lab, succeed } from "../../lab/support/lab.ts";
import { environments } from "./first-light/environments.ts";
import { succeedOn } from "../../lab/support/ssh-to-machines.ts";
import { networkChanges } from "./first-light/network-changes.ts";
import { operations } from "./first-light/operations.ts";
import { leaks } from "./first-light/secrets.ts";
import { sharedState } from "./first-light/shared-state.ts";
import { siteTells } from "./first-light/site.ts";
import { LabStack } from "../../lab/support/stack.ts";
import { stepsInOrder } from "../support/steps-in-order.ts";
import { teammates } from "./first-light/teammates.ts";
import { walk } from "./first-light/walk.ts";
import { asOnAws } from "./first-light/as-on-aws.ts";
import {
  added,
  processesOf,
  hostFootprint,
  type HostFootprint,
} from "../support/host-footprint.ts";
import { hostKeys } from "./first-light/host-keys.ts";
import { ownAddress } from "./first-light/own-address.ts";

describe("first light", function () {
  this.timeout(10 * 60_000);
  stepsInOrder();

  const lab = new Lab("test-first-light");
  const user = { username: "ada", email: "ada@example.com", password: "correct horse" };
  let atFirst: HostFootprint;
  let image: string;
  let outputs: Record<string, string>;
  /** Directory of the one who logs in to the machines. */
  let teammate: string;

  before(async () => {
    image = (await succeed("lab/images/name", ["net"])).trim();
    teammate = await mkdtemp(join(tmpdir(), "teammate-"));
    await lab.down();
    atFirst = await hostFootprint(image, lab.home);
  });
  after(() => rm(teammate, { recursive: true, force: true }));

  const key = () => join(teammate, "key");
  const onAppServer = (command: string, input = "") =>
    succeedOn("app", outputs, key(), command, input);
  const onTestServer = (command: string) => succeedOn("test", outputs, key(), command);
  /** Asks the database from the app server, as the app's user; rows with tabs between columns. */
  const query = async (sql: string) => {
    const [host, port] = outputs.databaseEndpoint!.split(":");
    const { databaseUser, databaseName, databasePassword } = outputs;
    const rows = await onAppServer(
      // The password comes by standard input, so it is in no command line.
      "MYSQL_PWD=$(cat) mysql --batch --skip-column-names --ssl-ca=/opt/flask-on-aws/rds-ca.pem " +
        `-h ${host} -P ${port} -u ${databaseUser} ${databaseName} -e "${sql}"`,
      databasePassword,
    );
    return rows.split("\n").filter(Boolean);
  };
  const loginPage = async () => {
    const response = await new Browser(outputs.appUrl!).request("/login");
    expect(response.status).to.equal(200);
    return response.text();
  };
  const state = async (...args: string[]) => {
    const exported = await lab.pulumi(...args, "stack", "export");
    return (JSON.parse(exported) as { deployment: Deployment }).deployment;
  };
  const databases = async () => {
    return (await new RDS(await lab.client()).describeDBInstances()).DBInstances ?? [];
  };

  it("starts, and is up at once when it is up", async () => {
    await lab.up();
    expect(await lab.up()).to.equal("");
  });

  it("has a run of `up` killed in the middle: the next says what is locked and what is not recorded", async () => {
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

  it("comes up after that by `npm run lab`, everything once, and ends with the page's address", async () => {
    const printed = await succeed("npm", ["run", "lab"], { env: { LAB_NAME: lab.name } });
    const { appUrl, siteUrl } = await lab.outputs();
    expect(printed).to.match(new RegExp(`the app's login page: ${appUrl}/login\n$`));
    const internet = new URL(appUrl!).hostname.replace(/\d+$/, "2");
    expect(printed).to.include(`"MAP *.amazonaws.com ${internet}" ${siteUrl}\n`);
    expect(printed, "escape codes without a terminal").to.not.include("\x1b");
    expect(printed).to.not.match(/warning/i);
    expect(await databases()).to.have.lengthOf(1);
    expect((await state()).pending_operations ?? []).to.deep.equal([]);
  });

  it("gives teammates its outputs, secrets masked", async () => {
    const masked = JSON.parse(await lab.pulumi("stack", "output", "--json")) as typeof outputs;
    expect(masked).to.include.all.keys(
      ...["appUrl", "appServerPublicIp", "appServerHostKey", "testServerPrivateIp"],
      ...["testServerHostKey", "sshUser", "region", "databaseEndpoint"],
      ...["databaseName", "siteUrl", "siteBucket", "backupBucket", "configuredCommit", "vpcId"],
    );
    expect(masked).to.include({ sshPrivateKey: "[secret]", databasePassword: "[secret]" });
    outputs = await lab.outputs();
    await writeFile(key(), outputs.sshPrivateKey!, { mode: 0o600 });
  });

  const prefix = "flask-on-aws-dev";
  const fixture = { lab, prefix, outputs: () => outputs, onAppServer, onTestServer };
  hostKeys(fixture, key);
  teammates(fixture);
  sharedState(fixture);

  it("serves the app's page with its form", async () => {
    expect(await loginPage()).to.match(/<form.*name="username".*name="password"/s);
  });

  it("lets a teammate in by SSH, where the app and nginx run in Docker", async () => {
    const images = (await onAppServer("docker ps --format '{{.Names}} {{.Image}}'")).trim();
    expect(images.split("\n")).to.have.lengthOf(2);
    expect(images).to.match(/nginx/).and.to.match(/app/);
  });

  it("has the app's tables in RDS, and a user who registers by the form", async () => {
    expect(await query("SHOW TABLES")).to.include.members(["users", "alembic_version"]);
    const answer = await new Browser(outputs.appUrl!).submit("/register", {
      ...user,
      register: "",
    });
    expect(answer.status).to.be.oneOf([200, 302]);
    expect(await query("SELECT username, email FROM users")).to.deep.equal([
      "ada\tada@example.com",
    ]);
  });

  it("wrote nothing to SQLite", async () => {
    // Docker writes a container's /etc/hostname when it makes the container.
    const find = `find / -xdev -type f -name '*sqlite*' -newer /etc/hostname`;
    const found = await onAppServer(`docker ps -q | xargs -I{} docker exec --user root {} ${find}`);
    expect(found).to.equal("");
  });

  it("lets packets through where it should, and nowhere else", async () => {
    await lab.in("mocha", "lab/experiments/reachability.ts");
  });

  networkChanges(fixture);
  ownAddress(fixture);

  it("changes nothing in a second `up`, and shows no difference in a preview", async () => {
    await lab.pulumi("preview", "--expect-no-changes");
    await lab.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes");
  });

  walk(fixture);
  operations(fixture);
  asOnAws(fixture);

  it("has the user log in after all that", async () => {
    const login = await new Browser(outputs.appUrl!).submit("/login", { ...user, login: "" });
    expect(login.status).to.equal(302);
  });

  siteTells(fixture);

  for (const fault of chosen(inCi)) {
    it(`comes through ${fault.name}`, async () => {
      const stack = await LabStack.open(lab);
      await verify(fault, stack).finally(() => stack.close());
    });
  }

  it("shows nobody a secret during a release", async () => {
    const stack = await LabStack.open(lab);
    expect(await leaks(stack).finally(() => stack.close())).to.deep.equal([]);
  });

  environments(fixture, state);

  it("leaves nothing after lab/down", async () => {
    await lab.down();
    await lab.down();
    expect(added(atFirst, await hostFootprint(image, lab.home))).to.deep.equal({});
  });
});
