/**
 * Injects faults into the running lab, one row of the table after the other, and says which ones it survives.
 *
 * usage: main.ts [ROW…]    default: all
 */
import { withStack, type LabStack } from "../../support/stack.ts";
import { register } from "../../support/app-users.ts";
import { verify, unlock } from "./fault.ts";
import { chosen } from "./faults.ts";

/** For the next row, whatever a row that failed has left: a lock, another password, a rule that is missing. */
async function recover(stack: LabStack): Promise<void> {
  await unlock(stack).catch(() => undefined); // it is locked only after some of the rows
  await stack.release(await stack.nextRotation(), "--refresh").catch((error: Error) => {
    throw new Error(`the stack is not as it was, so no other row is tried: ${error.message}`);
  });
}

await withStack(async (stack) => {
  const rows = chosen(process.argv.slice(2));
  let failed = 0;
  // Somebody whose row can be lost.
  await register(stack);
  for (const fault of rows) {
    const began = performance.now();
    const problem = await verify(fault, stack).then(
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
  console.log(`${rows.length - failed} held, ${failed} failed`);
  return failed === 0;
});
