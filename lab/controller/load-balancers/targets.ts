/** What HAProxy says of its servers, what it is to be told, and what the API is to be told. Pure functions. */
import type { TargetGroup, TargetHealth } from "../control-api.ts";
import { backendName, serverOptions } from "./configuration.ts";

/** One server of HAProxy, which stands for a target. */
export interface Server {
  /** Address and port. */
  name: string;
  /** "UP", "DOWN 1/3", "DRAIN", "MAINT", … */
  status: string;
  /** Result of the last health check: "L7OK", "L7STS", "L4CON", …; "INI" before the first one. */
  check: string;
  /** HTTP status that the last health check got; empty for none. */
  code: string;
  /** Seconds since it went up or down. */
  since: number;
}

/** Reads the answer to `show stat`: servers by backend. */
export function parseServers(csv: string): Map<string, Server[]> {
  const [head, ...lines] = csv.trim().split("\n");
  const columns = head!.replace(/^# /, "").split(",");
  const servers = new Map<string, Server[]>();
  for (const line of lines) {
    const fields = line.split(",");
    const value = (column: string) => fields[columns.indexOf(column)] ?? "";
    // 2 is a server; 0 and 1 are the sums of frontends and backends.
    if (value("type") !== "2") continue;
    const found = servers.get(value("pxname")) ?? [];
    servers.set(value("pxname"), [
      ...found,
      {
        name: value("svname"),
        status: value("status"),
        // A check that is under way has a star.
        check: value("check_status").replace(/^\* /, ""),
        code: value("check_code"),
        since: Number(value("lastchg")),
      },
    ]);
  }
  return servers;
}

export function targetName({ address, port }: { address: string; port: number }): string {
  return `${address}:${port}`;
}

/** Names of the targets that get requests, and are to get them after a reload, too. */
export function servingTargets(group: TargetGroup, servers: Server[]): string[] {
  const up = servers.filter(({ status }) => status.startsWith("UP")).map(({ name }) => name);
  return group.targets
    .filter(({ draining }) => !draining)
    .map(targetName)
    .filter((name) => up.includes(name));
}

/** The commands that bring HAProxy's servers to the targets of a group. Each may be repeated. */
export function serverCommands(
  group: TargetGroup,
  servers: Server[],
  idleTimeout: number,
): string[] {
  const backend = backendName(group.id);
  const targets = new Map(group.targets.map((target) => [targetName(target), target]));
  const known = new Map(servers.map((server) => [server.name, server]));
  const removals = servers
    .filter(({ name }) => !targets.has(name))
    .flatMap(({ name, status }) => {
      const remove = `del server ${backend}/${name}`;
      // Refused while a request is under way; a later pass tries again.
      return status === "MAINT" ? [remove] : [`set server ${backend}/${name} state maint`, remove];
    });
  const rest = [...targets].flatMap(([name, { draining }]): string[] => {
    const server = `${backend}/${name}`;
    const status = known.get(name)?.status;
    if (draining) {
      const drains = status === undefined || status === "DRAIN" || status === "MAINT";
      return drains ? [] : [`set server ${server} state drain`];
    }
    if (status === undefined) {
      const add = `add server ${server} ${name} ${serverOptions(group.healthCheck, idleTimeout)} weight 0`;
      return [add, activation(server)];
    }
    if (status === "MAINT") return [activation(server)];
    return status === "DRAIN" ? [`set server ${server} state ready`] : [];
  });
  return [...removals, ...rest];
}

/** Has a server checked, which gets no request before it has passed. One line, so that nothing comes between. */
function activation(server: string): string {
  return [
    `set server ${server} weight 0`,
    `enable health ${server}`,
    `enable server ${server}`,
    `set server ${server} health down`,
    `set server ${server} weight 1`,
  ].join("; ");
}

export interface Verdicts {
  /** Health by target, of those on which there is a verdict. */
  health: Map<string, TargetHealth>;
  /** For HAProxy. */
  commands: string[];
}

/**
 * Which targets are healthy. A new target needs one passed check, as on AWS; one that was unhealthy needs as many as the group
 * says, as HAProxy counts them. `known` has the verdicts before, without which a target is new.
 */
export function verdicts(
  group: TargetGroup,
  servers: Server[],
  known: Map<string, TargetHealth>,
): Verdicts {
  const { interval, unhealthy } = group.healthCheck;
  const found: Verdicts = { health: new Map(), commands: [] };
  for (const { address, port, draining } of group.targets) {
    const name = targetName({ address, port });
    const server = servers.find((candidate) => candidate.name === name);
    const before = known.get(name);
    if (!server || draining) continue;
    const { status, check, since } = server;
    const passes = status.startsWith("UP");
    const isFirst = !before && status.startsWith("DOWN") && check.startsWith("L7OK");
    if (isFirst) found.commands.push(`set server ${backendName(group.id)}/${name} health up`);
    if (passes || isFirst) {
      found.health.set(name, { address, port, healthy: true, reason: "" });
    } else if (status.startsWith("DOWN") && (before || since >= unhealthy * interval)) {
      found.health.set(name, { address, port, healthy: false, reason: reason(server) });
    }
  }
  return found;
}

/** Elastic Load Balancing's words. */
function reason({ check, code }: Server): string {
  if (check === "L7STS") return `Health checks failed with these codes: [${code}]`;
  return check.endsWith("TOUT") ? "Request timed out" : "Health checks failed";
}
