/** Which policies the roles of CI have. This function is the only place that decides it. */
import type { CiUse } from "./github.ts";

/** Settings: ARNs of managed policies, which an administrator of the account makes and changes, not CI. */
export interface CiPolicies {
  readonly ciDeployPolicies: readonly string[];
  readonly ciPreviewPolicies: readonly string[];
}

/** The ARNs of the managed policies that the role for this use has. */
export const ciPolicyArns = (
  use: CiUse,
  { ciDeployPolicies, ciPreviewPolicies }: CiPolicies,
): readonly string[] => (use === "deploy" ? ciDeployPolicies : ciPreviewPolicies);
