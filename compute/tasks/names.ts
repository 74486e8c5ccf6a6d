import { createHash } from "node:crypto";

/** Characters that AWS allows in the names of load balancers and target groups. */
const longest = 32;

/**
 * A name for a load balancer or a target group, which are too short for the stack's own name and a random end. What makes AWS
 * replace the resource is in `ingredients`, so that the new one can exist beside the old one.
 */
export function balancerName(stack: string, ...ingredients: readonly (string | number)[]): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([stack, ...ingredients]))
    .digest("hex")
    .slice(0, 7);
  return `${stack.slice(0, longest - hash.length - 1).replace(/-$/, "")}-${hash}`;
}
