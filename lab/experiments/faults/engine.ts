/** Faults of the engine, of who runs it, and of the API that it talks to. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { tail, type LabStack } from "../../support/stack.ts";
import { forgetLastRelease, untilReleaseSays } from "./database.ts";
import { refused, unlock, until, type Fault } from "./fault.ts";

/** Whether the state says that the engine is at that step. */
async function isAt(stack: LabStack, urn: string): Promise<boolean> {
  const file = join(stack.lab.home, "pulumi/.pulumi/stacks/flask-on-aws/dev.json");
  try {
    const { checkpoint } = JSON.parse(await readFile(file, "utf8")) as Checkpoint;
    return (checkpoint.latest.pending_operations ?? []).some(
      ({ resource }) => resource.urn === urn,
    );
  } catch {
    return false; // being written
  }
}
interface Checkpoint {
  checkpoint: { latest: { pending_operations?: { resource: { urn: string } }[] } };
}

/** The steps of a release without `publish`, by the ends of their resources' names. */
const releaseSteps = [
  ...["install", "wait-for-cloud-init", "fetch", "build", "prepare-database", "write-app.env"],
  ...["write-stack.env", "deploy", "schedule", "lock-old-user"],
];

/** The engine killed while it runs a step; the next `up` is of the same version. */
export function killedAt(step: string): Fault {
  return {
    name: `killed-at-${step}`,
    async inject(stack) {
      const version = await stack.newVersion();
      const settings = { appCommit: version.commit };
      const urn = `urn:pulumi:dev::flask-on-aws::flask-on-aws:deployer:Release$command:remote:Command::flask-on-aws-dev-release-${step}`;
      // Else most would have nothing to do.
      const running = stack.startUp(settings, "--replace", urn);
      await until(`the engine is at ${step}`, 240, async () => running.over() || isAt(stack, urn));
      if (running.over())
        throw new Error(`up ended before it was killed:\n${tail(await running.ended)}`);
      running.kill();
      await running.ended;
      await refused(stack, settings, /locked by 1 lock/, /`pulumi cancel`/);
      await unlock(stack);
      return () => stack.deliver(version);
    },
  };
}

/** What the lab's API refuses from now on; resolves to how many calls it has refused so far. */
async function refuse(stack: LabStack, how: { share: number; code?: string; service?: string }) {
  const init = { method: "POST", body: JSON.stringify(how) };
  const answer = await fetch(`${stack.api}/_lab/refuse`, init);
  return ((await answer.json()) as { refused: number }).refused;
}

export const engineFaults: Fault[] = [
  ...releaseSteps.map(killedAt),
  {
    name: "two-ups-at-once",
    async inject(stack) {
      const version = await stack.newVersion();
      await forgetLastRelease(stack);
      const running = stack.startUp({ appCommit: version.commit });
      await untilReleaseSays(stack, "releasing commit ");
      await refused(stack, {}, /locked by 1 lock/, /created by \S+@\S+ \(pid \d+\)/);
      const first = await running.ended;
      return () => stack.delivered(version, first);
    },
  },
  {
    // The release goes on without its `up`, and serves what is no longer configured.
    name: "interrupted-and-set-back",
    async inject(stack) {
      const before = await stack.serving();
      const { commit: appCommit } = await stack.newVersion();
      await forgetLastRelease(stack);
      const running = stack.startUp({ appCommit });
      await untilReleaseSays(stack, "releasing commit ");
      running.kill();
      await running.ended;
      await unlock(stack);
      await until("the interrupted release serves", 240, async () => {
        return (await stack.serving()) === appCommit;
      });
      return async () => {
        const result = await stack.up({ appCommit: before });
        const serving = await stack.serving();
        if (result.status !== 0 || serving !== before)
          throw new Error(`${serving} serves, not ${before}:\n${tail(result)}`);
      };
    },
  },
  {
    name: "lock-of-a-dead-holder",
    async inject(stack) {
      const version = await stack.newVersion();
      // A release that hangs, in a process group of its own, whose first process is its name.
      const holder = await stack.onMachine(
        "RELEASE_OWNER=ada@elsewhere setsid /opt/flask-on-aws/bin/deploy-lock.sh ../../../bin/sleep 600 </dev/null >/dev/null 2>&1 & echo $!",
      );
      const running = stack.startUp({ appCommit: version.commit });
      await until("the release waits for the deploy lock", 240, () =>
        Promise.resolve(
          running.over() ||
            running.output().includes("waiting for the deploy lock, held by ada@elsewhere"),
        ),
      );
      await stack.onMachine(`kill -KILL -- -${holder.trim()}`);
      const result = await running.ended;
      return () => stack.delivered(version, result);
    },
  },
  {
    name: "s3-refused",
    async inject(stack) {
      const { commit: appCommit } = await stack.newVersion();
      await refuse(stack, { share: 1, code: "AccessDenied", service: "s3" });
      try {
        await refused(
          stack,
          { appCommit },
          // The program reads before the app server writes.
          /The record of what serves, s3:\S+ cannot be read: [^]*AccessDenied/,
          /remedy: [^]*allow s3:ListBucket and s3:GetObject/,
        );
      } finally {
        await refuse(stack, { share: 0 });
      }
    },
  },
  {
    name: "api-throttled",
    async inject(stack) {
      const before = await refuse(stack, { share: 0.2 });
      let refusals: number;
      try {
        await stack.release({}, "--refresh");
      } finally {
        refusals = (await refuse(stack, { share: 0 })) - before;
      }
      if (refusals < 10) throw new Error(`only ${refusals} calls were throttled`);
    },
  },
];
