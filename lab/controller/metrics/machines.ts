/** Reports what EC2 and RDS measure of each instance and database, as far as an alarm of the program uses it. */
import { setTimeout as sleep } from "node:timers/promises";
import { reportMetrics, type Metric } from "../control-api.ts";
import { exec, inspect, type Lab } from "../docker.ts";
import type { Database, Instance } from "../observed-state.ts";
import { tellFreeStorage } from "./free-storage.ts";

/** Milliseconds. AWS reports each minute. Here, tests wait for it, and one slow round must not leave a minute without a value. */
const reportInterval = 10_000;

interface Bodies {
  readonly instances: readonly Instance[];
  readonly databases: readonly Database[];
}

/** Measures as long as the process lives. `run` runs a job and logs its errors. */
export async function watchMachines(
  lab: Lab,
  desired: () => Bodies | undefined,
  run: (key: string, job: () => Promise<void>) => Promise<void>,
): Promise<never> {
  for (;;) {
    const { instances = [], databases = [] } = desired() ?? {};
    for (const { id, state, rebooting } of instances)
      if (state === "running" && !rebooting)
        await run(`status checks of ${id}`, async () => {
          const { running, paused } = await inspect(`${lab.name}-${id}`);
          await reportMetrics("AWS/EC2", statusChecks(id, running && !paused));
        });
    for (const database of databases.filter(({ status }) => status === "available")) {
      const { id, port } = database;
      await run(`free storage of ${id}`, () => tellFreeStorage(lab, database));
      await run(`connections of ${id}`, async () => {
        // Both files have IPv4 connections: MySQL listens on IPv6, too.
        const table = await exec(`${lab.name}-${id}`, ["cat", "/proc/net/tcp", "/proc/net/tcp6"]);
        const dimensions = { DBInstanceIdentifier: id };
        const value = connections(table, port);
        await reportMetrics("AWS/RDS", [{ name: "DatabaseConnections", dimensions, value }]);
      });
    }
    await sleep(reportInterval);
  }
}

/** What lies below a machine never fails in the lab. */
export function statusChecks(InstanceId: string, isAlive: boolean): Metric[] {
  const dimensions = { InstanceId };
  return [
    { name: "StatusCheckFailed_System", dimensions, value: 0 },
    { name: "StatusCheckFailed_Instance", dimensions, value: isAlive ? 0 : 1 },
  ];
}

/** Established connections to a port, in the kernel's own table: proc(5), /proc/net/tcp. */
export function connections(table: string, port: number): number {
  const local = port.toString(16).toUpperCase().padStart(4, "0");
  return table.match(new RegExp(`^ *\\d+: \\w+:${local} \\w+:\\w+ 01 `, "gm"))?.length ?? 0;
}
