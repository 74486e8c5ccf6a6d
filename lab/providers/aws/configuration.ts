/** The provider's own configuration, of which the lab's provider knows what a program of the lab may set. */
import type { Failure } from "../kit/handlers.ts";
import type { Properties } from "./values.ts";

export interface Configuration {
  readonly region: string;
  readonly defaultTags: Record<string, string>;
  /** Undefined: every account is. */
  readonly allowedAccountIds: readonly string[] | undefined;
  readonly forbiddenAccountIds: readonly string[];
  /** Each is assumed with the credentials of the one before. */
  readonly assumeRoles: readonly AssumedRole[];
}

export interface AssumedRole {
  readonly roleArn: string;
  readonly sessionName?: string;
  readonly externalId?: string;
}

/** Besides these: `profile` and `skip…` name credentials and checks of real AWS, which the lab has not. */
const known =
  /^(region|defaultTags|allowedAccountIds|forbiddenAccountIds|assumeRoles|profile|version|pluginDownloadURL|skip[A-Z]\w*)$/;

export const checkConfiguration = (inputs: Properties): Failure[] =>
  Object.keys(inputs)
    .filter((property) => !known.test(property))
    .map((property) => ({
      property,
      reason:
        `the lab's aws provider does not know the provider setting '${property}': ` +
        "give it by the environment (AWS_…), or leave it out",
    }));

/** Throws when no region is given. */
export function readConfiguration(inputs: Properties, env: NodeJS.ProcessEnv): Configuration {
  const region = inputs["region"] ?? env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"];
  if (typeof region !== "string" || region === "")
    throw new Error("no AWS region: set `region` of the provider, aws:region, or AWS_REGION");
  // SDKs send nested provider settings as JSON text.
  const nested = <T>(name: string) => {
    const value = inputs[name];
    return (typeof value === "string" ? JSON.parse(value) : value) as T | undefined;
  };
  return {
    region,
    defaultTags: nested<{ tags?: Record<string, string> }>("defaultTags")?.tags ?? {},
    allowedAccountIds: nested<string[]>("allowedAccountIds"),
    forbiddenAccountIds: nested<string[]>("forbiddenAccountIds") ?? [],
    assumeRoles: nested<AssumedRole[]>("assumeRoles") ?? [],
  };
}
