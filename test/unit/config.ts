import * as pulumi from "@pulumi/pulumi";
import { load } from "js-yaml";
import { readFileSync } from "node:fs";

interface ProjectFile {
  readonly name: string;
  readonly config: Record<
    string,
    { type?: string; description?: string; default?: unknown; value?: unknown }
  >;
}

export const projectFile = load(
  readFileSync(new URL("../../Pulumi.yaml", import.meta.url), "utf8"),
) as ProjectFile;

/** The settings that Pulumi.STACK.yaml makes. */
export function settingsOfStack(stack: string): Record<string, unknown> {
  const file = new URL(`../../Pulumi.${stack}.yaml`, import.meta.url);
  return (load(readFileSync(file, "utf8")) as { config: Record<string, unknown> }).config;
}

/** Sets the stack's config: the defaults of Pulumi.yaml, an administrator, and what is given here. */
export function configure(settings: Record<string, unknown> = {}): void {
  const values: Record<string, unknown> = {};
  for (const [key, { default: fallback, value }] of Object.entries(projectFile.config)) {
    values[key.includes(":") ? key : `${projectFile.name}:${key}`] = fallback ?? value;
  }
  const given = { adminCidrs: ["203.0.113.7/32"], ...settings };
  for (const [key, value] of Object.entries(given)) {
    values[key.includes(":") ? key : `${projectFile.name}:${key}`] = value;
  }
  pulumi.runtime.setAllConfig(
    Object.fromEntries(
      Object.entries(values).map(([key, value]) => [
        key,
        typeof value === "string" ? value : JSON.stringify(value),
      ]),
    ),
  );
}
