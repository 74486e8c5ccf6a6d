/** The AWS account of a stack, as an administrator sees and changes it behind Pulumi's back, and its packets. */
import type { EC2 } from "@aws-sdk/client-ec2";
import { setTimeout as sleep } from "node:timers/promises";
import { succeed } from "../../lab/support/lab.ts";
import type { Matrix } from "../../lab/support/reachability.ts";
import type { LabStack } from "../../lab/support/stack.ts";
import { administratorOf } from "./administrator.ts";

/** Names of all resources of stack dev begin with it. */
export const prefix = "flask-on-aws-dev";

/** Ports on which something listens, is opened or closed. */
const ports = [22, 80, 81, 443, 3306, 5085];

export class Cloud {
  private administrator: string[] | undefined;
  readonly ec2: EC2;
  private readonly stack: LabStack;

  constructor(stack: LabStack) {
    this.stack = stack;

    this.ec2 = stack.ec2();
  }

  async instance(name: string) {
    const Filters = [
      { Name: "tag:Name", Values: [`${prefix}-${name}`] },
      { Name: "instance-state-name", Values: ["pending", "running", "stopping", "stopped"] },
    ];
    const { Reservations } = await this.ec2.describeInstances({ Filters });
    const { InstanceId: id, State } = Reservations![0]!.Instances![0]!;
    return { id: id!, state: State!.Name!, container: `${this.stack.lab.name}-${id}` };
  }

  async group(name: string): Promise<string> {
    const Filters = [{ Name: "tag:Name", Values: [`${prefix}-${name}`] }];
    return (await this.ec2.describeSecurityGroups({ Filters })).SecurityGroups![0]!.GroupId!;
  }

  /** The AWS CLI of the app server, as an administrator. */
  async cli(command: string): Promise<void> {
    this.administrator ??= await administratorOf(this.stack.lab, "ec2");
    const { container } = await this.instance("app-machine");
    const environment = this.administrator.flatMap((setting) => ["--env", setting]);
    const args = ["exec", ...environment, container, "aws", ...command.split(" ")];
    await succeed("docker", args);
    // The controller follows within 2 s, which is what the next look at the packets tests.
    await sleep(2000);
  }

  /** Who reaches whom on some ports, by "source → target". */
  async reachability(): Promise<Record<string, string>> {
    const measure = `import("./lab/support/reachability.ts").then(async ({ measure }) =>
      console.log(JSON.stringify(await measure("${prefix}", [${ports.join()}]))))`;
    const found = await this.stack.lab.in("node", "--input-type=module", "--eval", measure);
    return Object.fromEntries(
      Object.entries(JSON.parse(found) as Matrix).flatMap(([source, cells]) =>
        Object.entries(cells).map(([target, cell]) => [`${source} → ${target}`, cell]),
      ),
    );
  }

  /** Waits until `holds`, while a machine boots or ends; fails with `what` after 2 minutes. */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 120_000; !(await holds()); await sleep(500))
      if (Date.now() > end) throw new Error(`not after 2 minutes: ${what}`);
  }
}
