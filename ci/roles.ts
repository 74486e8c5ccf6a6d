import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { ciPath, ciTrustPolicy, ciUses, type CiUse } from "./github.ts";

/** Settings: ARNs of managed policies, which an administrator of the account makes and changes, not CI. */
export interface CiPolicies {
  readonly ciDeployPolicies: readonly string[];
  readonly ciPreviewPolicies: readonly string[];
}

/** Arguments of {@link CiRoles}. */
export interface CiRolesArgs {
  /** As `sub` of a token begins after `repo:`. */
  readonly repository: string;
  readonly stack: string;
  /** Of the account's provider for GitHub Actions. */
  readonly providerArn: string;
  readonly policies: CiPolicies;
}

const descriptions: Record<CiUse, string> = {
  deploy: "pulumi up from GitHub Actions",
  preview: "pulumi preview from GitHub Actions",
};

/** The roles that jobs of GitHub Actions use: one for `up`, one that only reads. */
export class CiRoles extends pulumi.ComponentResource {
  readonly arns: Readonly<Record<CiUse, pulumi.Output<string>>>;

  constructor(name: string, args: CiRolesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("flask-on-aws:ci:CiRoles", name, {}, opts);
    const arns = ciUses.map((use) => [use, this.createRole(`${name}-${use}`, use, args)] as const);
    this.arns = Object.fromEntries(arns) as CiRoles["arns"];
    this.registerOutputs({ arns: this.arns });
  }

  private createRole(name: string, use: CiUse, args: CiRolesArgs): pulumi.Output<string> {
    const role = new aws.iam.Role(
      name,
      {
        path: ciPath,
        description: descriptions[use],
        assumeRolePolicy: ciTrustPolicy(use, args),
        tags: { Name: name },
      },
      { parent: this },
    );
    const { ciDeployPolicies, ciPreviewPolicies } = args.policies;
    for (const policyArn of use === "deploy" ? ciDeployPolicies : ciPreviewPolicies)
      new aws.iam.RolePolicyAttachment(
        `${name}-${policyArn.split("policy/")[1]}`,
        { role: role.name, policyArn },
        { parent: this },
      );
    return role.arn;
  }
}

/** The outputs of the roles; empty without a repository. */
export function createCi(
  name: string,
  settings: CiPolicies & { readonly ciRepository: string },
  stack: string,
  providerArn: string | undefined,
  opts: pulumi.ComponentResourceOptions,
): Readonly<Record<"ciDeployRoleArn" | "ciPreviewRoleArn", pulumi.Output<string>>> {
  const repository = settings.ciRepository;
  const arns =
    providerArn === undefined
      ? { deploy: pulumi.output(""), preview: pulumi.output("") }
      : new CiRoles(name, { repository, stack, providerArn, policies: settings }, opts).arns;
  return { ciDeployRoleArn: arns.deploy, ciPreviewRoleArn: arns.preview };
}
