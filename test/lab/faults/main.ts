/**
 * Makes faults happen in the running lab, one row of the table after the other, and says which held.
 *
 * usage: main.ts [ROW…]    default: all
 */
import { Lab } from "../lab.ts";
import { sayWhatInterruptionLeaves, Stack } from "../stack.ts";
import { hold, register } from "./fault.ts";
import { chosen } from "./faults.ts";

/** For the next row, whatever a row that failed has left: a lock, another password, a rule that is missing. */
async function recover(stack: Stack): Promise<void> {
  await stack.lab.tryPulumi("cancel", "--yes");
  await stack.release(await stack.nextRotation(), "--refresh").catch((error: Error) => {
    throw new Error(`the stack is not as it was, so no other row is tried: ${error.message}`);
  });
}

async function main(names: string[]): Promise<number> {
  const rows = chosen(names);
  const lab = new Lab(process.env.LAB_NAME!);
  sayWhatInterruptionLeaves(lab);
  const stack = await Stack.open(lab);
  let failed = 0;
  try {
    // Somebody whose row can be lost.
    await register(stack);
    for (const fault of rows) {
      const began = performance.now();
      const problem = await hold(fault, stack).then(
        () => undefined,
        (error: Error) => error,
      );
      const seconds = ((performance.now() - began) / 1000).toFixed(0);
      console.log(
        `${problem ? "FAILED" : "held  "}  ${fault.name.padEnd(38)} ${seconds.padStart(4)} s`,
      );
      if (problem) {
        failed++;
        console.log(problem.message.replace(/^/gm, "        "));
        await recover(stack);
      }
    }
  } finally {
    await stack.close();
  }
  console.log(`${rows.length - failed} held, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}

main(process.argv.slice(2)).then(
  (status) => (process.exitCode = status),
  (error: Error) => {
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
  },
);
