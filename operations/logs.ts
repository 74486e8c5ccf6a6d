/** What the app and the proxy have logged: logs. */
import { RemoteMachine } from "./machine.ts";
import { interrupted } from "./processes.ts";
import type { StackInUse } from "./outputs.ts";

interface LogOptions {
  readonly follow?: true;
  readonly since?: string;
  readonly lines?: string;
  readonly all?: true;
}

/** Runs scripts/logs.sh until it ends or nobody reads it any more, which is when its input ends. */
const following = `exec 3<&0
  setsid "$bin/logs.sh" "$@" </dev/null & logs=$!
  # Without standard error, which would keep the connection until its input ends.
  { cat <&3; kill -- "-$logs" || kill "$logs"; } >/dev/null 2>&1 & reader=$!
  status=0; wait "$logs" || status=$?
  kill "$reader" 2>/dev/null
  exit "$status"`;

export function logs(stack: string | undefined, options: LogOptions): Promise<number> {
  const { follow, since, lines, all } = options;
  const words = [
    ...(follow ? ["--follow"] : []),
    // Docker knows no days.
    ...(since === undefined ? [] : ["--since", since.replace(/^\d+d/, days)]),
    ...(lines === undefined ? [] : ["--lines", lines]),
    ...(all ? ["--all"] : []),
  ];
  const isStored = ({ outputs }: StackInUse) =>
    since !== undefined && !follow && Boolean(outputs.logGroups);
  return RemoteMachine.with(
    stack,
    async (machine) => {
      if (isStored(machine.stack)) return printStored(machine, options);
      if (!follow) return (await machine.run('exec "$bin/logs.sh" "$@"', words)).status;
      return (await machine.run(following, words, { stdin: "pipe" })).status;
    },
    // The machine may be gone.
    { quiet: true, connects: (stack) => !isStored(stack) },
  );
}

const days = (text: string) => `${Number.parseInt(text) * 24}h`;

/** The moment of an option --since, in milliseconds since 1970. */
export function momentOf(since: string, now = Date.now()): number {
  const units = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 };
  if (/^(\d+[dhms])+$/.test(since)) {
    const parts = [...since.matchAll(/(\d+)([dhms])/g)];
    return parts.reduce(
      (moment, [, number, unit]) => moment - Number(number) * units[unit as keyof typeof units],
      now,
    );
  }
  // Docker on the machine, whose clock is UTC, reads a time without a zone so.
  return Date.parse(
    /T.*(Z|[+-]\d\d:\d\d)$/.test(since) || !since.includes("T") ? since : `${since}Z`,
  );
}

/** Prints what CloudWatch has. */
async function printStored(
  machine: RemoteMachine,
  { since = "", lines, all }: LogOptions,
): Promise<number> {
  // The client takes about 0.2 s to load, and other commands do not need it.
  const { storedLines } = await import("./stored-logs.ts");
  const { logGroups = "", region, sshAccess } = machine.stack.outputs;
  const most = lines === undefined ? undefined : Number(lines);
  const last: string[] = [];
  let isEmpty = true;
  const found = storedLines({
    ...{ groups: logGroups.split(" "), account: sshAccess?.account ?? { region } },
    ...{ start: momentOf(since), all: all ?? false, stop: interrupted },
    commands: { make: machine.pulumi("up", "--refresh"), local: machine.ops("logs") },
  });
  for await (const line of found) {
    isEmpty = false;
    if (most === undefined) console.log(line);
    else if (last.push(line) > most) last.shift();
  }
  if (last.length > 0) console.log(last.join("\n"));
  if (isEmpty)
    console.error(
      `CloudWatch has no such lines. They arrive after up to two minutes; the last ones: ${machine.ops("logs")}`,
    );
  return 0;
}
