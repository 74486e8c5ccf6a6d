/** Temporary rules of the app server's group, by which `up` and ./ops let in the computer on which they run. */
import { EC2 } from "@aws-sdk/client-ec2";
import { expect } from "chai";
import { descriptionOf } from "../../../network/own-address.ts";
import type { SshAccess } from "../../../network/ssh-access.ts";
import type { StackFixture } from "./stack-fixture.ts";

/** Steps of first light, after an `up` without adminCidrs. */
export function ownAddress({ lab, outputs }: StackFixture): void {
  let ec2: EC2;
  let GroupId: string;
  /** Begin of the lab's addresses, `198.18.5`; this computer is 1. */
  let prefix: string;

  /** The group's rules for SSH. */
  const rules = async () => {
    const { SecurityGroupRules = [] } = await ec2.describeSecurityGroupRules({
      Filters: [{ Name: "group-id", Values: [GroupId] }],
    });
    return SecurityGroupRules.filter(({ FromPort, IsEgress }) => FromPort === 22 && !IsEgress);
  };
  const addresses = async () => (await rules()).map(({ CidrIpv4 }) => CidrIpv4);
  const callFrom = async (address: string) => {
    const { endpoint } = await lab.client();
    const request = { method: "POST", body: JSON.stringify({ address }) };
    expect((await fetch(`${endpoint}/_lab/caller`, request)).status).to.equal(200);
  };

  it("let in the computer that ran `up`, which no setting names", async () => {
    const access = outputs().sshAccess as unknown as SshAccess;
    expect(access).to.include({ ownAddress: true }).and.to.deep.include({ networks: [] });
    ec2 = new EC2(await lab.client());
    GroupId = access.group;
    prefix = outputs().appServerPublicIp!.replace(/\.\d+$/, "");
    const [rule, ...others] = await rules();
    expect(others).to.deep.equal([]);
    expect(rule!.CidrIpv4).to.equal(`${prefix}.1/32`);
    expect(rule!.Description).to.match(/^flask-on-aws: SSH of \S+@\S+ until 20\S+Z$/);
  });

  it("let this computer in again by ./ops after somebody removed its rule", async () => {
    const [rule] = await rules();
    await ec2.revokeSecurityGroupIngress({
      GroupId,
      SecurityGroupRuleIds: [rule!.SecurityGroupRuleId!],
    });
    await lab.ops("status");
    expect(await addresses()).to.deep.equal([`${prefix}.1/32`]);
  });

  it("let a teammate in from another address, and remove what has ended, and nothing else", async () => {
    const ended = descriptionOf("eve@desk", Date.now() - 25 * 3_600_000);
    const IpRanges = [{ CidrIp: `${prefix}.12/32`, Description: ended }];
    const IpPermissions = [{ IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges }];
    await ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions });
    await callFrom(`${prefix}.11`);
    try {
      // In the lab the packets of a teammate come from the address of this computer, whose rule stays.
      await lab.pulumi("up", "--yes", "--skip-preview", "--expect-no-changes");
    } finally {
      await callFrom(`${prefix}.1`);
    }
    expect(await addresses()).to.have.members([`${prefix}.1/32`, `${prefix}.11/32`]);
  });
}
