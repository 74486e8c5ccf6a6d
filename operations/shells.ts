/** Commands that give a shell, or run what the user names: ssh, app, mysql. */
import { quote } from "../deployer/shell.ts";
import { RemoteMachine, onTerminal } from "./machine.ts";

export function ssh(
  stack: string | undefined,
  { to = "app" }: { readonly to?: "app" | "test" },
  words: readonly string[],
): Promise<number> {
  return RemoteMachine.with(
    stack,
    async (machine) => {
      const streams = { terminal: onTerminal() };
      const line = words.length > 0 ? ([words.map(quote).join(" ")] as const) : ([] as const);
      return (await machine.ssh(line, streams, to)).status;
    },
    { to, quiet: true },
  );
}

export async function app(
  stack: string | undefined,
  _: object,
  words: readonly string[],
): Promise<number> {
  return RemoteMachine.with(
    stack,
    async (machine) => {
      const terminal = onTerminal();
      const program = `service=$(active_service)
      [ -n "$service" ] || fail "no release of the app serves" ${quote(`release one: ${machine.pulumi("up")}`)}
      exec "\${compose[@]}" exec ${terminal ? "" : "-T"} "$service" "$@"`;
      const command = words.length > 0 ? words : ["flask", "shell"];
      return (await machine.open(program, command, { terminal })).status;
    },
    { quiet: true },
  );
}

export async function mysql(
  stack: string | undefined,
  _: object,
  words: readonly string[],
): Promise<number> {
  return RemoteMachine.with(
    stack,
    async (machine) => {
      const program = `exec mysql --defaults-extra-file="$client" "$@"`;
      return (await machine.open(program, words, { terminal: onTerminal() })).status;
    },
    { quiet: true },
  );
}
