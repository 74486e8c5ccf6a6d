/** A stack of the whole program, whose `up` calls AWS as a user that has nothing but the policies of policies/. */
import { Route53 } from "@aws-sdk/client-route-53";
import { expect } from "chai";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import type { ApiServer } from "../../lab/support/api-server.ts";
import type { Result } from "../../lab/support/lab.ts";
import type { Places } from "../../tools/policies.ts";
import { type Engine, engineFor } from "./engine.ts";
import { makeBoundary, makeRoleUser, type Principal } from "./principals.ts";

export interface RestrictedStack {
  readonly places: Places;
  readonly user: Principal;
  readonly engine: Engine;
  readonly set: (settings: Readonly<Record<string, string>>) => Promise<void>;
  /** Runs a verb of the CLI without a preview, and expects that it succeeds. */
  readonly run: (verb: string) => Promise<string>;
}

export const domainOf = (stack: string) => `${stack}.example.test`;

/** Settings with which `up` makes all that the program can make: one part first, the rest later. */
export const parts = (stack: "dev" | "prod") =>
  [
    { alarmEmail: "ops@example.com" },
    {
      ...{ domain: domainOf(stack), databaseLogs: "true", flowLogs: "true" },
      ...{ appTasks: "2", appTasksMax: "4", appWorkerTasks: "1" },
    },
    {
      ...{ instanceType: "t3.medium", cpuCredits: "standard", databaseAllocatedStorage: "30" },
      ...{ natGateways: stack === "dev" ? "per-zone" : "single", appHealthPath: "/health" },
      // Else RDS would make the change later, and a preview would find it.
      ...{ databaseApplyImmediately: "true", confirmDestroy: stack },
    },
  ] as const;

/** Makes the zone of all stacks' domains. Resolves to its id. */
export async function makeZone({ client }: ApiServer): Promise<string> {
  const zone = { Name: "example.test", CallerReference: "zone" };
  return (await new Route53(client).createHostedZone(zone)).HostedZone!.Id!.split("/").at(-1)!;
}

/** @param without an action that the user lacks */
export async function restrictedStack(
  api: ApiServer,
  directory: string,
  stack: "dev" | "prod",
  zone: string,
  without?: string,
): Promise<RestrictedStack> {
  const places = { project: "flask-on-aws", stack, zone, domain: domainOf(stack) };
  const user = await makeRoleUser(api, "up", places, without);
  const credentials = user.environment;
  const engine = engineFor(api, ".", directory, { credentials, withoutMachines: true, stack });
  await engine.begin();
  // Of the environment itself.
  copyFileSync(
    join(import.meta.dirname, `../../Pulumi.${stack}.yaml`),
    join(directory, `whole/Pulumi.${stack}.yaml`),
  );
  const set = async (settings: Readonly<Record<string, string>>) => {
    if (Object.keys(settings).length === 0) return;
    const values = Object.entries(settings).flatMap(([key, value]) => [
      "--plaintext",
      `${key}=${value}`,
    ]);
    const { status, stderr } = await engine.pulumi("config", "set-all", ...values);
    expect(status, stderr).to.equal(0);
  };
  await set({ permissionsBoundary: await makeBoundary(api, places) });
  const run = async (verb: string) => {
    const { status, stdout, stderr }: Result = await engine.pulumi(verb, "--yes", "--skip-preview");
    expect(status, refusals(stdout + stderr)).to.equal(0);
    return stdout + stderr;
  };
  return { places, user, engine, set, run };
}

/** The lines that say what was refused, for the message of a test; all if there are none. */
export function refusals(text: string): string {
  const lines = text.split("\n").filter((line) => /not authorized|cannot judge/.test(line));
  return [...new Set(lines)].join("\n") || text;
}
