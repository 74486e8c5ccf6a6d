/** The provider's own configuration, of which the stand-in knows what a program of the lab may set. */
import type { Failure } from "./provider.ts";
import type { Properties } from "./values.ts";

export interface Configuration {
  readonly region: string;
  readonly defaultTags: Record<string, string>;
}

/** Besides these: `profile` and `skip…` name credentials and checks of real AWS, which the lab has not. */
const known = /^(region|defaultTags|profile|version|pluginDownloadURL|skip[A-Z]\w*)$/;

export const checkConfiguration = (inputs: Properties): Failure[] =>
  Object.keys(inputs)
    .filter((property) => !known.test(property))
    .map((property) => ({
      property,
      reason:
        `the lab's stand-in for the aws plugin does not know the provider setting '${property}': ` +
        "give it by the environment (AWS_…), or leave it out",
    }));

/** Throws when no region is given. */
export function readConfiguration(inputs: Properties, env: NodeJS.ProcessEnv): Configuration {
  const region = inputs["region"] ?? env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"];
  if (typeof region !== "string" || region === "")
    throw new Error("no AWS region: set `region` of the provider, aws:region, or AWS_REGION");
  // SDKs send nested provider settings as JSON text.
  const nested = inputs["defaultTags"];
  const defaultTags = (typeof nested === "string" ? JSON.parse(nested) : nested) as
    { tags?: Record<string, string> } | undefined;
  return { region, defaultTags: defaultTags?.tags ?? {} };
}
