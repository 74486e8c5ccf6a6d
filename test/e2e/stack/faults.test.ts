/** A sample of the fault table, of which docs/reliability.md says what each row shows. */
import { verify } from "../../../lab/experiments/faults/fault.ts";
import { chosen, inCi } from "../../../lab/experiments/faults/faults.ts";
import { register } from "../../../lab/support/app-users.ts";
import { useSharedStack } from "../../support/shared-stack.ts";

describe("A stack with a fault", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  // Somebody whose row could be lost.
  before(() => register(shared.stack));

  for (const fault of chosen(inCi)) {
    it(`says what failed, serves on and releases again: ${fault.name}`, async () => {
      await verify(fault, shared.stack);
    });
  }
});
