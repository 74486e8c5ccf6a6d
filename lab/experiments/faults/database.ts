/** Faults of the database and of the way to it. */
import { RDS } from "@aws-sdk/client-rds";
import { succeed } from "../../support/lab.ts";
import { tail, type LabStack } from "../../support/stack.ts";
import { logIn, register } from "../../support/app-users.ts";
import { refused, until, type Fault } from "./fault.ts";

/** Space to tilde. */
const printable = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join(
  "",
);

async function database(stack: LabStack) {
  const { DBInstances = [] } = await stack
    .client(RDS)
    .describeDBInstances({ DBInstanceIdentifier: stack.databaseId });
  return DBInstances[0]!;
}

/** What an administrator does by hand. */
export async function asMaster(stack: LabStack, sql: string): Promise<void> {
  const { MasterUsername: user } = await database(stack);
  const answer = await fetch(`${stack.api}/_lab/db/${stack.databaseId}/master-password`);
  const { password } = (await answer.json()) as { password: string };
  await stack.onMachine(
    `IFS= read -r password; . /opt/flask-on-aws/bin/common.sh; as_master "$DB_HOST" "$DB_PORT" ${user} "$password" "$(cat)"`,
    `${password}\n${sql}`,
  );
}

/** Waits until the release that is under way has said so. */
export async function untilReleaseSays(stack: LabStack, text: string): Promise<void> {
  const machine = await stack.machine();
  const log = "/opt/flask-on-aws/runs/deploy.log";
  await until(`the release says "${text}"`, 240, async () => {
    const said = await succeed("docker", ["exec", machine, "cat", log]).catch(() => "");
    return said.includes(text);
  });
}

/** So that {@link untilReleaseSays} does not read what the last release said. */
export async function forgetLastRelease(stack: LabStack): Promise<void> {
  await stack.onMachine("rm -f /opt/flask-on-aws/runs/deploy.log");
}

export const databaseFaults: Fault[] = [
  {
    name: "wrong-database-password",
    async inject(stack) {
      const { commit: appCommit } = await stack.newVersion();
      const user = stack.outputs.databaseUser;
      await asMaster(stack, `ALTER USER '${user}'@'%' IDENTIFIED BY 'changed by hand'`);
      await refused(
        stack,
        { appCommit },
        /error: the app's user cannot log in to \S+: .*Access denied/,
        /remedy: .*raise the setting databasePasswordRotation by one/,
      );
      const settings = await stack.nextRotation();
      return () => stack.release(settings);
    },
  },
  {
    name: "database-unreachable",
    async inject(stack) {
      const { commit: appCommit } = await stack.newVersion();
      const { VpcSecurityGroups = [] } = await database(stack);
      const group = VpcSecurityGroups[0]!.VpcSecurityGroupId!;
      const ec2 = stack.ec2();
      const { SecurityGroupRules = [] } = await ec2.describeSecurityGroupRules({
        Filters: [{ Name: "group-id", Values: [group] }],
      });
      const rules = SecurityGroupRules.filter(({ IsEgress }) => !IsEgress);
      await ec2.revokeSecurityGroupIngress({
        GroupId: group,
        SecurityGroupRuleIds: rules.map(({ SecurityGroupRuleId: id = "" }) => id),
      });
      await refused(
        stack,
        { appCommit },
        new RegExp(
          `error: [^]*security group ${group} lacks a rule that lets TCP 3306 in from sg-`,
        ),
        /remedy: run \S*pulumi up --refresh/,
      );
      return () => stack.release({}, "--refresh");
    },
  },
  {
    name: "database-restarted-during-the-cut-over",
    async inject(stack) {
      const { commit: appCommit } = await stack.newVersion();
      await forgetLastRelease(stack);
      const running = stack.startUp({ appCommit });
      await untilReleaseSays(stack, "the schema ");
      await succeed("docker", ["restart", `${stack.lab.name}-${stack.databaseId}`]);
      const result = await running.ended;
      // It may come through: then the database was back in time.
      if (result.status !== 0 && !/error: [^]*remedy: /.test(result.stdout)) {
        throw new Error(`up did not say why it failed:\n${tail(result)}`);
      }
    },
  },
  {
    name: "password-of-all-characters",
    async inject(stack) {
      const user = await register(stack);
      await stack.lab.pulumi("config", "set", "--secret", "databasePassword", "--", printable);
      try {
        await stack.release(await stack.nextRotation());
        if (stack.outputs.databasePassword !== printable) {
          throw new Error("the output databasePassword is not what was set");
        }
        await logIn(stack, user);
      } finally {
        await stack.lab.pulumi("config", "rm", "databasePassword");
      }
      const settings = await stack.nextRotation();
      return async () => {
        await stack.release(settings);
        await logIn(stack, user);
      };
    },
  },
];
