/** Who may read user data cannot pretend to be a machine. A step of first light. */
import { EC2 } from "@aws-sdk/client-ec2";
import { expect } from "chai";
import { runOn } from "../../../lab/support/ssh-to-machines.ts";
import type { StackFixture } from "./stack-fixture.ts";
import { firstContactKey } from "../../../lab/support/first-contact-key.ts";

export function hostKeys({ lab, prefix, outputs }: StackFixture, keyFile: () => string): void {
  it("has machines whose host keys are not those of their user data", async () => {
    const ec2 = new EC2(await lab.client());
    for (const [server, machine, output] of [
      ["app", "app-machine", "appServerHostKey"],
      ["test", "test", "testServerHostKey"],
    ] as const) {
      const Filters = [
        { Name: "tag:Name", Values: [`${prefix}-${machine}`] },
        { Name: "instance-state-name", Values: ["running"] },
      ];
      const { Reservations } = await ec2.describeInstances({ Filters });
      const { publicKey } = await firstContactKey(
        ec2,
        Reservations![0]!.Instances![0]!.InstanceId!,
      );
      const logIn = (hostKey: string) =>
        runOn(server, { ...outputs(), [output]: hostKey }, keyFile(), "hostname");
      expect((await logIn(outputs()[output]!)).status).to.equal(0);
      const { status, stderr } = await logIn(publicKey);
      expect(status, server).to.equal(255);
      expect(stderr).to.match(/Host key verification failed/);
    }
  });
}
