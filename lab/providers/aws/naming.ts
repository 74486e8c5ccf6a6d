import { createHash, randomBytes } from "node:crypto";

import type { ResourceType } from "./resource.ts";

/**
 * The physical name of a resource that the program did not name, as pulumi-aws makes it.
 *
 * @param seed the engine's, so that a saved plan and its update agree on the name; may be empty
 */
export function autoname(
  { maxLength, separator, lowerCase }: NonNullable<ResourceType["autoname"]>,
  logicalName: string,
  seed: Uint8Array,
): string {
  const entropy = seed.length > 0 ? createHash("sha256").update(seed).digest() : randomBytes(4);
  const suffix = separator === undefined ? "" : separator + entropy.toString("hex").slice(0, 7);
  const name = logicalName.slice(0, maxLength - suffix.length) + suffix;
  return lowerCase ? name.toLowerCase() : name;
}
