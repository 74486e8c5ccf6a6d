/** Who reaches the servers by SSH: temporary rules for the caller's address, and host keys that only the servers know. */
import { EC2 } from "@aws-sdk/client-ec2";
import { expect } from "chai";
import { descriptionOf } from "../../../network/own-address.ts";
import type { SshAccess } from "../../../network/ssh-access.ts";
import { firstContactKey } from "../../../lab/support/first-contact-key.ts";
import { runOn } from "../../../lab/support/ssh-to-machines.ts";
import { useSharedStack } from "../../support/shared-stack.ts";

describe("SSH access", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
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

  before(async () => {
    const access = shared.outputs.sshAccess as unknown as SshAccess;
    expect(access).to.include({ ownAddress: true }).and.to.deep.include({ networks: [] });
    ec2 = new EC2(await lab.client());
    GroupId = access.group;
    prefix = shared.outputs.appServerPublicIp!.replace(/\.\d+$/, "");
  });

  it("is open to the computer that ran `up`, which no setting names", async () => {
    const [rule, ...others] = await rules();
    expect(others).to.deep.equal([]);
    expect(rule!.CidrIpv4).to.equal(`${prefix}.1/32`);
    expect(rule!.Description).to.match(/^flask-on-aws: SSH of \S+@\S+ until 20\S+Z$/);
  });

  it("is opened again by ./ops after somebody removed the rule of this computer", async () => {
    const [rule] = await rules();
    await ec2.revokeSecurityGroupIngress({
      GroupId,
      SecurityGroupRuleIds: [rule!.SecurityGroupRuleId!],
    });
    await lab.ops("status");
    expect(await addresses()).to.deep.equal([`${prefix}.1/32`]);
  });

  it("is opened to a teammate from another address, and closed where a rule has ended", async () => {
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
    const teammates = (await rules()).find(({ CidrIpv4 }) => CidrIpv4 === `${prefix}.11/32`);
    const SecurityGroupRuleIds = [teammates!.SecurityGroupRuleId!];
    await ec2.revokeSecurityGroupIngress({ GroupId, SecurityGroupRuleIds });
  });

  it("refuses a server that shows the host key of its user data, which others can read", async () => {
    for (const [server, machine, output] of [
      ["app", "app-machine", "appServerHostKey"],
      ["test", "test", "testServerHostKey"],
    ] as const) {
      const Filters = [
        { Name: "tag:Name", Values: [`${shared.prefix}-${machine}`] },
        { Name: "instance-state-name", Values: ["running"] },
      ];
      const { Reservations } = await ec2.describeInstances({ Filters });
      const { publicKey } = await firstContactKey(
        ec2,
        Reservations![0]!.Instances![0]!.InstanceId!,
      );
      const logIn = (hostKey: string) =>
        runOn(server, { ...shared.outputs, [output]: hostKey }, shared.stack.key, "hostname");
      expect((await logIn(shared.outputs[output]!)).status).to.equal(0);
      const { status, stderr } = await logIn(publicKey);
      expect(status, server).to.equal(255);
      expect(stderr).to.match(/Host key verification failed/);
    }
  });
});
