/** What is done under load to an app on ECS. */
import { until } from "../faults/fault.ts";
import type { LabStack } from "../../support/stack.ts";
import { kill, runningTasks, taskStatus } from "../../support/tasks.ts";
import { up } from "../../support/up.ts";

async function scale(stack: LabStack, appTasks: number): Promise<void> {
  await up(stack, { appTasks });
  const { healthy } = await taskStatus(stack);
  if (healthy !== appTasks) throw new Error(`${healthy} tasks are healthy, not ${appTasks}`);
}

/** Kills the tasks, and resolves when as many others are healthy. */
async function killed(
  stack: LabStack,
  choose: (tasks: Awaited<ReturnType<typeof runningTasks>>) => typeof tasks,
): Promise<void> {
  const tasks = await runningTasks(stack);
  const chosen = choose(tasks);
  const ids = new Set(chosen.map(({ id }) => id));
  await kill(stack, chosen);
  await until(`${ids.size} other tasks are healthy`, 300, async () => {
    if ((await runningTasks(stack)).some(({ id }) => ids.has(id))) return false;
    return (await taskStatus(stack)).healthy === tasks.length;
  });
}

/** By name. */
export const taskChanges: Record<string, (stack: LabStack) => Promise<unknown>> = {
  async scale(stack) {
    for (const count of [3, 6, 2]) await scale(stack, count);
  },
  "killed-task": (stack) => killed(stack, (tasks) => tasks.slice(0, 1)),
  "killed-zone": (stack) =>
    killed(stack, (tasks) => tasks.filter(({ zone }) => zone === tasks[0]!.zone)),
};
