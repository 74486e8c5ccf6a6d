/**
 * How long a change of a security group takes from the API to the packets, with 8 instances and 30 rules. Runs in a
 * lab that is up (`npm run lab:latency`), in a VPC of its own that it removes.
 */
import { EC2, type IpPermission } from "@aws-sdk/client-ec2";
import { expect } from "chai";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { builder } from "../support/account.ts";
import type { ApiServer } from "../support/api-server.ts";
import { succeed } from "../support/lab.ts";

const machines = 8;
const rules = 30;
const rounds = 5;
/** Seconds that the controller may take. */
const limit = 2;

const { AWS_ENDPOINT_URL: endpoint, AWS_REGION: region, LAB_NAME: lab } = process.env;
const ec2 = new EC2({});
const make = builder({ client: { endpoint, region } } as ApiServer);

const permission = (port: number): IpPermission => ({
  IpProtocol: "tcp",
  FromPort: port,
  ToPort: port,
  IpRanges: [{ CidrIp: "10.9.0.0/16" }],
});

describe("A change of a security group", function () {
  this.timeout(180_000);
  const instances: string[] = [];
  let vpc: string;
  let subnet: string;
  let group: string;

  before(async () => {
    vpc = await make.vpc("10.9.0.0/16");
    subnet = await make.subnet(vpc, "10.9.0.0/24");
    group = await make.group(vpc, "latency");
    const IpPermissions = Array.from({ length: rules - 1 }, (_, index) => permission(1000 + index));
    await ec2.authorizeSecurityGroupIngress({ GroupId: group, IpPermissions });
    for (let n = 0; n < machines; n++)
      instances.push(await make.instance(subnet, { SecurityGroupIds: [group] }));
    // The measurement starts after the boots: eight boots on two CPUs would distort it.
    for (const id of instances) {
      const ready = `until docker exec ${lab}-${id} test -e /run/cloud-init/result.json; do sleep 0.2; done`;
      await succeed("bash", ["-c", `${ready} 2>/dev/null`]);
    }
  });
  after(async () => {
    await ec2.terminateInstances({ InstanceIds: instances });
    const state = async () =>
      (await Promise.all(instances.map((id) => make.describe(id)))).map((one) => one.State!.Name);
    while ((await state()).some((name) => name !== "terminated"))
      await new Promise((resolve) => setTimeout(resolve, 200)); // only polling shows a state
    await ec2.deleteSecurityGroup({ GroupId: group });
    await ec2.deleteSubnet({ SubnetId: subnet });
    await ec2.deleteVpc({ VpcId: vpc });
  });

  it(`applies to packets less than ${limit} s after the API call`, async () => {
    const [from, to] = [instances[0]!, (await make.describe(instances[7]!)).PrivateIpAddress!];
    const pid = await succeed("docker", [
      "inspect",
      "--format",
      "{{.State.Pid}}",
      `${lab}-${from}`,
    ]);
    const inMachine = ["exec", `${lab}-helper`, "nsenter", "--target", pid.trim(), "--net"];
    const watch = ["python3", "/lab/net/changes.py", to, "2000", String(2 * rounds)];
    const watcher = spawn("docker", [...inMachine, ...watch], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = createInterface(watcher.stdout)[Symbol.asyncIterator]();
    const next = async () => String((await lines.next()).value).split(" ");
    expect((await next())[0]).to.equal("closed");

    const rule = { GroupId: group, IpPermissions: [permission(2000)] };
    const took: number[] = [];
    for (let round = 0; round < rounds; round++) {
      for (const [change, state] of [
        [() => ec2.authorizeSecurityGroupIngress(rule), "open"],
        [() => ec2.revokeSecurityGroupIngress(rule), "closed"],
      ] as const) {
        const called = Date.now() / 1000;
        await change();
        const [seen, at] = await next();
        expect(seen).to.equal(state);
        took.push(Number(at) - called);
      }
    }
    const [least, median, most] = [0, took.length / 2, took.length - 1].map(
      (index) => took.toSorted((a, b) => a - b)[index]!,
    );
    console.log(
      `  ${machines} machines, ${rules} rules, ${took.length} changes: ` +
        `${[least, median, most].map((s) => s!.toFixed(2)).join(", ")} s (least, median, most)`,
    );
    expect(most).to.be.below(limit);
  });
});
