import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { reasonsOf } from "../support/permission-reasons.ts";
import { actionsOf } from "../support/principals.ts";
import { commandsOf, longest, policiesOf, type RoleName, roles } from "../../tools/policies.ts";
import { program } from "./program.ts";

const root = join(import.meta.dirname, "../..");
const places = {
  ...{ project: "flask-on-aws", stack: "prod", zone: "Z0A1B", domain: "app.example.com" },
  ...{ stateBucket: "state", stateKey: "arn:aws:kms:us-west-2:123456789012:key/0a1b" },
};
const names = Object.keys(roles) as RoleName[];

describe("The policies", () => {
  for (const role of names)
    it(`of the role ${role} are short enough for IAM, few enough for one user, and filled in`, () => {
      // The longest that the settings allow.
      const long = { ...places, project: "a".repeat(20), stack: "b".repeat(20) };
      const policies = policiesOf(role, long);
      expect(policies.size).to.be.at.most(10);
      for (const [file, policy] of policies) {
        const text = JSON.stringify(policy);
        expect(text.length, file).to.be.at.most(longest);
        expect(text, file).to.not.match(/PROJECT|STACK|BALANCER|ZONE|DOMAIN|STATE_/);
      }
    });

  it("are the files of policies/, each of a role", () => {
    const files = readdirSync(join(root, "policies")).map((file) => file.replace(".json", ""));
    expect(files).to.have.members([...new Set(names.flatMap((role) => [...roles[role]]))]);
  });

  it("name no other stack than the one that is asked for", () => {
    for (const role of names)
      for (const policy of policiesOf(role, places).values())
        for (const { Resource } of policy.Statement)
          for (const arn of [Resource].flat())
            expect(arn).to.match(
              /prod|Z0A1B|^\*$|:\*$|\/\*$|state|key|aws\/service|og:default|oidc-provider/,
            );
  });

  it("leave out what a stack does not have", () => {
    const { project, stack } = places;
    const files = [...policiesOf("up", { project, stack }).keys()];
    expect(files).to.deep.equal(["preview", "up-network", "up-services", "up-tasks"]);
    const withPassphrase = policiesOf("outputs", { project, stack, stateBucket: "state" });
    expect(JSON.stringify([...withPassphrase.values()])).to.not.include("kms");
  });

  it("are printed as commands of the AWS CLI, which a shell can run", () => {
    const args = ["tools/policies.ts", "boundary", "prod"];
    const printed = execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" });
    expect(printed.trimEnd().split("\n")).to.deep.equal(commandsOf("boundary", places));
    const shell = `aws() { printf '%s\\n' "$@"; }; ${printed}`;
    const words = execFileSync("bash", ["-c", shell], { encoding: "utf8" }).trimEnd().split("\n");
    expect(words.slice(0, 4)).to.deep.equal([
      ...["iam", "create-policy", "--policy-name", "flask-on-aws-prod-boundary"],
    ]);
    expect(JSON.parse(words[5]!)).to.deep.equal(policiesOf("boundary", places).get("boundary"));
  });

  it("let the stack's roles do within the boundary all that their own policies allow", async () => {
    const { all } = await program({
      ...{ alarmEmail: "ops@example.com", flowLogs: true, domain: "app.example.com" },
      ...{ dnsZone: "none", appTasks: 2, appTasksMax: 4, appWorkerTasks: 1 },
      ...{ backupCopyRegion: "us-east-2", backupLockDays: 7, logRetentionDays: 7 },
    });
    type Document = Parameters<typeof actionsOf>[0];
    const given = all("aws:iam/rolePolicy:RolePolicy").flatMap(({ inputs }) =>
      actionsOf(JSON.parse(inputs.policy as string) as Document),
    );
    const allowed = actionsOf(policiesOf("boundary", places).get("boundary")!);
    expect(allowed).to.have.members([...new Set(given)]);
  });

  it("are explained: the page names each role, and has reasons for rights that there are only", () => {
    const page = readFileSync(join(root, "docs/permissions.md"), "utf8");
    for (const role of names) expect(page).to.match(new RegExp(`^\\| \`${role}\` `, "m"));
    const actions = [...policiesOf("up", places).values()].flatMap(actionsOf);
    expect(actions).to.include.members([...reasonsOf().keys()]);
  });
});
