/** The picture of a stack's network as it is now, in Graphviz's language: a pure function. */
import type { StackNetwork } from "./stack-network.ts";

/** What answers, by source and target, as lab/support/reachability.ts found it. */
export type Reached = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** By source, from the top of the picture downwards. Each is legible on white and on every fill below: contrast of 4.5 and more. */
const colors: Readonly<Record<string, string>> = {
  "external client": "#0b57b0",
  "app server": "#a33d00",
  container: "#8a1c7c",
  "test server": "#1c6b32",
  database: "#a3161b",
};

/** Of what a load balancer sends. */
const balancerColor = "#4b2e83";

/** What answered, for readers: `every port, ping`, `80 443`, `1-21 23-1024`. */
export function cellText(cell: string): string {
  const [, ports = "", ping] = /^(.*?)( ping)?$/.exec(cell)!;
  const ranges: [number, number][] = [];
  for (const port of (ports.match(/\d+/g) ?? []).map(Number)) {
    const last = ranges.at(-1);
    if (last?.[1] === port - 1) last[1] = port;
    else ranges.push([port, port]);
  }
  const text = ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(" ");
  return (text || (ports === "all" ? "every port" : ports)) + (ping ? ", ping" : "");
}

const downwards = Object.keys(colors);

const quoted = (text: string) => `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
/** Lines below each other; `end` is DOT's \n (in the middle), \l or \r (at the left, right). */
const lines = (texts: readonly (string | undefined)[], end = "\\n") =>
  `"${texts.flatMap((text) => (text ? [quoted(text).slice(1, -1) + end] : [])).join("")}"`;

const node = (id: string, texts: readonly (string | undefined)[], more = "") =>
  `${quoted(id)} [label=${lines(texts)} ${more}]`;
/** What does not run is drawn with a broken line. */
const outline = (well: boolean, color: string) =>
  `color="${color}" style="${well ? "filled" : "filled,dashed"}"`;
const groupText = (names: string[]) => `security group ${names.join(", ")}`;

/** A node and the subnet that it is drawn in. */
interface Body {
  readonly id: string;
  readonly subnetId: string | undefined;
  readonly text: string;
}

const body = (
  { id, subnetId }: { id: string; subnetId: string | undefined },
  texts: readonly (string | undefined)[],
  more: string,
): Body => ({ id, subnetId, text: node(id, texts, more) });

const appServer = ({ machines }: StackNetwork) =>
  machines.find(({ name }) => name === "app-machine");

/** The nodes of what reachability names. */
function placesOf(network: StackNetwork, reached?: Reached): Record<string, string | undefined> {
  const app = appServer(network);
  return {
    "external client": "internet",
    "app server": app?.id,
    container: reached && app && "container",
    "test server": network.machines.find(({ name }) => name === "test")?.id,
    database: network.databases[0]?.id,
  };
}

const natBody = (nat: StackNetwork["nats"][number]) =>
  body(
    nat,
    ["NAT gateway", nat.publicIp, nat.state],
    outline(nat.state === "available", "#7a5fc0"),
  );

const machineBody = (machine: StackNetwork["machines"][number]) =>
  body(
    machine,
    [
      machine.name,
      machine.address,
      machine.publicIp && `public ${machine.publicIp}`,
      `${machine.type}, ${machine.state}`,
      groupText(machine.groups),
    ],
    `${outline(machine.state === "running", "#b8500c")} penwidth=2`,
  );

const databaseBody = (database: StackNetwork["databases"][number]) =>
  body(
    database,
    [
      database.name,
      database.port ? `port ${database.port}` : undefined,
      database.state,
      groupText(database.groups),
    ],
    `shape=cylinder ${outline(database.state === "available", "#b8500c")} penwidth=2`,
  );

type Balancer = StackNetwork["balancers"][number];

/** It has an interface in each of its subnets; drawn is one, before all of them. */
const balancerBody = (balancer: Balancer) =>
  body(
    { id: balancer.id, subnetId: undefined },
    [
      "load balancer",
      balancer.name,
      balancer.listeners.join(", "),
      `in ${balancer.subnets.join(", ")}`,
      balancer.state,
      groupText(balancer.groups),
    ],
    outline(balancer.state === "active", balancerColor),
  );

const taskBody = (task: StackNetwork["tasks"][number], balancers: readonly Balancer[]) => {
  const target = balancers
    .flatMap(({ targets }) => targets)
    .find(({ address }) => address === task.address);
  return body(
    { id: task.id, subnetId: task.subnetId },
    [
      task.name,
      task.address,
      [task.state.toLowerCase(), target?.health ?? "no target"].join(", "),
      groupText(task.groups),
    ],
    `${outline(task.state === "RUNNING" && target?.health === "healthy", "#b8500c")} penwidth=2`,
  );
};

/** Where requests go: to the listeners, and on to the targets. Those that get none have a broken line. */
function requestEdges({ balancers, tasks }: StackNetwork): string[] {
  const edge = (from: string, to: string, label: string, color: string, well: boolean) =>
    `  ${quoted(from)} -> ${quoted(to)} [label=${quoted("  " + label)} color="${color}" fontcolor="${color}"${well ? "" : " style=dashed"}]`;
  return balancers.flatMap(({ id, listeners, state, targets }) => [
    edge("internet", id, listeners.join(", "), colors["external client"]!, state === "active"),
    ...targets.flatMap(({ address, port, health }) => {
      const task = tasks.find((each) => each.address === address);
      const well = health === "healthy";
      return task ? [edge(id, task.id, `${port}`, balancerColor, well)] : [];
    }),
  ]);
}

const containerBody = (subnetId: string | undefined) =>
  body({ id: "container", subnetId }, ["a container", "on the app server"], 'color="#b8500c"');

/**
 * A subnet as a box around its bodies.
 *
 * @param containerHost the app server, if the container is drawn
 */
function subnetCluster(
  subnet: StackNetwork["subnets"][number],
  bodies: readonly Body[],
  containerHost: StackNetwork["machines"][number] | undefined,
): string[] {
  return [
    `    subgraph ${quoted(`cluster_${subnet.id}`)} {`,
    `      label=${lines([subnet.name, subnet.cidr, ...subnet.routes], "\\r")} style=filled ${
      subnet.public ? 'fillcolor="#e6f5ea" color="#3c8d55"' : 'fillcolor="#e5eefb" color="#3f6fb5"'
    }`,
    // An empty subnet is drawn, too, and something has to hold its place.
    `      ${quoted(subnet.id)} [style=invis width=1.6 height=0.1 label=""]`,
    ...(containerHost?.subnetId === subnet.id
      ? [`      { rank=same ${quoted(containerHost.id)} container }`]
      : []),
    ...bodies.filter(({ subnetId }) => subnetId === subnet.id).map(({ text }) => `      ${text}`),
    `    }`,
  ];
}

/** Lines that are not seen, for the order from top to bottom. */
function orderEdges(
  { subnets, internetGateway, balancers }: StackNetwork,
  bodies: readonly Body[],
  shownGroups: StackNetwork["groups"],
): string[] {
  const ofKind = (open: boolean) => subnets.filter((subnet) => subnet.public === open);
  return [
    `  edge [style=invis]`,
    ...(internetGateway ? [`  internet -> ${quoted(internetGateway)}`] : []),
    ...balancers.map(({ id }) => `  ${quoted(internetGateway ?? "internet")} -> ${quoted(id)}`),
    ...ofKind(true).map(({ id }) => `  ${quoted(internetGateway ?? "internet")} -> ${quoted(id)}`),
    ...bodies.flatMap(({ subnetId, id }) =>
      subnetId ? [`  ${quoted(subnetId)} -> ${quoted(id)}`] : [],
    ),
    ...ofKind(false).flatMap(({ id, zone }) =>
      ofKind(true)
        .filter((open) => open.zone === zone)
        .flatMap((open) => [open, ...bodies.filter(({ subnetId }) => subnetId === open.id)])
        .map((above) => `  ${quoted(above.id)} -> ${quoted(id)}`),
    ),
    ...shownGroups.flatMap(({ id }) =>
      bodies.slice(-1).map((last) => `  ${quoted(last.id)} -> ${quoted(id)}`),
    ),
  ];
}

/** An arrow for each pair that can connect. */
function reachEdges(places: Record<string, string | undefined>, reached: Reached): string[] {
  return Object.entries(reached).flatMap(([source, cells]) =>
    Object.entries(cells).flatMap(([target, cell]) => {
      const [from, to, color] = [places[source], places[target], colors[source]];
      if (cell === "none" || !from || !to || !color) return [];
      // All lead downwards for Graphviz, which then lays them out without detours.
      const upwards = downwards.indexOf(source) > downwards.indexOf(target);
      const ends = (upwards ? [to, from] : [from, to]).map(quoted).join(" -> ");
      // Graphviz has its labels touch the lines.
      const label = "  " + cellText(cell);
      return [
        `  ${ends} [dir=${upwards ? "back" : "forward"} label=${quoted(label)} color="${color}" fontcolor="${color}"]`,
      ];
    }),
  );
}

/**
 * The picture's source in DOT.
 *
 * @param reached by the names "external client", "app server", "container", "test server" and "database";
 *   undefined where nothing was tried
 */
export function networkDot(network: StackNetwork, reached?: Reached): string {
  const { vpc, subnets, nats, machines, databases, groups, internetGateway } = network;
  const { balancers, tasks } = network;
  const shownGroups = groups.filter(({ rules }) => rules.length > 0);
  const places = placesOf(network, reached);
  const containerHost = places["container"] ? appServer(network) : undefined;
  const bodies = [
    ...nats.map(natBody),
    ...machines.map(machineBody),
    ...(containerHost ? [containerBody(containerHost.subnetId)] : []),
    ...balancers.map(balancerBody),
    ...tasks.map((task) => taskBody(task, balancers)),
    ...databases.map(databaseBody),
  ];

  return [
    "digraph network {",
    `  bgcolor=white pad=0.2 nodesep=0.4 ranksep=0.5 fontname=Helvetica fontsize=11 labeljust=r fontcolor="#1b1b1f"`,
    `  node [shape=box style=filled fillcolor=white fontname=Helvetica fontsize=10 fontcolor="#1b1b1f" color="#5a5d67" margin="0.2,0.08"]`,
    `  edge [fontname=Helvetica fontsize=10 penwidth=1.6 arrowsize=0.7]`,
    `  ${node("internet", ["internet", reached && "an external client"], "shape=ellipse")}`,
    `  subgraph cluster_vpc {`,
    `    label=${lines([`VPC ${vpc.cidr}`, vpc.id], "\\r")} style=filled fillcolor="#f4f1fb" color="#7a5fc0"`,
    ...(internetGateway
      ? [`    ${node(internetGateway, ["internet gateway"], 'color="#7a5fc0"')}`]
      : []),
    ...subnets.flatMap((subnet) => subnetCluster(subnet, bodies, containerHost)),
    ...bodies
      .filter(({ subnetId }) => !subnets.some(({ id }) => id === subnetId))
      .map(({ text }) => `    ${text}`),
    "  }",
    ...shownGroups.map(
      (group) =>
        `  ${quoted(group.id)} [shape=note margin="0.3,0.1" label=${lines([`Security group ${group.name}`, ...group.rules], "\\l")}]`,
    ),
    ...orderEdges(network, bodies, shownGroups),
    `  edge [style=solid]`,
    ...requestEdges(network),
    ...reachEdges(places, reached ?? {}),
    "}",
    "",
  ].join("\n");
}
