/** A stack with machines, made, used and destroyed by users that have nothing but the policies of policies/. */
import { expect } from "chai";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run, succeed } from "../../../lab/support/lab.ts";
import type { RoleName } from "../../../tools/policies.ts";
import { called, makeBoundary, makeRoleUser, type Principal } from "../../support/principals.ts";
import { refusals } from "../../support/restricted-stack.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

const places = { project: "flask-on-aws", stack: "limited" };
const named = ["--stack", places.stack];

describe("Users with the policies of their role, and nothing else,", function () {
  this.timeout(15 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
  stepsInOrder();

  const users = new Map<RoleName, Principal>();
  let api: { readonly endpoint: string };
  const settings = () => join(lab.home, `Pulumi.${places.stack}.yaml`);
  /** Runs a program of the lab as the user of a role; resolves to all that it prints. */
  const as = async (role: RoleName, command: string, ...args: string[]) => {
    const { credentials } = users.get(role)!;
    const env = {
      ...{ LAB_NAME: lab.name, LAB_OF_TESTS: "1" },
      ...{ LAB_ACCESS_KEY_ID: credentials.accessKeyId },
      LAB_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    };
    const { status, stdout, stderr } = await run(command, args, { env });
    expect(status, refusals(stdout + stderr)).to.equal(0);
    return stdout + stderr;
  };

  before("the administrator makes the users and the boundary", async () => {
    const client = await lab.client();
    api = { endpoint: client.endpoint };
    for (const role of ["up", "operate"] as const)
      users.set(role, await makeRoleUser({ client }, role, places));
    const boundary = await makeBoundary({ client }, places);
    const repository = (await lab.pulumi("config", "get", "appRepository")).trim();
    const commit = await shared.stack.serving();
    // As lab/pulumi makes the settings of a stack that the repository has.
    const values = [
      `appRepository="${repository}"`,
      `appCommit="${commit}"`,
      `permissionsBoundary="${boundary}"`,
    ];
    await writeFile(
      settings(),
      await succeed("node", ["lab/support/stack-config.ts", "Pulumi.dev.yaml", ...values]),
    );
  });
  after("the stack is destroyed, whatever has happened", async () => {
    await lab.tryPulumi(...named, "destroy", "--yes", "--skip-preview");
    await lab.tryPulumi(...named, "stack", "rm", "--yes");
    await rm(settings(), { force: true });
  });

  it("make a stack and release the app", async () => {
    await as("up", "lab/pulumi", ...named, "up", "--yes", "--skip-preview");
  });

  it("operate it: status, a backup, and a command on the machine", async () => {
    await as("operate", "lab/ops", "status", ...named);
    await as("operate", "lab/ops", "backup", ...named);
    await as("operate", "lab/ops", "ssh", ...named, "--", "true");
  });

  it("change its machines", async () => {
    const change = ["--config", "instanceType=t3.small"];
    await as("up", "lab/pulumi", ...named, "up", "--yes", "--skip-preview", ...change);
  });

  it("refresh and destroy it", async () => {
    await as("up", "lab/pulumi", ...named, "refresh", "--yes", "--skip-preview");
    await as("up", "lab/pulumi", ...named, "destroy", "--yes", "--skip-preview");
  });

  it("are refused nothing", async () => {
    for (const [role, user] of users)
      expect((await called(api, user)).refused, role).to.deep.equal([]);
  });
});
