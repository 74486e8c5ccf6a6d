/** How much processor time a container has used, as the kernel counts it. */
import { readFile } from "node:fs/promises";

const root = "/sys/fs/cgroup";

/** The file of a control group that counts its processor time, and what one of its numbers is in nanoseconds. */
export interface UsageFile {
  readonly path: string;
  /** What stands before the number. */
  readonly label: string;
  readonly nanoseconds: number;
}

/**
 * Where the kernel counts for a process, by the text of its /proc/PID/cgroup: version 1 has a hierarchy for the controller
 * cpuacct, version 2 one for all. https://docs.kernel.org/admin-guide/cgroup-v2.html
 *
 * Docker's own statistics are not used: with version 1 beside an empty hierarchy of version 2 they are zeros.
 */
export function usageFile(cgroups: string): UsageFile | undefined {
  const [, first] = /^\d+:(?:[\w=,]+,)?cpuacct(?:,[\w=,]+)?:(.*)$/m.exec(cgroups) ?? [];
  if (first !== undefined)
    return { path: `${root}/cpuacct${first}/cpuacct.usage`, label: "", nanoseconds: 1 };
  const [, second] = /^0::(.*)$/m.exec(cgroups) ?? [];
  if (second === undefined) return undefined;
  return { path: `${root}${second}/cpu.stat`, label: "usage_usec ", nanoseconds: 1000 };
}

/** What a container has used since its start. */
export interface Sample {
  /** Nanoseconds of processor time. */
  readonly cpu: number;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** What the container of a process has used; undefined if the process has ended. */
export async function sampleOf(pid: number): Promise<Sample | undefined> {
  try {
    const file = usageFile(await readFile(`/proc/${pid}/cgroup`, "utf8"));
    if (!file) throw new Error(`the process ${pid} is in no control group that counts its CPU`);
    const text = await readFile(file.path, "utf8");
    const used = new RegExp(`^${file.label}(\\d+)$`, "m").exec(text)![1];
    return { cpu: Number(used) * file.nanoseconds, time: Date.now() };
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
