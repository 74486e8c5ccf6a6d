/** The docker CLI, and the names and labels of everything that one lab makes. */
import { execFile } from "node:child_process";
import { basename } from "node:path";

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
export const resourceLabel = "flask-on-aws.resource";

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

/** Runs a program; resolves to its output, rejects with what it printed to stderr. */
export function run(program: string, args: string[], stdin = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: 16 << 20 }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout.trim());
      const command = [basename(program), ...args.slice(0, 2)].join(" ");
      reject(new Error(`${command}: ${stderr.trim() || error.message}`));
    });
    // A command that ends before it has read its input closes the pipe; its exit status says why.
    child.stdin!.on("error", () => undefined);
    child.stdin!.end(stdin);
  });
}

export function docker(args: string[], stdin = ""): Promise<string> {
  return run("docker", args, stdin);
}

export interface Container {
  name: string;
  resource: string;
  running: boolean;
  /** Process id of its first process on the host; 0 when it is not running. */
  pid: number;
  /** When it was started last: changes when it restarts, so its network interface is gone. */
  startedAt: string;
}

/** All containers of the lab, by name. */
export async function containers(lab: Lab): Promise<Map<string, Container>> {
  const ids = await docker(["ps", "-aq", "--no-trunc", "--filter", `label=${label}=${lab.home}`]);
  if (ids === "") return new Map();
  // One that vanishes between the two commands makes inspect fail: then there is another list.
  const text = await docker(["inspect", ...ids.split("\n")]).catch((error: Error) => {
    if (/no such object/i.test(error.message)) return undefined;
    throw error;
  });
  if (text === undefined) return containers(lab);
  const found = JSON.parse(text) as {
    Name: string;
    State: { Running: boolean; Pid: number; StartedAt: string };
    Config: { Labels: Record<string, string> };
  }[];
  return new Map(
    found.map(({ Name, State, Config }) => {
      const name = Name.slice(1);
      const { Running: running, Pid: pid, StartedAt: startedAt } = State;
      return [
        name,
        { name, resource: Config.Labels[resourceLabel] ?? "", running, pid, startedAt },
      ];
    }),
  );
}

/** Flag for a volume, labelled so that lab/down finds it. */
export function volumeMount(lab: Lab, name: string, target: string): string {
  // Docker reads it as CSV, and a directory's name may have a comma.
  return `--mount=type=volume,source=${lab.name}-${name},target=${target},"volume-label=${label}=${lab.home}"`;
}

/** Flags that every container of the lab is run with. */
export function identity(lab: Lab, name: string, resource = ""): string[] {
  const flags = ["--name", `${lab.name}-${name}`, "--label", `${label}=${lab.home}`];
  return resource ? [...flags, "--label", `${resourceLabel}=${resource}`] : flags;
}
