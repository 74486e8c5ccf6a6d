/** `up`, updates, `refresh` and `destroy` of dev and prod by users with the policies of policies/ and nothing else. */
import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { policiesOf } from "../../../tools/policies.ts";
import { reasonsOf } from "../../support/permission-reasons.ts";
import { engineFor } from "../../support/engine.ts";
import { actionsOf, called, makeRoleUser } from "../../support/principals.ts";
import {
  makeZone,
  parts,
  refusals,
  restrictedStack,
  type RestrictedStack,
} from "../../support/restricted-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

describe("Who has the policies of `up`, and nothing else,", function () {
  // A run of the engine takes up to a minute, and several while other tests run.
  this.timeout(600_000);
  stepsInOrder();

  const directory = mkdtempSync(join(tmpdir(), "permissions-"));
  let api: ApiServer;
  let zone: string;
  const stacks: RestrictedStack[] = [];
  before(async () => {
    api = await startApi();
    zone = await makeZone(api);
  });
  after(async () => {
    await api?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const reader = async ({ places }: RestrictedStack) => {
    const user = await makeRoleUser(api, "preview", places);
    return { user, credentials: user.environment };
  };

  for (const name of ["dev", "prod"] as const)
    describe(`for ${name}`, () => {
      let stack: RestrictedStack;
      const [first, more, changed] = parts(name);
      const verbs: [what: string, verb: string, settings?: Readonly<Record<string, string>>][] = [
        ["makes the stack", "up", first],
        ["adds a domain, tasks, their scaling and workers", "up", more],
        ["refreshes it", "refresh"],
        ["changes machines, NAT gateways, the health check and the database", "up", changed],
      ];
      before(async () => {
        stack = await restrictedStack(api, directory, name, zone);
        stacks.push(stack);
      });
      for (const [what, verb, settings] of verbs)
        it(what, async () => {
          if (settings) await stack.set(settings);
          await stack.run(verb);
        });

      it("previews it by the policies of `preview` alone, and finds no change", async () => {
        const { credentials, user } = await reader(stack);
        const engine = engineFor(api, ".", directory, { credentials, stack: name });
        const preview = ["preview", "--refresh", "--expect-no-changes"];
        const { status, stdout, stderr } = await engine.pulumi(...preview);
        expect(status, refusals(stdout + stderr)).to.equal(0);
        expect((await called(api, user)).refused).to.deep.equal([]);
      });

      it("destroys it", () => stack.run("destroy"));
    });

  // In a suite of its own: mocha runs the tests of a suite before its inner suites.
  describe("at the end", () => {
    it("is refused nothing, and has no right that is neither used nor explained in docs/permissions.md", async () => {
      const records = await Promise.all(stacks.map(({ user }) => called(api, user)));
      expect(records.flatMap(({ refused }) => refused)).to.deep.equal([]);
      const used = new Set(records.flatMap(({ allowed }) => allowed));
      const explained = reasonsOf();
      const rows = [...policiesOf("up", stacks[0]!.places)].flatMap(([file, policy]) =>
        actionsOf(policy).map((action) => ({
          action,
          file,
          why: used.has(action) ? "used" : (explained.get(action) ?? "nobody knows why"),
        })),
      );
      console.log(rows.map(({ file, action, why }) => `${file}\t${action}\t${why}`).join("\n"));
      const unknown = rows.filter(({ why }) => why === "nobody knows why");
      expect(unknown.map(({ action }) => action)).to.deep.equal([]);
      // A reason for what a run shows hides that the run no longer shows it.
      expect([...explained.keys()].filter((action) => used.has(action))).to.deep.equal([]);
    });
  });
});
