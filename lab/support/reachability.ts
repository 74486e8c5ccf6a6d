/** Who reaches whom in the lab, found by trying from each machine's own network namespace. */
import { describe } from "../controller/observed-state.ts";
import { docker, identity, labFromEnvironment, type Lab } from "../controller/docker.ts";
import { internetName, internetPrefix } from "../controller/internet.ts";

/** What answers at one target: ports as text ("none", "all" or a list), and "ping" if that does. */
export type Cell = string;
/** By source, then by target. */
export type Matrix = Record<string, Record<string, Cell>>;

const everyPort = [...Array.from({ length: 1024 }, (_, index) => index + 1), 3306, 5005, 5085];

interface Place {
  name: string;
  /** Container whose network namespace it is. */
  container: string;
  /** Process in that namespace, as the host numbers it. */
  pid: string;
  address: string;
  publicIp?: string;
}

/** Finds machines by their Name tags, as the program gives them. Throws naming what is not there. */
export async function measure(prefix: string, ports = everyPort): Promise<Matrix> {
  const lab = labFromEnvironment();
  const { instances, databases } = await describe();
  const instance = (suffix: string) => {
    const found = instances.find(
      ({ name, state }) => name === `${prefix}-${suffix}` && state === "running",
    );
    if (!found)
      throw new Error(`no running instance is named ${prefix}-${suffix}: bring the stack up first`);
    return found;
  };
  const app = instance("app-machine");
  const test = instance("test");
  const database = databases.find(({ id }) => id.startsWith(`${prefix}-database`));
  if (!database)
    throw new Error(`no database is named ${prefix}-database-…: bring the stack up first`);
  const externalClient = await ensureExternalClient(lab);
  const inContainer = (name: string, container: string, address: string, publicIp?: string) =>
    pidOf(container).then((pid): Place => ({
      name,
      container,
      pid,
      address,
      ...(publicIp ? { publicIp } : {}),
    }));
  const targets = await Promise.all([
    inContainer("app server", `${lab.name}-${app.id}`, app.address, app.publicIp),
    inContainer("test server", `${lab.name}-${test.id}`, test.address),
    inContainer("database", `${lab.name}-${database.id}`, database.address),
    inContainer("external client", `${lab.name}-external-client`, externalClient),
  ]);
  const appServer = targets[0];
  const container = { ...appServer, name: "container", pid: await containerInside(lab, appServer) };
  const sources = [targets[3], appServer, container, targets[1], targets[2]];
  const rows = await Promise.all(sources.map((source) => probe(lab, source, targets, ports)));
  return Object.fromEntries(sources.map(({ name }, index) => [name, rows[index]!]));
}

async function probe(
  lab: Lab,
  source: Place,
  targets: Place[],
  tried: number[],
): Promise<Record<string, Cell>> {
  const others = targets.filter(({ name }) => name !== source.name);
  // From the internet a machine is its public address, where it has one.
  const addressOf = (target: Place) =>
    source.name === "external client" ? (target.publicIp ?? target.address) : target.address;
  const command = ["exec", `${lab.name}-helper`, "nsenter", "--target", source.pid, "--net"];
  const probing = ["python3", "/lab/net/probe.py", tried.join(), ...others.map(addressOf)];
  const text = await docker([...command, ...probing]);
  const answers = JSON.parse(text) as Record<string, { ports: number[]; ping: boolean }>;
  return Object.fromEntries(
    others.map((target) => {
      const { ports, ping } = answers[addressOf(target)]!;
      const list =
        ports.length === 0 ? "none" : ports.length === tried.length ? "all" : ports.join(" ");
      return [target.name, ping ? `${list} ping` : list];
    }),
  );
}

/** A host on the lab's internet that nothing knows. Returns its address. */
export async function ensureExternalClient(lab: Lab): Promise<string> {
  const name = `${lab.name}-external-client`;
  const address = `${internetPrefix(lab)}.3`;
  if (await docker(["ps", "-q", "--filter", `name=^${name}$`])) return address;
  await docker(["rm", "--force", name]);
  await docker([
    "run",
    "--detach",
    ...identity(lab, "external-client"),
    "--cap-add=NET_ADMIN",
    `--network=${internetName(lab)}`,
    `--ip=${address}`,
    `--volume=${import.meta.dirname}/../controller:/lab:ro`,
    lab.images.net,
    "/lab/net/external-client.sh",
    internetPrefix(lab),
  ]);
  return address;
}

function pidOf(container: string): Promise<string> {
  return docker(["inspect", "--format", "{{.State.Pid}}", container]);
}

/** The first process of a container that runs inside a machine, as the host numbers it. */
async function containerInside(lab: Lab, machine: Place): Promise<string> {
  // One of the two serves, and the other may be there still.
  const list = ["ps", "--quiet", "--filter", "name=blue", "--filter", "name=green"];
  const [inside = ""] = (await docker(["exec", machine.container, "docker", ...list])).split("\n");
  const format = ["inspect", "--format", "{{.State.Pid}}", inside];
  const pid = await docker(["exec", machine.container, "docker", ...format]);
  // NSpid lists a process's numbers from the outermost namespace inwards; the control group tells the machine.
  const machineId = await docker(["inspect", "--format", "{{.Id}}", machine.container]);
  const find = `for process in $(grep -ls ${machineId} /proc/[0-9]*/cgroup); do
    awk '/^NSpid:/ && NF == 4 && $3 == ${pid} { print $2 }' "\${process%/cgroup}/status"
  done 2>/dev/null || true`;
  return docker(["exec", `${lab.name}-helper`, "bash", "-c", find]);
}
