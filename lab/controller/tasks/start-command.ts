/** What a task's container is made of. Pure functions. */
import type { ContainerCreateOptions } from "dockerode";
import type { Task } from "../control-api.ts";

/** The part of an image's configuration that a start depends on. */
export interface ImageCommand {
  Entrypoint?: string | string[] | null | undefined;
  Cmd?: string | string[] | null | undefined;
}

/**
 * The controller attaches the network interface once the container runs, its default route last. On AWS it is there from the
 * start. The shell then makes way for the image's own program, which is process 1 and gets the signals.
 */
const awaitNetwork =
  `trap "exit 143" TERM; until grep -q "^eth0\t00000000\t" /proc/net/route; do sleep 0.1; done; ` +
  `exec "$0" "$@"`;

/** The options of Docker for a task's container, without name and labels. */
export function containerOptions(
  task: Task,
  image: string,
  own: ImageCommand,
  resolver: string,
): ContainerCreateOptions {
  const entrypoint = task.entryPoint ?? list(own.Entrypoint);
  const hostname = `ip-${task.address.replaceAll(".", "-")}`;
  const memory = task.memoryMiB * 2 ** 20;
  return {
    Image: image,
    Hostname: hostname,
    Entrypoint: ["/bin/sh", "-c", awaitNetwork, ...entrypoint],
    // As Docker does, which leaves out the image's command with another entry point.
    Cmd: task.command ?? (task.entryPoint ? [] : list(own.Cmd)),
    Env: Object.entries(task.environment).map(([name, value]) => `${name}=${value}`),
    StopTimeout: task.stopTimeout,
    // ECS, too, leaves out the image's own.
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      NetworkMode: "none",
      Dns: [resolver],
      // Docker adds it for its own networks only.
      ExtraHosts: [`${hostname}:${task.address}`],
      // The controller reads it, whatever the engine's default is.
      LogConfig: { Type: "json-file", Config: { "max-size": "20m", "max-file": "2" } },
      Memory: memory,
      // Fargate has no swap.
      MemorySwap: memory,
      // Docker refuses NanoCpus of more processors than the machine has.
      CpuPeriod: 100_000,
      CpuQuota: Math.round((task.cpu / 1024) * 100_000),
    },
  };
}

function list(words: string | string[] | null | undefined): string[] {
  return typeof words === "string" ? [words] : (words ?? []);
}
