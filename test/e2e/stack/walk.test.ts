/** The walk of docs/lab.md: its commands, with what it says that they print. */
import { register } from "../../../lab/support/app-users.ts";
import { blocks, follow } from "../../support/documentation.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

describe("The walk of docs/lab.md", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
  stepsInOrder();

  before("the stack has its first release only, and a user", async () => {
    const releases = JSON.parse(await lab.ops("releases", "--json")) as unknown[];
    if (releases.length > 1) {
      await shared.startAnew();
      await shared.open();
    }
    await register(shared.stack, "ada");
  });

  // The last paragraph removes the stack: environments.test.ts runs it.
  for (const { title, commands } of blocks("docs/lab.md", "A walk").slice(0, -1)) {
    it(`prints what it says: ${title}`, async () => {
      for (const command of commands) await follow(command, lab.name);
    });
  }
});
