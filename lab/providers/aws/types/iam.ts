import { IAM } from "@aws-sdk/client-iam";
import type { InstanceProfileState } from "@pulumi/aws/iam/instanceProfile.js";
import type { RoleState } from "@pulumi/aws/iam/role.js";
import type { RolePolicyState } from "@pulumi/aws/iam/rolePolicy.js";
import type { RolePolicyAttachmentState } from "@pulumi/aws/iam/rolePolicyAttachment.js";

import type { Context } from "../context.ts";
import { type Plain, replace, resource, tagList, update } from "../resource.ts";
import { sameJson } from "../values.ts";

type InstanceProfile = Plain<InstanceProfileState>;

const iam = (context: Context): IAM => context.client(IAM);

const role = resource<Plain<RoleState>>({
  token: "aws:iam/role:Role",
  inputs: {
    name: replace({ computed: true, aws: "RoleName" }),
    path: replace({ default: "/" }),
    assumeRolePolicy: update({ same: sameJson, aws: "AssumeRolePolicyDocument" }),
    description: update(),
    permissionsBoundary: update(),
  },
  outputs: ["arn"],
  autoname: { property: "name", maxLength: 64, separator: "-" },
  async retag(context, RoleName, { set, remove }) {
    if (remove.length > 0) await iam(context).untagRole({ RoleName, TagKeys: remove });
    if (Object.keys(set).length > 0) await iam(context).tagRole({ RoleName, Tags: tagList(set) });
  },
  create: async (context, request) =>
    (await iam(context).createRole(request as never)).Role?.RoleName,
  async find(context, RoleName) {
    const { Role } = await iam(context).getRole({ RoleName });
    const policy = decodeURIComponent(Role?.AssumeRolePolicyDocument ?? "");
    const PermissionsBoundary = Role?.PermissionsBoundary?.PermissionsBoundaryArn;
    return Role && { ...Role, AssumeRolePolicyDocument: policy, PermissionsBoundary };
  },
  async update(context, { id: RoleName, olds, news }) {
    const { description = "", assumeRolePolicy, permissionsBoundary: limit } = news;
    const PolicyDocument = assumeRolePolicy as string;
    await iam(context).updateAssumeRolePolicy({ RoleName, PolicyDocument });
    await iam(context).updateRoleDescription({ RoleName, Description: description });
    if (limit === olds.permissionsBoundary) return;
    if (limit)
      await iam(context).putRolePermissionsBoundary({ RoleName, PermissionsBoundary: limit });
    else await iam(context).deleteRolePermissionsBoundary({ RoleName });
  },
  delete: (context, RoleName) => iam(context).deleteRole({ RoleName }),
});

const rolePolicy = resource<Plain<RolePolicyState>>({
  token: "aws:iam/rolePolicy:RolePolicy",
  inputs: {
    name: replace({ computed: true, aws: "PolicyName" }),
    role: replace({ aws: "RoleName" }),
    policy: update({ same: sameJson, aws: "PolicyDocument" }),
  },
  autoname: { property: "name", maxLength: 128, separator: "-" },
  async create(context, request, { role, name }) {
    await iam(context).putRolePolicy(request as never);
    return `${role as string}:${name}`;
  },
  async find(context, id) {
    const [RoleName, PolicyName] = id.split(":");
    const found = await iam(context).getRolePolicy({ RoleName, PolicyName });
    return { ...found, PolicyDocument: decodeURIComponent(found.PolicyDocument ?? "") };
  },
  update: (context, { request }) => iam(context).putRolePolicy(request as never),
  delete: (context, id) => {
    const [RoleName, PolicyName] = id.split(":");
    return iam(context).deleteRolePolicy({ RoleName, PolicyName });
  },
});

const rolePolicyAttachment = resource<Plain<RolePolicyAttachmentState>>({
  token: "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
  inputs: { role: replace({ aws: "RoleName" }), policyArn: replace() },
  async create(context, request, { role, policyArn }) {
    await iam(context).attachRolePolicy(request as never);
    return `${role as string}/${policyArn}`;
  },
  async find(context, id) {
    const { RoleName, PolicyArn } = attachmentOf(id);
    const { AttachedPolicies } = await iam(context).listAttachedRolePolicies({ RoleName });
    const found = AttachedPolicies?.some((policy) => policy.PolicyArn === PolicyArn);
    return found ? { RoleName, PolicyArn } : undefined;
  },
  delete: (context, id) => iam(context).detachRolePolicy(attachmentOf(id)),
});

/** A role's name has no slash, a policy's ARN has. */
function attachmentOf(id: string) {
  const [RoleName = "", ...arn] = id.split("/");
  return { RoleName, PolicyArn: arn.join("/") };
}

async function setRole(context: Context, InstanceProfileName: string, old: unknown, now: unknown) {
  const profile = (role: unknown) => ({ InstanceProfileName, RoleName: role as string });
  if (old) await iam(context).removeRoleFromInstanceProfile(profile(old));
  if (now) await iam(context).addRoleToInstanceProfile(profile(now));
}

const instanceProfile = resource<InstanceProfile>({
  token: "aws:iam/instanceProfile:InstanceProfile",
  inputs: { name: replace({ computed: true, aws: "InstanceProfileName" }), role: update() },
  outputs: ["arn"],
  autoname: { property: "name", maxLength: 128, separator: "-" },
  async retag(context, InstanceProfileName, { set, remove }) {
    const profile = { InstanceProfileName };
    if (remove.length > 0) await iam(context).untagInstanceProfile({ ...profile, TagKeys: remove });
    if (Object.keys(set).length > 0)
      await iam(context).tagInstanceProfile({ ...profile, Tags: tagList(set) });
  },
  async create(context, request) {
    const created = await iam(context).createInstanceProfile(request as never);
    return created.InstanceProfile?.InstanceProfileName;
  },
  complete: (context, id, { role }) => setRole(context, id, undefined, role),
  async find(context, InstanceProfileName) {
    const { InstanceProfile } = await iam(context).getInstanceProfile({ InstanceProfileName });
    return InstanceProfile && { ...InstanceProfile, Role: InstanceProfile.Roles?.[0]?.RoleName };
  },
  update: (context, { id, olds, news }) => setRole(context, id, olds.role, news.role),
  async delete(context, id, { role }) {
    await setRole(context, id, role, undefined);
    await iam(context).deleteInstanceProfile({ InstanceProfileName: id });
  },
});

export const types = [role, rolePolicy, rolePolicyAttachment, instanceProfile];
