/** Faults of tasks on ECS, of their load balancer, and of a release to them. */
import { ElasticLoadBalancingV2 } from "@aws-sdk/client-elastic-load-balancing-v2";
import { SSM } from "@aws-sdk/client-ssm";
import { appendFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { succeed } from "../../support/lab.ts";
import { mark, tail, type LabStack, type SettingValues } from "../../support/stack.ts";
import {
  hasTasks,
  kill,
  removeImages,
  runningTasks,
  settingsOfTasks,
  taskStatus,
  turnOff,
  turnOn,
} from "../../support/tasks.ts";
import { up } from "../../support/up.ts";
import { killedAt } from "./engine.ts";
import { broken, isServed, part, refused, until, type Fault } from "./fault.ts";
import { terminated } from "./machine.ts";

const prepare = (stack: LabStack) => turnOn(stack, 2);

/** What an app does in tasks only: the app server's gunicorn gets no such option. */
const inTasks = 'import os\nif "gthread" in os.environ.get("GUNICORN_CMD_ARGS", ""):\n';
const crash = `${inTasks}    raise RuntimeError("the app has had enough of tasks")\n`;
const slow = `${inTasks}    import time\n    time.sleep(3600)\n`;
const answer500 = `${inTasks}    @app.before_request\n    def refuse():\n        raise RuntimeError("no pages in tasks")\n`;

/** A version whose start has these lines of Python at its end. Only tasks must not serve it. */
const badVersion = (stack: LabStack, lines: string) =>
  stack.commit("Bad in tasks", async (directory) => {
    if (hasTasks(stack)) await mark(directory, broken);
    await appendFile(join(directory, "run.py"), `\n${lines}`);
  });

/** `up` of a version that is well on the app server, and is not in tasks. */
async function refusedByEcs(
  stack: LabStack,
  lines: string,
  settings: SettingValues,
  ...patterns: RegExp[]
): Promise<void> {
  const appCommit = await badVersion(stack, lines);
  await refused(
    stack,
    { ...settings, appCommit },
    /error: ECS does not serve commit /,
    new RegExp(`On the app server commit ${appCommit} serves`),
    /remedy: correct the app/,
    ...patterns,
  );
  if ((await stack.serving()) !== appCommit)
    throw new Error("the app server does not serve the version that it has proven");
}

/** Kills one of the tasks, and waits until status tells why no other one takes its place. */
async function killedAndNotReplaced(stack: LabStack, why: RegExp): Promise<void> {
  const [task] = await runningTasks(stack);
  await kill(stack, [task!]);
  await until(`status tells ${why}`, 180, async () => {
    // On a busy computer ECS's answer may come too late for ./ops status, which then says that it is not known.
    const tasks = await taskStatus(stack).catch(() => undefined);
    return tasks?.healthy === 1 && tasks.problems.some((problem) => why.test(problem));
  });
}

/** A release of a new version, after which all tasks serve. */
async function release(stack: LabStack, settings: SettingValues = {}): Promise<void> {
  await stack.release(settings);
  const { wanted, healthy, problems } = await taskStatus(stack);
  if (wanted !== 2 || healthy !== 2 || problems.length > 0)
    throw new Error(`${healthy} of ${wanted} tasks are healthy: ${problems.join("; ")}`);
}

/** Names of the app's variables in SSM. */
async function variables(stack: LabStack): Promise<string[]> {
  const query = { Path: "/flask-on-aws-dev/app", Recursive: true };
  const { Parameters = [] } = await stack.client(SSM).getParametersByPath(query);
  return Parameters.map(({ Name }) => Name!);
}

async function removeVariables(stack: LabStack): Promise<void> {
  const names = await variables(stack);
  for (const Name of names) await stack.client(SSM).deleteParameter({ Name });
  if (names.length === 0) throw new Error("no variable is in SSM");
}

/** Resolves to what builds the stack again, with its rows. */
async function destroyedWithoutMachines(stack: LabStack): Promise<() => Promise<void>> {
  const { lab } = stack;
  const copies = join(lab.home, "copies");
  const copy = (await lab.ops("backup", "--to", copies)).trim().split("\n").at(-1)!;
  if ((await variables(stack)).length === 0) throw new Error("no variable is in SSM");
  await terminated(stack);
  await lab.pulumi("destroy", "--yes", "--skip-preview");
  const left = await variables(stack);
  if (left.length > 0) throw new Error(`destroy has left ${left.join(", ")}`);
  return async () => {
    await up(stack, { appTasksMax: 0 });
    await stack.look();
    await lab.ops("restore", "--from", copy, "--yes");
    await rm(copies, { recursive: true });
    await release(stack);
  };
}

/** Resolves to what switches the tasks off again. */
async function recordsElsewhere(stack: LabStack): Promise<() => Promise<void>> {
  const domain = "tasks.elsewhere.test";
  const env = { LAB_NAME: stack.lab.name };
  const create = (record: string) => succeed("lab/dns-record", record.split(" "), { env });
  const running = stack.startUp({ domain, dnsZone: "none", appTasks: 2 });
  const ofCertificate = /Needed DNS record .*: (_\S+ \d+ IN CNAME \S+)/;
  await until("up prints the record", 600, () =>
    Promise.resolve(ofCertificate.test(running.output()) || running.over()),
  );
  await create(part(running.output(), ofCertificate));
  const result = await running.ended;
  if (result.status !== 0) throw new Error(`up ended with ${result.status}:\n${tail(result)}`);
  const records = (await stack.lab.outputs()).dnsRecord!.split("\n");
  await create(records[1]!);
  await stack.look();
  await until("the load balancer serves the domain", 60, () => isServed(stack));
  return async () => {
    await create(`${domain} 60 IN A ${stack.outputs.appServerPublicIp!}`);
    await turnOff(stack);
    await up(stack, { dnsZone: "" });
    for (const record of [domain, records[0]!.split(" ")[0]!]) await create(record);
    await stack.release();
  };
}

/** The engine killed at a step that there is with tasks only. */
const killedWithTasks = (step: string): Fault => ({ ...killedAt(step), prepare });

export const taskFaults: Fault[] = [
  {
    name: "first-deployment-crashes",
    prepare: turnOff,
    async inject(stack) {
      const settings = await settingsOfTasks(stack, 2);
      await refusedByEcs(stack, crash, settings, /log: .*the app has had enough of tasks/);
      return () => release(stack);
    },
  },
  {
    name: "crashes-in-tasks",
    prepare,
    async inject(stack) {
      const before = await stack.serving();
      await refusedByEcs(
        stack,
        crash,
        {},
        /stopped task [^]*log: .*the app has had enough of tasks/,
        new RegExp(`2 of 2 tasks run commit ${before}`),
      );
      return () => release(stack);
    },
  },
  {
    name: "answers-500-in-tasks",
    prepare,
    async inject(stack) {
      await refusedByEcs(stack, answer500, {}, /failed ELB health checks/);
      return () => release(stack);
    },
  },
  {
    name: "certificate-record-late",
    // The app server gets a certificate of its address again at the end.
    allowsDowntime: true,
    prepare: turnOff,
    inject: recordsElsewhere,
  },
  {
    name: "slow-in-tasks",
    // ECS gives up after three tasks, each of which it gives two minutes: two at a time come to that within five minutes.
    prepare: (stack) => turnOn(stack, 1),
    async inject(stack) {
      const before = await stack.serving();
      await refusedByEcs(
        stack,
        slow,
        { appTasksTimeout: 5 },
        new RegExp(` after 300 s, and returns to commit ${before}: `),
        new RegExp(`1 of 1 tasks run commit ${before}`),
      );
      await until("ECS has returned to the version before", 180, async () => {
        const { healthy, groups } = await taskStatus(stack);
        return healthy === 1 && groups.every(({ commit }) => commit === before);
      });
      return () => release(stack, { appTasks: 2, appTasksTimeout: 15 });
    },
  },
  killedWithTasks("push"),
  killedWithTasks("serve-tasks"),
  {
    name: "variables-of-tasks-gone",
    // Requests that the killed task was answering end without an answer.
    allowsDowntime: true,
    prepare,
    async inject(stack) {
      await removeVariables(stack);
      await killedAndNotReplaced(stack, /unable to pull secrets/);
      return () => release(stack);
    },
  },
  {
    name: "image-of-tasks-gone",
    // Requests that the killed task was answering end without an answer.
    allowsDowntime: true,
    prepare,
    async inject(stack) {
      await removeImages(stack);
      await killedAndNotReplaced(stack, /CannotPullContainerError/);
      return () => release(stack);
    },
  },
  {
    name: "load-balancer-gone",
    allowsDowntime: true,
    prepare,
    async inject(stack) {
      const elb = stack.client(ElasticLoadBalancingV2);
      const { LoadBalancers = [] } = await elb.describeLoadBalancers({});
      await elb.deleteLoadBalancer({ LoadBalancerArn: LoadBalancers[0]!.LoadBalancerArn });
      return async () => {
        await stack.release({}, "--refresh");
        await release(stack);
      };
    },
  },
  {
    name: "destroyed-without-app-server",
    allowsDowntime: true,
    async prepare(stack) {
      await prepare(stack);
      // The end of scaling is the other step that needs the app server.
      await up(stack, { appTasksMax: 3 });
    },
    inject: destroyedWithoutMachines,
  },
];
