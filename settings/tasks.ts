/** Settings of the app's tasks on ECS, and the rules between them and others. */
import { z } from "zod";
import { isScaled, taskCount, type TaskCount } from "../compute/tasks/plan.ts";
import { fargateSizes, parseTaskSize, workersOf, type TaskSize } from "../compute/tasks/size.ts";
import { maxConnections, nextClass } from "../database/connections.ts";
import type { AppVariables } from "./app-variables.ts";
import { refuse, text, wholeNumber } from "./fields.ts";
import { configCommand, fullKey, refused, type Problem } from "./problem.ts";

const setSize = () => configCommand("set appTaskSize '0.25 vCPU, 0.5 GB'");

const appTaskSize = z.string().transform((value, context): TaskSize => {
  const size = parseTaskSize(value);
  const form = "must be vCPU and memory, written as 0.25 vCPU, 0.5 GB";
  if (!size) return refuse(context, form, setSize());
  const memory = fargateSizes.get(size.vcpu);
  const sizes = `Fargate has ${[...fargateSizes.keys()].join(", ")} vCPU`;
  if (!memory) return refuse(context, sizes, setSize());
  if (memory.includes(size.memoryGb)) return size;
  const [least = 0, second = 0] = memory;
  const steps =
    memory.length > 4
      ? `${least} to ${memory.at(-1)} GB in steps of ${second - least}`
      : `${memory.join(", ")} GB`;
  return refuse(context, `Fargate has ${steps} with ${size.vcpu} vCPU`, setSize());
});

export const tasks = {
  appTasks: wholeNumber(0, 100, "tasks", "use 0"),
  appTasksMax: wholeNumber(0, 100, "tasks", "use 0"),
  appWorkerTasks: wholeNumber(0, 100, "tasks", "use 0"),
  appTaskSize,
  appTasksTimeout: wholeNumber(5, 120, "minutes", "use 15"),
  certificateArn: text(
    /^$|^arn:aws:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/,
    "must be the ARN of a certificate in ACM",
    'use "" to have one made',
  ),
};

type Values = Partial<z.output<z.ZodObject<typeof tasks>>> & {
  readonly domain?: string | undefined;
  readonly https?: boolean | undefined;
  readonly appRedis?: boolean | undefined;
  readonly appFiles?: string | undefined;
  readonly appDatabase?: boolean | undefined;
  readonly appEnvironment?: AppVariables | undefined;
  readonly natGateways?: string | undefined;
  readonly availabilityZones?: readonly string[] | undefined;
  readonly databaseInstanceClass?: string | undefined;
};
interface Context {
  readonly region: string;
  readonly appSecrets: AppVariables | undefined;
}

/** What tasks need of other settings. Without tasks there is nothing to say. */
export function taskProblems(values: Values, { region, appSecrets }: Context): Problem[] {
  if (!values.appTasks) return [...maximumProblems(values), ...workerProblems(values)];
  return [
    ...maximumProblems(values),
    ...pageProblems(values, region),
    ...machineProblems(values),
    ...natProblems(values),
    ...connectionProblems(values),
    ...variableProblems("appEnvironment", values.appEnvironment),
    ...variableProblems("appSecrets", appSecrets),
  ];
}

function maximumProblems({ appTasks, appTasksMax }: Values): Problem[] {
  if (!appTasksMax || appTasks === undefined) return [];
  if (appTasks > 0 && appTasksMax >= appTasks) return [];
  const limit =
    appTasks === 0
      ? "counts only with appTasks, the least number of tasks, which is 0"
      : `must be 0 or at least appTasks, ${appTasks}: the least number of tasks`;
  const ways = [`set appTasksMax ${appTasks}`, `set appTasks ${appTasksMax}`].map(configCommand);
  return [refused("appTasksMax", appTasksMax, limit, ways.join("\nor: "))];
}

function workerProblems({ appTasks, appWorkerTasks }: Values): Problem[] {
  if (!appWorkerTasks || appTasks !== 0) return [];
  const limit = "must be 0 with appTasks 0: the app server runs the processes of the Procfile then";
  const ways = ["set appWorkerTasks 0", "set appTasks 1"].map(configCommand);
  return [refused("appWorkerTasks", appWorkerTasks, limit, ways.join("\nor: "))];
}

const withoutTasks = () => `or, to have no tasks: ${configCommand("set appTasks 0")}`;

function pageProblems(
  { appTasks, domain, https, certificateArn }: Values,
  region: string,
): Problem[] {
  const found: Problem[] = [];
  if (domain === "") {
    const limit = `must be set with appTasks ${appTasks}: a load balancer has no certificate of its own`;
    const remedy = `${configCommand("set domain YOUR_NAME")}\n${withoutTasks()}`;
    found.push(refused("domain", domain, limit, remedy));
  }
  if (https === false) {
    const limit = `must be true with appTasks ${appTasks}: the load balancer serves HTTPS`;
    found.push(refused("https", https, limit, configCommand("rm https")));
  }
  const [, , , ofCertificate] = (certificateArn ?? "").split(":");
  if (ofCertificate && ofCertificate !== region) {
    const limit = `is in region ${ofCertificate}, and the load balancer is in ${region}`;
    found.push(
      refused("certificateArn", certificateArn, limit, configCommand("rm certificateArn")),
    );
  }
  return found;
}

