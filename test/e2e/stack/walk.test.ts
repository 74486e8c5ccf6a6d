/** The walk of docs/lab.md: its commands, with what it says that they print. */
import { blocks, follow } from "../../support/documentation.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

describe("The walk of docs/lab.md", function () {
  this.timeout(10 * 60_000);
  const { lab } = useSharedStack();
  stepsInOrder();

  // The last paragraph removes the stack: environments.test.ts runs it.
  for (const { title, commands } of blocks("docs/lab.md", "A walk").slice(0, -1)) {
    it(`prints what it says: ${title}`, async () => {
      for (const command of commands) await follow(command, lab.name);
    });
  }
});
