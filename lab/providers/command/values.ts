/**
 * Property values as the engine sends them: plain JSON in which a few reserved strings mark what
 * JSON cannot say. The marks are part of Pulumi's provider protocol (pulumi/sdk, resource/plugin/rpc.go).
 */
import type { PropertyChange } from "../kit/handlers.ts";
import { unknown } from "../kit/messages.ts";

export type Value = string | number | boolean | null | Value[] | Properties;
export interface Properties {
  [name: string]: Value;
}

const signature = "4dabf18193072939515e22adb298388d";
const kinds = {
  secret: "1b47061264138c4ac30d75fd1eb44270",
  asset: "c44067f5952c0a294b673a41bacd8c17",
  archive: "0def7320c3a5731c473e5ecbe6d01bc7",
};

export function isProperties(value: Value | undefined): value is Properties {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** True for a secret, an asset or an archive, the three kinds of marked object. */
export function isKind(value: Value | undefined, kind: keyof typeof kinds): value is Properties {
  return isProperties(value) && value[signature] === kinds[kind];
}

export function secret(value: Value): Properties {
  return { [signature]: kinds.secret, value };
}

/** The same value with every secret in it laid open. */
export function reveal(value: Value): Value {
  if (isKind(value, "secret")) return reveal(value["value"] ?? null);
  if (Array.isArray(value)) return value.map(reveal);
  if (!isProperties(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, reveal(inner)]));
}

export function hasUnknown(value: Value | undefined): boolean {
  return JSON.stringify(value ?? null).includes(unknown);
}

/** Which inputs differ. One that becomes a secret does: the state must be written anew, encrypted. */
export function changes(
  old: Properties,
  now: Properties,
): Pick<PropertyChange, "property" | "kind">[] {
  const kindOf = (property: string) => {
    if (!Object.hasOwn(old, property)) return "ADD";
    return Object.hasOwn(now, property) ? "UPDATE" : "DELETE";
  };
  return Object.keys({ ...old, ...now })
    .filter((property) => canonical(old[property]) !== canonical(now[property]))
    .map((property) => ({ property, kind: kindOf(property) }));
}

function canonical(value: Value | undefined): string {
  if (isKind(value, "secret")) return `secret ${canonical(reveal(value))}`;
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (!isProperties(value)) return JSON.stringify(value);
  // The engine hashes what is in an asset; where that was found does not matter.
  if (signature in value) return `${value[signature] as string} ${value["hash"] as string}`;
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join()}}`;
}
