/**
 * What a changed setting does to a stack that runs: which of AWS's resources are updated or replaced, and for how long
 * the page is not served. Each change is made and held against this table; the stack is left with all of them.
 *
 * usage: updates.ts [SETTING…]    default: all; the lab and its stack must be up (`npm run lab:updates`)
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { tail, withStack, type LabStack } from "../support/stack.ts";

interface SettingChange {
  /** Of the setting, if it is not its name. */
  readonly path?: string;
  readonly to: (stack: LabStack) => string | Promise<string>;
  /** What the preview shows of AWS's resources: "operation name". */
  readonly does: readonly string[];
  /** Most seconds without a page; undefined for what is only previewed, because it would lose data. */
  readonly downtime?: number;
}

const machines = ["app-machine", "test"];
const changes: Record<string, SettingChange> = {
  adminCidrs: {
    path: "adminCidrs[0]",
    to: () => "203.0.113.7/32",
    does: ["create app-ingress-22-203.0.113.7-32"],
    downtime: 0,
  },
  natGateways: {
    to: () => "per-zone",
    does: ["create nat-us-west-2b", "create nat-us-west-2b", "update private-us-west-2b-internet"],
    downtime: 0,
  },
  databasePasswordRotation: {
    to: async (stack) => `${(await stack.nextRotation()).databasePasswordRotation}`,
    does: [],
    downtime: 0,
  },
  databaseMasterPasswordRotation: {
    to: () => "1",
    does: ["update database"],
    downtime: 0,
  },
  databaseMaxAllocatedStorage: {
    to: () => "60",
    does: ["update database"],
    downtime: 0,
  },
  databaseMaintenanceWindow: {
    to: () => "sun:05:00-sun:06:00",
    does: ["update database"],
    downtime: 0,
  },
  databaseBackupWindow: {
    to: () => "03:00-04:00",
    does: ["update database"],
    downtime: 0,
  },
  appCommit: {
    to: async (stack) => (await stack.newVersion()).commit,
    does: [],
    downtime: 0,
  },
  uploadLimit: {
    to: () => "20",
    does: [],
    downtime: 0,
  },
  proxyImage: {
    // The same image by another name: the proxy is another container then.
    to: () => "docker.io/library/caddy:2.11",
    does: [],
    downtime: 10,
  },
  port5085: {
    to: () => "false",
    does: ["delete app-ingress-5085-0.0.0.0-0"],
    downtime: 0,
  },
  instanceType: {
    to: () => "t3.small",
    does: machines.map((name) => `update ${name}`),
    downtime: 60,
  },
  sshPublicKey: {
    to: () => newKey(),
    does: ["replace app", ...machines.map((name) => `replace ${name}`)],
    downtime: 180,
  },
  // The last ones: RDS makes these in its maintenance window, and until then every preview shows them again.
  databaseInstanceClass: {
    to: () => "db.t4g.small",
    does: ["update database"],
    downtime: 0,
  },
  databaseAllocatedStorage: {
    to: () => "40",
    does: ["update database"],
    downtime: 0,
  },
  databaseMultiAz: {
    to: () => "true",
    does: ["update database"],
    downtime: 0,
  },
  // The lab's API makes what waits; nothing restarts in the lab.
  databaseApplyImmediately: {
    to: () => "true",
    does: ["update database"],
    downtime: 0,
  },
  databaseName: { to: () => "other", does: ["replace database"] },
};

function newKey(): string {
  const directory = mkdtempSync(join(tmpdir(), "key-"));
  try {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(directory, "key")]);
    return readFileSync(join(directory, "key.pub"), "utf8").trim();
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** "operation name" of each resource of AWS that a preview changes, sorted. */
async function previewed(stack: LabStack): Promise<string[]> {
  const result = await stack.lab.tryPulumi("preview", "--json");
  if (result.status !== 0) throw new Error(tail(result));
  const { steps } = JSON.parse(result.stdout.slice(result.stdout.indexOf("{"))) as {
    steps: { op: string; urn: string }[];
  };
  return steps
    .filter(({ op, urn }) => /^(create|update|replace|delete)$/.test(op) && /aws:[^$]*$/.test(urn))
    .map(({ op, urn }) => `${op} ${urn.replace(/^.*::(flask-on-aws-dev-)?/, "")}`)
    .toSorted();
}

/** Asks for the page until it is told to stop; resolves to the longest time without one, in seconds. */
function watch(page: string): () => Promise<number> {
  let going = true;
  const watching = (async () => {
    let last = performance.now();
    let longest = 0;
    while (going) {
      const ok = await fetch(page, { signal: AbortSignal.timeout(2000) }).then(
        (response) => response.ok,
        () => false,
      );
      const now = performance.now();
      longest = Math.max(longest, now - last);
      if (ok) last = now;
      await sleep(200);
    }
    return longest / 1000;
  })();
  return () => {
    going = false;
    return watching;
  };
}

async function make(stack: LabStack, name: string, change: SettingChange): Promise<string> {
  const { path = name, to, does, downtime } = change;
  await stack.lab.pulumi("config", "set", "--path", path, await to(stack));
  const previewOnly = downtime === undefined;
  const found = await previewed(stack).finally(() =>
    previewOnly ? stack.lab.pulumi("config", "rm", path) : undefined,
  );
  const wanted = does.toSorted();
  if (found.join() !== wanted.join())
    throw new Error(`does not ${wanted.join(", ")} but ${found.join(", ") || "nothing"}`);
  const what = [...new Set(wanted)].join(", ") || "a release";
  if (previewOnly) return `${what}; only previewed`;

  const stop = watch(stack.page);
  const result = await stack.up();
  const longest = await stop();
  if (result.status !== 0) throw new Error(tail(result));
  // A page that takes less than two seconds is late on a busy machine, not gone.
  const gone = longest < 2 ? 0 : longest;
  if (gone > downtime) throw new Error(`no page for ${gone.toFixed(0)} s, not ${downtime}`);
  return `${what}; no page for ${gone.toFixed(0)} s`;
}

const chosen = process.argv.slice(2);
await withStack(async (stack) => {
  // What has changed since the last one, say the site's page, is none of the changes below.
  const first = await stack.up();
  if (first.status !== 0) throw new Error(tail(first));
  let held = true;
  for (const [name, change] of Object.entries(changes)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue;
    const outcome = await make(stack, name, change).catch((error: Error) => {
      held = false;
      return `FAILED: ${error.message}`;
    });
    console.log(`${name.padEnd(25)} ${outcome}`);
    await stack.look();
  }
  return held;
});
