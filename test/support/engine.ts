/** The real Pulumi engine with an AWS API of a test's own, and no machines behind it. */
import { expect } from "chai";
import { copyFileSync, existsSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import aws from "@pulumi/aws/package.json" with { type: "json" };
import command from "@pulumi/command/package.json" with { type: "json" };
import type { ApiServer } from "../../lab/support/api-server.ts";
import { type Result, run } from "../../lab/support/lab.ts";

const root = join(import.meta.dirname, "../..");

export interface Engine {
  /** Runs the CLI for the program, whether it succeeds or not. */
  readonly pulumi: (...args: string[]) => Promise<Result>;
  /** Makes the stack; call it once. */
  readonly begin: () => Promise<void>;
}

export interface EngineOptions {
  /** Who calls AWS: the environment of credentials. Without it, the administrator. */
  readonly credentials?: Readonly<Record<string, string>>;
  /** Has what would run on a machine succeed, so that a whole `up` needs none. */
  readonly withoutMachines?: boolean;
  /** By default, dev. */
  readonly stack?: string;
}

/**
 * @param program directory of the repository
 * @param directory keeps state, plugins and settings; programs may share one
 */
export function engineFor(
  api: ApiServer,
  program: string,
  directory: string,
  { credentials, withoutMachines = false, stack = "dev" }: EngineOptions = {},
): Engine {
  // Where the settings of the stack are to be: the CLI writes them where it is run.
  const settings = join(directory, program === "." ? "whole" : "alone");
  const env = {
    PULUMI_HOME: join(directory, "home"),
    PULUMI_BACKEND_URL: `file://${directory}/state`,
    PULUMI_CONFIG_PASSPHRASE: "correct horse",
    PULUMI_STACK: stack,
    PULUMI_OPTION_CONFIG_FILE: join(settings, `Pulumi.${stack}.yaml`),
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_IGNORE_AMBIENT_PLUGINS: "true",
    AWS_ENDPOINT_URL: api.endpoint,
    // The program must not ask the service on the internet.
    CHECKIP_URL: `${api.endpoint}/_lab/checkip`,
    ...credentials,
  };
  return {
    pulumi: (...args) =>
      run("pulumi", ["--non-interactive", "-C", join(root, program), ...args], { env }),
    begin: async () => {
      mkdirSync(settings, { recursive: true });
      mkdirSync(join(directory, "state"), { recursive: true });
      linkPlugins(join(directory, "home/plugins"), withoutMachines);
      copyFileSync(join(root, program, "Pulumi.yaml"), join(settings, "Pulumi.yaml"));
      const { status, stderr } = await run("pulumi", ["-C", settings, "stack", "init", stack], {
        env,
      });
      expect(status, stderr).to.equal(0);
    },
  };
}

/** The lab's plugins, at the versions that the program asks for. */
function linkPlugins(directory: string, withoutMachines: boolean): void {
  for (const [name, version, from] of [
    ["aws", aws.version, "lab/providers/bin"],
    [
      "command",
      command.version,
      withoutMachines ? "test/support/without-machines" : "lab/providers/fallback",
    ],
  ] as const) {
    const plugin = join(directory, `resource-${name}-v${version}`);
    if (existsSync(plugin)) continue;
    mkdirSync(plugin, { recursive: true });
    const file = `pulumi-resource-${name}`;
    symlinkSync(join(root, from, file), join(plugin, file));
  }
}
