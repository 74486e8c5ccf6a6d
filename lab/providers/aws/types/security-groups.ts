import type { IpPermission } from "@aws-sdk/client-ec2";
import type { DefaultSecurityGroupState } from "@pulumi/aws/ec2/defaultSecurityGroup.js";
import type { SecurityGroupState } from "@pulumi/aws/ec2/securityGroup.js";
import type { SecurityGroupEgressRuleState } from "@pulumi/aws/vpc/securityGroupEgressRule.js";
import type { SecurityGroupIngressRuleState } from "@pulumi/aws/vpc/securityGroupIngressRule.js";

import type { Context } from "../context.ts";
import { type Plain, replace, resource, update } from "../resource.ts";
import { ec2, managedByPulumi, retag, tagged } from "./ec2.ts";

type Rule = Plain<SecurityGroupIngressRuleState & SecurityGroupEgressRuleState>;

const findGroup = async (context: Context, id: string) =>
  (await ec2(context).describeSecurityGroups({ GroupIds: [id] })).SecurityGroups?.[0];

async function revokeRules(context: Context, GroupId: string): Promise<void> {
  const { IpPermissions = [], IpPermissionsEgress = [] } =
    (await findGroup(context, GroupId)) ?? {};
  if (IpPermissions.length > 0)
    await ec2(context).revokeSecurityGroupIngress({ GroupId, IpPermissions });
  if (IpPermissionsEgress.length > 0) {
    const request = { GroupId, IpPermissions: IpPermissionsEgress };
    await ec2(context).revokeSecurityGroupEgress(request);
  }
}

const securityGroup = resource<Plain<SecurityGroupState>>({
  token: "aws:ec2/securityGroup:SecurityGroup",
  inputs: {
    name: replace({ computed: true, aws: "GroupName" }),
    description: replace({ default: managedByPulumi }),
    vpcId: replace({ computed: true }),
  },
  outputs: ["ownerId"],
  autoname: { property: "name", maxLength: 255, separator: "-" },
  retag,
  async create(context, { Description, VpcId, Tags }, { name: GroupName }) {
    const request = tagged("security-group", { GroupName, Description, VpcId, Tags });
    return (await ec2(context).createSecurityGroup(request)).GroupId;
  },
  /** AWS lets a new group send anywhere; with the aws provider it sends only where a rule says so. */
  complete: revokeRules,
  find: findGroup,
  delete: (context, GroupId) => ec2(context).deleteSecurityGroup({ GroupId }),
});

/** AWS makes it with the VPC: it is taken over without its rules, and in the end let go as it is. */
const defaultSecurityGroup = resource<Plain<DefaultSecurityGroupState>>({
  token: "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
  inputs: { vpcId: replace({ computed: true }) },
  outputs: ["description", "ownerId"],
  retag,
  async create(context, { VpcId = "" }) {
    const Filters = [
      { Name: "vpc-id", Values: [VpcId] },
      { Name: "group-name", Values: ["default"] },
    ];
    return (await ec2(context).describeSecurityGroups({ Filters })).SecurityGroups?.[0]?.GroupId;
  },
  /** As the real provider: the tags first, so that a policy can limit the rest to what has them. */
  async complete(context, id, { tagsAll = {} }) {
    await retag(context, id, { set: tagsAll, remove: [] });
    await revokeRules(context, id);
  },
  find: findGroup,
  delete: () => Promise.resolve(),
});

function permission({
  cidrIpv4,
  description: Description,
  referencedSecurityGroupId,
  ...rule
}: Rule) {
  const [CidrIp, GroupId] = [cidrIpv4, referencedSecurityGroupId];
  return {
    IpProtocol: rule.ipProtocol,
    FromPort: rule.fromPort,
    ToPort: rule.toPort,
    ...(CidrIp ? { IpRanges: [{ CidrIp, Description }] } : {}),
    ...(GroupId ? { UserIdGroupPairs: [{ GroupId, Description }] } : {}),
  } satisfies IpPermission;
}

/** AWS changes an address into another, but not into a group. */
const otherKindOfPeer = (state: Rule, inputs: Rule): boolean =>
  !state.cidrIpv4 !== !inputs.cidrIpv4;

/** The two rule types differ in their calls alone. */
const ruleType = (direction: "Ingress" | "Egress") =>
  resource<Rule>({
    token: `aws:vpc/securityGroup${direction}Rule:SecurityGroup${direction}Rule`,
    inputs: {
      securityGroupId: replace({ aws: "GroupId" }),
      description: update(),
      ipProtocol: update(),
      fromPort: update(),
      toPort: update(),
      cidrIpv4: update({ replaces: otherKindOfPeer }),
      referencedSecurityGroupId: update({ aws: "ReferencedGroupId", replaces: otherKindOfPeer }),
    },
    outputs: ["securityGroupRuleId"],
    retag,
    async create(context, { Tags }, rule) {
      const request = {
        GroupId: rule.securityGroupId,
        IpPermissions: [permission(rule)],
        ...tagged("security-group-rule", { Tags }),
      };
      const { SecurityGroupRules } =
        await ec2(context)[`authorizeSecurityGroup${direction}`](request);
      return SecurityGroupRules?.[0]?.SecurityGroupRuleId;
    },
    async find(context, id) {
      const request = { SecurityGroupRuleIds: [id] };
      const rules = (await ec2(context).describeSecurityGroupRules(request)).SecurityGroupRules;
      const found = rules?.[0];
      // AWS answers -1 as the ports of "all protocols".
      const noPorts = found?.IpProtocol === "-1" ? { FromPort: undefined, ToPort: undefined } : {};
      return (
        found && { ...found, ReferencedGroupId: found.ReferencedGroupInfo?.GroupId, ...noPorts }
      );
    },
    update: (context, { id, news, request }) =>
      ec2(context).modifySecurityGroupRules({
        GroupId: news.securityGroupId,
        SecurityGroupRules: [{ SecurityGroupRuleId: id, SecurityGroupRule: request }],
      }),
    delete: (context, id, { securityGroupId: GroupId }) =>
      ec2(context)[`revokeSecurityGroup${direction}`]({ GroupId, SecurityGroupRuleIds: [id] }),
  });

export const types = [securityGroup, defaultSecurityGroup, ruleType("Ingress"), ruleType("Egress")];
