/** What the app and the proxy have logged: logs. */
import { RemoteMachine } from "./machine.ts";

interface LogOptions {
  readonly follow?: true;
  readonly since?: string;
  readonly lines?: string;
  readonly all?: true;
}

/** Runs scripts/logs.sh until it ends or nobody reads it any more, which is when its input ends. */
const following = `exec 3<&0
  setsid "$bin/logs.sh" "$@" </dev/null & logs=$!
  cat <&3 >/dev/null & reader=$!
  status=0; wait -n || status=$?
  kill -- "-$logs" 2>/dev/null; kill "$reader" 2>/dev/null
  exit "$status"`;

export function logs(stack: string | undefined, options: LogOptions): Promise<number> {
  const { follow, since, lines, all } = options;
  const words = [
    ...(follow ? ["--follow"] : []),
    ...(since === undefined ? [] : ["--since", since]),
    ...(lines === undefined ? [] : ["--lines", lines]),
    ...(all ? ["--all"] : []),
  ];
  return RemoteMachine.with(
    stack,
    async (machine) => {
      if (!follow) return (await machine.run('exec "$bin/logs.sh" "$@"', words)).status;
      return (await machine.run(following, words, { stdin: "pipe" })).status;
    },
    { quiet: true },
  );
}
