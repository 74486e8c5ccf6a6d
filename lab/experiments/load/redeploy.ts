/**
 * Whether users notice a release: requests at a constant rate, first in quiet, then for the whole of it.
 *
 * usage: redeploy.ts [release|requirements|rotation|secret|patch|rollback|renewals]…    default: all
 *
 * With tasks on ECS also scale, killed-task and killed-zone, which are done when they are named. Requests that a killed task
 * was answering fail.
 */
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { certificateOf, startLetsEncrypt } from "../../support/certificate.ts";
import { succeed } from "../../support/lab.ts";
import { withStack, type LabStack } from "../../support/stack.ts";
import { up } from "../../support/up.ts";
import { forgetCertificates } from "../faults/https.ts";
import { isServed, until } from "../faults/fault.ts";
import { taskChanges } from "./tasks.ts";
import { percentile, quiet, underLoad, type TimedAnswer } from "./load.ts";

/** What is done to the stack, by name. */
const changes: Record<string, (stack: LabStack) => Promise<unknown>> = {
  release: (stack) => stack.release(),
  // Has the packages installed anew, which takes all that the processors have.
  requirements: async (stack) =>
    stack.deliver(
      await stack.newVersion((directory) =>
        appendFile(join(directory, "requirements.txt"), `# ${Date.now()}\n`),
      ),
    ),
  async rotation(stack) {
    await up(stack, await stack.nextRotation());
  },
  async secret(stack) {
    await setSecret(stack, "second-value-of-the-secret");
    const places = await stack.onMachine(
      `sudo grep -rlF ${firstSecret} /opt/flask-on-aws; docker ps --all --quiet | xargs docker inspect | grep -F ${firstSecret}; true`,
    );
    if (places !== "") throw new Error(`the old value is still there: ${places}`);
  },
  // Docker's daemon is upgraded, too: to the version that it has.
  async patch(stack) {
    await stack.onMachine(
      "sudo DEBIAN_FRONTEND=noninteractive apt-get install --reinstall --yes docker.io containerd runc",
    );
    await succeed("lab/ops", ["patch"], { env: { LAB_NAME: stack.lab.name } });
  },
  async rollback(stack) {
    const env = { LAB_NAME: stack.lab.name };
    await succeed("lab/ops", ["rollback"], { env });
    await succeed("lab/ops", ["rollback", "--undo"], { env });
  },
  // Of certificates that live for three minutes.
  async renewals(stack) {
    for (let renewal = 1; renewal <= 3; renewal++) {
      const { serialNumber } = await certificateOf(stack.outputs.appServerPublicIp!);
      await until(`renewal ${renewal}`, 200, async () => {
        await sleep(1000);
        const its = await certificateOf(stack.outputs.appServerPublicIp!);
        return its.serialNumber !== serialNumber;
      });
    }
  },
};

const firstSecret = "first-value-of-the-secret";

/** Gives the app a secret of its own. */
async function setSecret(stack: LabStack, value: string): Promise<void> {
  await stack.lab.pulumi("config", "set", "--path", "--secret", "appSecrets.API_KEY", value);
  await up(stack);
}

/** What is done before a change, without load. */
const preparations: Record<string, (stack: LabStack) => Promise<unknown>> = {
  secret: (stack) => setSecret(stack, firstSecret),
  async renewals(stack) {
    await startLetsEncrypt(stack, "PEBBLE_VA_NOSLEEP=1", "LIFETIME=180");
    await forgetCertificates(stack);
    await stack.release();
    // A reload would keep the interval.
    await stack.onMachine(
      "sed -i 's/renew_interval .*/renew_interval 5s/' /opt/flask-on-aws/proxy/Caddyfile && " +
        "docker restart flask-on-aws-proxy-1",
    );
    await until("the proxy serves", 30, () => isServed(stack));
  },
};

function report(what: string, answers: readonly TimedAnswer[], seconds: number): void {
  const [p50, p99, worst] = [0.5, 0.99, 1].map((share) => percentile(answers, share).toFixed(0));
  const failed = answers.flatMap(({ failure }) => failure ?? []);
  console.log(
    `${what.padEnd(16)} ${seconds.toFixed(0).padStart(4)} s  ${String(answers.length).padStart(6)} requests  ` +
      `${failed.length} failed  p50 ${p50} ms  p99 ${p99} ms  slowest ${worst} ms`,
  );
  for (const reason of new Set(failed)) {
    console.log(`  ${failed.filter((each) => each === reason).length} × ${reason}`);
  }
}

const names = process.argv.slice(2);
await withStack(async (stack) => {
  const known = { ...changes, ...taskChanges };
  const unknown = names.filter((name) => !known[name]);
  if (unknown.length > 0) {
    throw new Error(`${unknown.join(" ")}: not one of ${Object.keys(known).join(", ")}`);
  }
  let failed = 0;
  for (const name of names.length > 0 ? names : Object.keys(changes)) {
    await preparations[name]?.(stack);
    const { before, during, milliseconds } = await underLoad(stack.outputs.appUrl!, () =>
      known[name]!(stack),
    );
    report(`before ${name}`, before, quiet / 1000);
    report(`during ${name}`, during, milliseconds / 1000);
    failed += [...before, ...during].filter(({ failure }) => failure).length;
  }
  const env = { LAB_NAME: stack.lab.name };
  const releases = (await succeed("lab/ops", ["releases"], { env })).trimEnd().split("\n");
  console.log([releases[0], ...releases.slice(1).slice(-2)].join("\n"));
  return failed === 0;
});
