import { expect } from "chai";
import * as pulumi from "@pulumi/pulumi";
import { load } from "js-yaml";
import { readFileSync } from "node:fs";
import { readSettings } from "../../settings/settings.ts";
import { registrations } from "./mocks.ts";

interface ProjectFile {
  readonly name: string;
  readonly config: Record<
    string,
    { type?: string; items?: object; description?: string; default?: unknown; value?: unknown }
  >;
}

export const projectFile = load(
  readFileSync(new URL("../../Pulumi.yaml", import.meta.url), "utf8"),
) as ProjectFile;

/** The settings in Pulumi.STACK.yaml. */
export function settingsOfStack(stack: string): Record<string, unknown> {
  const file = new URL(`../../Pulumi.${stack}.yaml`, import.meta.url);
  return (load(readFileSync(file, "utf8")) as { config: Record<string, unknown> }).config;
}

/** Settings that `pulumi config set --secret` encrypts. */
const secrets = ["databasePassword", "appRepositoryCredential", "publishToken", "appSecrets"];

/**
 * Sets the stack's config: the defaults of Pulumi.yaml, a network of administrators, and `settings`.
 *
 * @param plain keys of secrets to leave unencrypted
 */
export function configure(
  settings: Record<string, unknown> = {},
  plain: readonly string[] = [],
): void {
  const full = (key: string) => (key.includes(":") ? key : `${projectFile.name}:${key}`);
  const values: Record<string, unknown> = {};
  for (const [key, { default: fallback, value }] of Object.entries(projectFile.config)) {
    values[full(key)] = fallback ?? value;
  }
  const given = { adminCidrs: ["203.0.113.7/32"], ...settings };
  for (const [key, value] of Object.entries(given)) values[full(key)] = value;
  const encrypted = secrets.filter((key) => key in given && !plain.includes(key));
  pulumi.runtime.setAllConfig(
    Object.fromEntries(
      Object.entries(values).map(([key, value]) => [
        key,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    ),
    encrypted.map(full),
  );
}

/** The problems that readSettings reports in a stack of this name, one per element; see {@link configure}. */
export async function problemsWith(
  settings: Record<string, unknown>,
  stack?: string,
  plain?: readonly string[],
): Promise<string[]> {
  configure(settings, plain);
  const { result } = await registrations(() => {
    try {
      readSettings();
      return "";
    } catch (error) {
      expect(error).to.be.instanceOf(pulumi.RunError);
      return (error as Error).message;
    }
  }, stack);
  return result.split("\n- ").slice(1);
}
