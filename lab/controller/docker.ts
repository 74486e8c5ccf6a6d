/** Docker's engine, and the names and labels of everything that one lab makes. */
import { execFile } from "node:child_process";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { finished } from "node:stream/promises";
import { promisify } from "node:util";
import Docker from "dockerode";

export interface Lab {
  name: string;
  /** Directory of the lab's state. */
  home: string;
  /** N of 198.18.N.0/24, the lab's internet. */
  subnet: number;
  images: { machine: string; net: string; mysql: string };
}

/** Tells the lab's home, since labs of two clones may have one name. */
export const label = "flask-on-aws.lab";
const resourceLabel = "flask-on-aws.resource";

/** The engine of DOCKER_HOST, else the one of this machine. */
export const engine = new Docker();

/** Reads the lab's settings from the environment that lab/shell/env.sh exports. Throws naming what is missing. */
export function labFromEnvironment(): Lab {
  const need = (name: string) => {
    const value = process.env[name];
    if (!value) throw new Error(`${name} is not set: start the controller by lab/up`);
    return value;
  };
  return {
    name: need("LAB_NAME"),
    home: need("LAB_HOME"),
    subnet: Number(need("LAB_SUBNET")),
    images: {
      machine: need("LAB_IMAGE_MACHINE"),
      net: need("LAB_IMAGE_NET"),
      mysql: need("LAB_IMAGE_MYSQL"),
    },
  };
}

/**
 * The CLI: for lab/support/reachability.ts, and for `docker run --rm`. The library's counterpart fails if the container is
 * removed before it asks for the result.
 */
export async function docker(args: string[]): Promise<string> {
  return (await promisify(execFile)("docker", args)).stdout.trim();
}

export function identity(lab: Lab, name: string): string[] {
  return ["--name", `${lab.name}-${name}`, "--label", `${label}=${lab.home}`];
}

/** For `catch`: ignores an answer of the engine with this HTTP status, and passes other errors on. */
export function ignoring(status: number): (error: Error) => undefined {
  return (error: Error & { statusCode?: number }) => {
    if (error.statusCode !== status) throw error;
  };
}

export type Container = Awaited<ReturnType<typeof inspect>>;

export async function inspect(container: string) {
  const { Name, State, Config } = await engine.getContainer(container).inspect();
  return {
    name: Name.slice(1),
    resource: Config.Labels[resourceLabel],
    image: Config.Image,
    running: State.Running,
    /** Its processes get no time; it counts as running. */
    paused: State.Paused,
    healthy: State.Health?.Status === "healthy",
    /** Process id of its first process on the host; 0 when it is not running. */
    pid: State.Pid,
    /** When it was started last: changes when it restarts, so its network interface is gone. */
    startedAt: State.StartedAt,
    /** Made and never started. */
    created: State.Status === "created",
    exitCode: State.ExitCode,
    /** Killed as it used more memory than it may. */
    outOfMemory: State.OOMKilled,
  };
}

/** All containers of the lab, by name. */
export async function containers(lab: Lab): Promise<Map<string, Container>> {
  const filters = { label: [`${label}=${lab.home}`] };
  const listed = await engine.listContainers({ all: true, filters });
  // One may vanish after it was listed.
  const found = await Promise.all(listed.map(({ Id }) => inspect(Id).catch(ignoring(404))));
  return new Map(found.flatMap((container) => (container ? [[container.name, container]] : [])));
}

/** Makes a container and starts it. A second network is connected before the start, as its first process looks for it. */
export async function runContainer(
  lab: Lab,
  resource: string,
  options: Docker.ContainerCreateOptions,
  network?: string,
): Promise<void> {
  const name = await createContainer(lab, resource, options);
  if (network) await engine.getNetwork(network).connect({ Container: name });
  await engine.getContainer(name).start();
}

/** Makes a container, and does not start it. Resolves to its name. */
export async function createContainer(
  lab: Lab,
  resource: string,
  options: Docker.ContainerCreateOptions,
): Promise<string> {
  const name = `${lab.name}-${resource}`;
  const Labels = { [label]: lab.home, [resourceLabel]: resource };
  await engine.createContainer({ name, Labels, ...options });
  return name;
}

/** Makes a volume, labelled so that lab/down finds it. Returns the bind that mounts it at the path. */
export async function volume(lab: Lab, resource: string, path: string): Promise<string> {
  const Name = `${lab.name}-${resource}`;
  await engine.createVolume({ Name, Labels: { [label]: lab.home } });
  return `${Name}:${path}`;
}

/** Runs a command in a container; resolves to its output. Rejects with what it printed if it fails. */
export async function exec(container: string, Cmd: string[], stdin = ""): Promise<string> {
  const attach = { AttachStdin: true, AttachStdout: true, AttachStderr: true };
  const command = await engine.getContainer(container).exec({ Cmd, ...attach });
  const stream = await command.start({ hijack: true, stdin: true });
  stream.end(stdin);
  const output = await outputOf(stream);
  const { ExitCode: status } = await command.inspect();
  if (status !== 0)
    throw new Error(`${Cmd[0]} in ${container}: ${output || `exit status ${status}`}`);
  return output;
}

/** The last lines that a container printed before it ended. */
export async function lastLines(container: string): Promise<string> {
  const lines = { stdout: true, stderr: true, tail: 5, follow: true } as const;
  return outputOf(await engine.getContainer(container).logs(lines));
}

async function outputOf(stream: NodeJS.ReadableStream): Promise<string> {
  const output = new PassThrough();
  engine.modem.demuxStream(stream, output, output);
  // A command that ends before it has read its input closes the stream; its exit status says why.
  await finished(stream).catch(() => undefined);
  return (await text(output.end())).trim();
}
