/** The way to a stack's machines by SSH, from its outputs. */
import { sshArguments } from "../../operations/ssh.ts";
import { run, type Result } from "./lab.ts";

/** Runs a command line on a machine, whether it succeeds or not. `keyFile` holds the output `sshPrivateKey`. */
export function runOn(
  server: "app" | "test",
  outputs: Record<string, string>,
  keyFile: string,
  command: string,
  input = "",
): Promise<Result> {
  const user = outputs.sshUser!;
  const app = {
    ...{ address: outputs.appServerPublicIp!, user },
    hostKey: outputs.appServerHostKey!,
  };
  const test = {
    ...{ address: outputs.testServerPrivateIp!, user },
    hostKey: outputs.testServerHostKey!,
  };
  const way = server === "app" ? sshArguments(keyFile, app) : sshArguments(keyFile, test, app);
  return run("ssh", [...way, command], { input });
}

/** As {@link runOn}; resolves to its standard output. @throws unless it succeeds */
export async function succeedOn(...args: Parameters<typeof runOn>): Promise<string> {
  const { status, stdout, stderr } = await runOn(...args);
  if (status === 0) return stdout;
  throw new Error(
    `${args[3]} on the ${args[0]} server ended with ${status}:\n${stdout}\n${stderr}`,
  );
}
