/** What a lab could leave on the machine, to be compared before and after. */
import { readdirSync, readFileSync } from "node:fs";
import { succeed } from "../../lab/support/lab.ts";

/** Lines that say what is there, by kind. */
export type HostFootprint = Record<string, string[]>;

const lines = (text: string) =>
  text
    .split("\n")
    .map((line) => line.trimEnd())
    .filter(Boolean)
    .sort();

/** Runs a command in the host's network namespace, as root, from a container: the test needs no root then. */
async function inHostNetwork(image: string, script: string): Promise<string[]> {
  const flags = ["--rm", "--network=host", "--cap-add=NET_ADMIN"];
  return lines(await succeed("docker", ["run", ...flags, image, "sh", "-c", script]));
}

/** Processes in whose environment or arguments the text occurs, but this one. */
export function processesOf(text: string): { pid: number; command: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const [command = "", environment = ""] = ["cmdline", "environ"].map((file) =>
          readFileSync(`/proc/${pid}/${file}`, "utf8"),
        );
        if (!`${command}\0${environment}`.includes(text)) return [];
        return [{ pid: Number(pid), command: command.replaceAll("\0", " ") }];
      } catch {
        return []; // ended meanwhile, or another user's
      }
    });
}

/** Kills those processes; returns how many were found. One that ends before its turn comes is no error. */
export function killProcessesOf(text: string): number {
  const found = processesOf(text);
  for (const { pid } of found) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
  return found.length;
}

/**
 * Everything of the machine that a lab touches: containers, images of tasks, networks, volumes, links, routes, packet filter rules
 * and its processes.
 *
 * @param image the lab's image `net`, which has the tools
 * @param home the lab's directory
 */
export async function hostFootprint(image: string, home: string): Promise<HostFootprint> {
  const docker = async (...args: string[]) => lines(await succeed("docker", args));
  return {
    containers: await docker("ps", "--all", "--format", "{{.Names}}"),
    // The second kind of name is that of an image that the controller is about to rename.
    taskImages: await docker(
      ...["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"],
      ...["--filter", "reference=flask-on-aws-tasks/*", "--filter", "reference=127.0.0.1:*/*"],
    ),
    networks: await docker("network", "ls", "--format", "{{.Name}}"),
    volumes: await docker("volume", "ls", "--format", "{{.Name}}"),
    links: await inHostNetwork(image, "ls /sys/class/net"),
    routes: await inHostNetwork(image, "ip route show table all"),
    rules: await inHostNetwork(image, "nft --stateless list ruleset"),
    processes: processesOf(home).map(({ command }) => command),
  };
}

/** What is in `after` and was not in `before`, by kind; empty when nothing was left. */
export function added(before: HostFootprint, after: HostFootprint): HostFootprint {
  const more = Object.entries(after).flatMap(([kind, now]): [string, string[]][] => {
    const then = new Set(before[kind]);
    const left = now.filter((line) => !then.has(line));
    return left.length > 0 ? [[kind, left]] : [];
  });
  return Object.fromEntries(more);
}
