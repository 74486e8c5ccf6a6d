/** The app on ECS in the lab: tasks are turned on and off, looked at, and killed. */
import { ECR } from "@aws-sdk/client-ecr";
import { ECS } from "@aws-sdk/client-ecs";
import { ElasticLoadBalancingV2 } from "@aws-sdk/client-elastic-load-balancing-v2";
import { Route53 } from "@aws-sdk/client-route-53";
import type { Status } from "../../operations/status.ts";
import type { TaskStatus } from "../../operations/task-status.ts";
import { succeed } from "./lab.ts";
import type { LabStack, SettingValues } from "./stack.ts";
import { up } from "./up.ts";

const zone = "tasks.test";

async function upAndLook(stack: LabStack, settings: SettingValues = {}): Promise<void> {
  await up(stack, settings);
  await stack.look();
}

/** Settings of a stack with so many tasks. Its account gets a zone for the domain. */
export async function settingsOfTasks(stack: LabStack, appTasks: number): Promise<SettingValues> {
  const route53 = stack.client(Route53);
  const { HostedZones = [] } = await route53.listHostedZones({});
  if (!HostedZones.some(({ Name }) => Name === `${zone}.`))
    await route53.createHostedZone({ Name: zone, CallerReference: zone });
  return { domain: `app.${zone}`, appTasks };
}

/** Whether tasks serve the domain. */
export const hasTasks = ({ outputs }: LabStack) => outputs.canaryUrl !== "";

/** Has so many tasks serve the domain. Where there were none, the second `up` completes the change. */
export async function turnOn(stack: LabStack, appTasks: number): Promise<void> {
  const settings = await settingsOfTasks(stack, appTasks);
  const isFirst = !hasTasks(stack);
  await upAndLook(stack, settings);
  if (isFirst) await upAndLook(stack);
}

/** Has the app server alone serve, at its address. */
export async function turnOff(stack: LabStack): Promise<void> {
  if (hasTasks(stack)) {
    await upAndLook(stack, { appTasks: 0 });
    await upAndLook(stack);
  }
  await upAndLook(stack, { domain: "" });
}

/** What `./ops status` tells. @throws if there are no tasks */
export async function taskStatus({ lab }: LabStack): Promise<TaskStatus> {
  const { tasks } = JSON.parse(await lab.ops("status", "--json")) as Status;
  if (!tasks) throw new Error("./ops status tells of no tasks");
  return tasks;
}

/** How many tasks the load balancer gives requests. */
export async function healthyTasks(stack: LabStack): Promise<number> {
  const elb = stack.client(ElasticLoadBalancingV2);
  const { TargetGroups = [] } = await elb.describeTargetGroups({});
  const { TargetGroupArn } = TargetGroups[0]!;
  const { TargetHealthDescriptions = [] } = await elb.describeTargetHealth({ TargetGroupArn });
  return TargetHealthDescriptions.filter(({ TargetHealth }) => TargetHealth?.State === "healthy")
    .length;
}

interface RunningTask {
  readonly id: string;
  readonly zone: string;
}

/** Tasks that run, by zone. */
export async function runningTasks(stack: LabStack): Promise<RunningTask[]> {
  const ecs = stack.client(ECS);
  const { clusterArns = [] } = await ecs.listClusters({});
  const cluster = clusterArns[0]!;
  const { taskArns = [] } = await ecs.listTasks({ cluster, desiredStatus: "RUNNING" });
  if (taskArns.length === 0) return [];
  const { tasks = [] } = await ecs.describeTasks({ cluster, tasks: taskArns });
  return tasks
    .filter(({ lastStatus }) => lastStatus === "RUNNING")
    .map(({ taskArn, availabilityZone }) => ({
      id: taskArn!.split("/").at(-1)!,
      zone: availabilityZone!,
    }))
    .sort((a, b) => a.zone.localeCompare(b.zone));
}

const containerOf = (stack: LabStack, { id }: RunningTask) => `${stack.lab.name}-task-${id}`;

/** What a task gets from ECS for calls of AWS, as the AWS SDKs ask for it. */
export async function roleCredentials(stack: LabStack, task: RunningTask) {
  const url = '"http://169.254.170.2" + os.environ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"]';
  const ask = `import os, urllib.request as r; print(r.urlopen(${url}, timeout=10).read().decode())`;
  const told = await succeed("docker", ["exec", containerOf(stack, task), "python3", "-c", ask]);
  const { AccessKeyId, SecretAccessKey, Token } = JSON.parse(told) as Record<string, string>;
  return {
    accessKeyId: AccessKeyId!,
    secretAccessKey: SecretAccessKey!,
    sessionToken: Token!,
  };
}

/** Ends tasks as a crash of their computers would. */
export async function kill(stack: LabStack, tasks: readonly RunningTask[]): Promise<void> {
  await succeed("docker", ["kill", ...tasks.map((task) => containerOf(stack, task))]);
}

/** Keeps the processor of each task busy, until the function that this resolves to is called. */
export async function keepBusy(stack: LabStack): Promise<() => Promise<void>> {
  const busy = await runningTasks(stack);
  const run = async (script: string) => {
    for (const task of busy)
      await succeed("docker", ["exec", "--detach", containerOf(stack, task), "sh", "-c", script]);
  };
  await run("rm -f /tmp/idle; while [ ! -e /tmp/idle ]; do :; done");
  return () => run("touch /tmp/idle");
}

/** Removes all images from the repository of the tasks. */
export async function removeImages(stack: LabStack): Promise<void> {
  const ecr = stack.client(ECR);
  const { repositories = [] } = await ecr.describeRepositories({});
  const { repositoryName } = repositories[0]!;
  const { imageIds = [] } = await ecr.listImages({ repositoryName });
  await ecr.batchDeleteImage({ repositoryName, imageIds });
}