/** What is on the app server alone. */
function machineProblems({ appTasks, appRedis, appFiles }: Values): Problem[] {
  const found: Problem[] = [];
  if (appRedis) {
    const limit = `is on the app server, which ${appTasks} tasks cannot use: use ElastiCache`;
    const address = configCommand("set --path --secret appSecrets.REDIS_URL");
    const remedy = `${configCommand("rm appRedis")}\nthen: ${address}`;
    found.push(refused("appRedis", appRedis, limit, remedy));
  }
  if (appFiles) {
    const limit = `is on the app server, which ${appTasks} tasks cannot use: keep files in a bucket`;
    found.push(refused("appFiles", appFiles, limit, configCommand("rm appFiles")));
  }
  return found;
}

/** USD a month, by docs/environments.md and docs/security.md. */
const natGatewayPrice = "36.50";
const endpointPrice = 7;
/** Those of ECR, which has two, of CloudWatch Logs and of SSM. S3's is there and costs nothing. */
const endpoints = 4;

function natProblems({ natGateways, availabilityZones }: Values): Problem[] {
  if (natGateways !== "none") return [];
  const zones = availabilityZones?.length || 2;
  const price = endpoints * endpointPrice * zones;
  const limit = `tasks need a NAT gateway, ${natGatewayPrice} USD a month; ${endpoints} endpoints in ${zones} zones cost ${price}`;
  return [refused("natGateways", natGateways, limit, configCommand("set natGateways single"))];
}

/**
 * Connections that the app server may need: two versions of the app with two workers each, a migration, a backup, checks
 * and shells.
 */
const ofAppServer = 12;

function connectionProblems({
  appTasks = 0,
  appTasksMax = 0,
  appWorkerTasks: workers = 0,
  appTaskSize: size,
  appDatabase,
  databaseInstanceClass: instanceClass,
}: Values): Problem[] {
  if (!size || appDatabase === false || instanceClass === undefined) return [];
  const most = maxConnections(instanceClass);
  const ofTask = workersOf(size);
  // While it rolls, ECS runs the tasks of both versions. A worker counts with one connection, as it has one process.
  const count = taskCount(appTasks, appTasksMax);
  const ofWorkers = 2 * workers;
  const ofOthers = ofWorkers + ofAppServer;
  const needed = 2 * count.most * ofTask + ofOthers;
  if (most === undefined || needed <= most) return [];
  const sum = `2 x ${count.most} x ${ofTask}${workers > 0 ? ` + 2 x ${workers}` : ""} + ${ofAppServer}`;
  const limit = `may use ${needed} connections (${sum}); ${instanceClass} has about ${most}`;
  const fitting = Math.floor((most - ofOthers) / (2 * ofTask));
  const fittingWorkers = Math.floor((most - needed + ofWorkers) / 2);
  const larger = nextClass(instanceClass);
  const ways = [
    ...(fitting > 0 ? [fewerTasks(count, fitting)] : []),
    ...(workers > 0 && fittingWorkers > 0
      ? [configCommand(`set appWorkerTasks ${fittingWorkers}`)]
      : []),
    ...(larger ? [configCommand(`set databaseInstanceClass ${larger}`)] : []),
  ];
  const setting = isScaled(count) ? "appTasksMax" : "appTasks";
  return [refused(setting, count.most, limit, ways.join("\nor: "))];
}

/** The commands with which there are not more tasks than these. */
function fewerTasks(count: TaskCount, fitting: number): string {
  if (!isScaled(count)) return configCommand(`set appTasks ${fitting}`);
  const fewer = configCommand(`set appTasksMax ${fitting}`);
  return fitting < count.least
    ? `${fewer}\nand: ${configCommand(`set appTasks ${fitting}`)}`
    : fewer;
}

/** Bytes of a parameter of SSM's standard tier. */
const largestParameter = 4096;

/** Variables that SSM cannot keep. No text has the value of a secret. */
function variableProblems(
  setting: "appEnvironment" | "appSecrets",
  variables: AppVariables = {},
): Problem[] {
  return Object.entries(variables).flatMap(([name, value]) => {
    if (typeof value !== "string") return [];
    const bytes = Buffer.byteLength(value);
    const limit =
      bytes > largestParameter
        ? `has ${bytes} bytes; SSM, which keeps it for tasks, has ${largestParameter} for each`
        : value === ""
          ? "is empty: SSM, which keeps the variables for tasks, keeps no empty ones"
          : value.includes("{{")
            ? "has {{ in it, which SSM, which keeps it for tasks, refuses"
            : "";
    if (!limit) return [];
    const remedy = configCommand(`rm --path ${setting}.${name}`);
    return [{ what: `${fullKey(setting)}.${name} cannot be given to tasks`, limit, remedy }];
  });
}
