/** Commands of the documentation, typed in a shell by somebody with a home directory of their own. */
import { expect } from "chai";
import { join } from "node:path";
import { run, type Lab, type Result } from "../../lab/support/lab.ts";

/**
 * Runs lines of the documentation in one shell, in the environment of the lab and with a home directory of their own.
 *
 * @param home directory in which `pulumi` asks for no confirmation
 * @param first shell text that runs before the lines
 * @param input what the lines read from standard input
 */
export async function typeCommands(
  lines: readonly string[],
  { lab, home, first = "", input = "" }: { lab: Lab; home: string; first?: string; input?: string },
): Promise<Result> {
  const labs = lines.map((line) => line.replace(/^\.\/ops /, "lab/ops "));
  const script = ["set -euo pipefail", `export HOME=${home}`, first, ...labs].join("\n");
  const env = {
    ...{ LAB_NAME: lab.name, LAB_RUN_OF: lab.home }, // so that lab/down ends what a test that failed has left
    ...{ PULUMI_SKIP_CONFIRMATIONS: "true", PULUMI_SKIP_UPDATE_CHECK: "true" },
    ...{ PULUMI_CONFIG_PASSPHRASE: "correct horse" },
    PULUMI_HOME: join(home, ".pulumi"), // since Pulumi asks the system for the home, not the shell
  };
  const result = await run("lab/in", ["bash", "-c", script], { env, input });
  expect(result.status, `${lines.join("\n")}\n${result.stdout}\n${result.stderr}`).to.equal(0);
  return result;
}

/** Shell text after which `pulumi` is lab/pulumi: the CLI with the stacks of the lab. */
export const stackCommand = 'pulumi() { lab/pulumi "$@"; }';
