/** `./ops verify` on a healthy stack, and on one with injected faults. */
import { expect } from "chai";
import { asMaster } from "../../../lab/experiments/faults/database.ts";
import { useSharedStack } from "../../support/shared-stack.ts";

/** Replaces `date` on the app server: `date +%s` is ten minutes slow. */
const lateClock = `#!/bin/sh
if [ "$*" = +%s ]; then echo $(($(/usr/bin/date +%s) - 600)); else exec /usr/bin/date "$@"; fi
`;
/** A file system with less room than a release needs; the app server's own is a part of this computer's disk. */
const small = "/mnt/small";

describe("./ops verify", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;

  it("fails for a rule that opens SSH to everybody, and for a rule that is missing", async () => {
    const ec2 = shared.stack.ec2();
    const { vpcId } = shared.outputs;
    const { SecurityGroups = [] } = await ec2.describeSecurityGroups({
      Filters: [{ Name: "vpc-id", Values: [vpcId!] }],
    });
    const groups = SecurityGroups.map(({ GroupId: id }) => id!);
    const { SecurityGroupRules = [] } = await ec2.describeSecurityGroupRules({
      Filters: [{ Name: "group-id", Values: groups }],
    });
    const http = SecurityGroupRules.find(({ FromPort, IsEgress }) => FromPort === 80 && !IsEgress);
    const { GroupId, SecurityGroupRuleId: gone } = http!;
    const everybody = { FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: "0.0.0.0/0" }] };
    const added = await ec2.authorizeSecurityGroupIngress({
      GroupId,
      IpPermissions: [{ IpProtocol: "tcp", ...everybody }],
    });
    const { SecurityGroupRuleId: id } = added.SecurityGroupRules![0]!;
    await ec2.revokeSecurityGroupIngress({ GroupId, SecurityGroupRuleIds: [gone!] });
    const red = await lab.tryOps("verify").finally(async () => {
      // As the remedies say.
      await ec2.revokeSecurityGroupIngress({ GroupId, SecurityGroupRuleIds: [id!] });
      await lab.pulumi("up", "--refresh", "--yes", "--skip-preview");
    });
    expect(red.stdout).to.match(/^3 of \d+ checks failed: ports, rules, drift$/m);
    expect(red.stdout).to.match(/^ports +FAILED {2}80 does not answer$/m);
    expect(red.stdout).to.match(new RegExp(`^rules +FAILED .*: ${id} of ${GroupId} lets 0`, "m"));
    expect(red.stdout).to.match(
      /^drift +FAILED {2}1 resource\(s\) differ from the program: \+ .*ingress-80-/m,
    );
    expect(red.status).to.equal(1);

    const remedy = `aws ec2 revoke-security-group-ingress --region us-west-2 --group-id ${GroupId} --security-group-rule-ids ${id}`;
    expect(red.stdout).to.include(`remedy: remove them: ${remedy}\n`);
    expect(red.stdout).to.match(/: lab\/pulumi up --refresh$/m);
  });

  it("fails for a missing grant, a stopped cron daemon, a wrong clock and a full disk", async () => {
    const { stack } = shared;
    const { databaseName, databaseUser } = stack.outputs;
    const grant = (verb: string, preposition: string) =>
      `${verb} INDEX ON \`${databaseName}\`.* ${preposition} '${databaseUser}'@'%'`;
    await asMaster(stack, grant("REVOKE", "FROM"));
    await stack.onMachine("sudo tee /usr/local/bin/date", lateClock);
    await stack.onMachine(
      `sudo chmod 755 /usr/local/bin/date && sudo service cron stop && sudo mkdir -p ${small} && ` +
        `sudo mount -t tmpfs -o size=512m tmpfs ${small} && sudo cp -a /opt/flask-on-aws/. ${small}/ && ` +
        `sudo chown --reference /opt/flask-on-aws ${small} && sudo mount --bind ${small} /opt/flask-on-aws`,
    );
    const red = await lab.tryOps("verify").finally(async () => {
      await asMaster(stack, grant("GRANT", "TO"));
      await stack.onMachine(
        `sudo rm /usr/local/bin/date && sudo umount /opt/flask-on-aws && sudo umount ${small} && ` +
          "sudo service cron start",
      );
    });

    expect(red.stdout).to.match(/^4 of \d+ checks failed: grants, cron, clock, disk$/m);
    expect(red.stdout).to.match(/^grants +FAILED .*lacks the privilege INDEX on the schema/m);
    expect(red.stdout).to.match(/^cron +FAILED {2}the cron daemon does not run$/m);
    expect(red.stdout).to.match(/^clock +FAILED .* is -(59|60)\d s off S3's; the limit is 5 s$/m);
    expect(red.stdout).to.match(/^disk +FAILED .* has \d+ MB free/m);
    expect(red.status).to.equal(1);
  });

  it("passes once all of that is corrected", async () => {
    const green = await lab.tryOps("verify");
    expect(green.stdout).to.match(/\nno check failed\n$/);
    expect(green.status).to.equal(0);
  });
});
