/**
 * Operations on a stack that is up: `./ops COMMAND [--stack NAME] …`.
 *
 * Exit status: 0, or what ran on the machine ended with; 1 for an error; 2 for a command line that is not understood;
 * 130 after Ctrl-C.
 */
import { CommanderError } from "commander";
import { commandLine, misunderstood } from "./command-line.ts";
import { Failure } from "./failure.ts";
import { RemoteFailure } from "./machine.ts";
import { Interrupted, passSignalsOn } from "./processes.ts";

passSignalsOn();
// Whoever reads the output may have read enough, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

try {
  const result = { status: 0 };
  await commandLine(result).parseAsync();
  process.exitCode = result.status;
} catch (error) {
  process.exitCode = statusOf(error);
}

function statusOf(error: unknown): number {
  if (error instanceof CommanderError) return misunderstood(error, process.argv.slice(2));
  if (error instanceof Interrupted) return error.status;
  if (error instanceof RemoteFailure) return error.status;
  const { message } = error as Error;
  console.error(`error: ${message}`);
  if (error instanceof Failure) console.error(`remedy: ${error.remedy}`);
  else console.error((error as Error).stack);
  return 1;
}
