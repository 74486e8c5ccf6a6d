/**
 * What is changed in the API changes in the packets and the machines, and nothing else does. Steps of first light,
 * whose stack they change.
 */
import { EC2 } from "@aws-sdk/client-ec2";
import { expect } from "chai";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Matrix } from "../../../lab/support/reachability.ts";
import { administratorOf } from "../../support/administrator.ts";
import { run, succeed } from "../../../lab/support/lab.ts";
import type { StackFixture } from "./stack-fixture.ts";

/** Ports on which something listens, is opened or closed. */
const ports = [22, 80, 81, 443, 3306, 5085];

/** Shell commands by which a machine tries AWS: S3's address, and the one that all other services have. */
const asks = (service: string) =>
  `curl --silent --output /dev/null --max-time 3 --write-out '%{http_code}' https://${service}.us-west-2.amazonaws.com/`;

class Cloud {
  private administrator: string[] | undefined;

  private constructor(
    private readonly fixture: StackFixture,
    readonly ec2: EC2,
  ) {}

  static async of(fixture: StackFixture): Promise<Cloud> {
    return new Cloud(fixture, new EC2(await fixture.lab.client()));
  }

  async instance(name: string) {
    const Filters = [
      { Name: "tag:Name", Values: [`${this.fixture.prefix}-${name}`] },
      { Name: "instance-state-name", Values: ["pending", "running", "stopping", "stopped"] },
    ];
    const { Reservations } = await this.ec2.describeInstances({ Filters });
    const { InstanceId: id, State } = Reservations![0]!.Instances![0]!;
    return { id: id!, state: State!.Name!, container: `${this.fixture.lab.name}-${id}` };
  }

  async group(name: string): Promise<string> {
    const Filters = [{ Name: "tag:Name", Values: [`${this.fixture.prefix}-${name}`] }];
    return (await this.ec2.describeSecurityGroups({ Filters })).SecurityGroups![0]!.GroupId!;
  }

  /** The AWS CLI of the app server, as an administrator. */
  async cli(command: string): Promise<void> {
    this.administrator ??= await administratorOf(this.fixture.lab, "ec2");
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
      console.log(JSON.stringify(await measure("${this.fixture.prefix}", [${ports.join()}]))))`;
    const found = await this.fixture.lab.in("node", "--import", "tsx", "--eval", measure);
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

/** What differs, as it is now. */
const differences = (before: Record<string, string>, now: Record<string, string>) =>
  Object.fromEntries(Object.entries(now).filter(([pair, cell]) => cell !== before[pair]));

export function networkChanges(fixture: StackFixture): void {
  const { lab, onAppServer, onTestServer } = fixture;
  let cloud: Cloud;
  let atFirst: Record<string, string>;
  let last: Record<string, string>;
  /** What differs from the last look. */
  const changed = async () => {
    const before = last;
    last = await cloud.reachability();
    return differences(before, last);
  };

  it("opens a port and closes another when the AWS CLI says so", async () => {
    cloud = await Cloud.of(fixture);
    atFirst = last = await cloud.reachability();
    const rule = `--group-id ${await cloud.group("app")} --protocol tcp --cidr 0.0.0.0/0`;
    await cloud.cli(`ec2 authorize-security-group-ingress ${rule} --port 81`);
    const opened = "80 81 443 5085";
    expect(await changed()).to.deep.equal({
      "external client → app server": opened,
      "test server → app server": opened,
    });
    await cloud.cli(`ec2 revoke-security-group-ingress ${rule} --port 81`);
    await cloud.cli(`ec2 revoke-security-group-ingress ${rule} --port 443`);
    expect(await changed()).to.deep.equal({
      "external client → app server": "80 5085",
      "test server → app server": "80 5085",
    });
  });

  it("cuts a private subnet off without its NAT route, but for S3", async () => {
    expect(await onTestServer(asks("ec2"))).to.match(/^[234]\d\d$/);
    const Filters = [{ Name: "tag:Name", Values: [`${fixture.prefix}-private-us-west-2a`] }];
    const [table] = (await cloud.ec2.describeRouteTables({ Filters })).RouteTables!;
    const route = `--route-table-id ${table!.RouteTableId} --destination-cidr-block 0.0.0.0/0`;
    await cloud.cli(`ec2 delete-route ${route}`);
    expect(await changed()).to.deep.equal({
      "test server → external client": "none",
    });
    expect(await onTestServer(`${asks("s3")}; ${asks("ec2")} || true`)).to.match(/^[234]\d\d000$/);
  });

  it("swaps a machine's security group", async () => {
    const [{ id }, group] = [await cloud.instance("test"), await cloud.group("app")];
    await cloud.cli(`ec2 modify-instance-attribute --instance-id ${id} --groups ${group}`);
    expect(await changed()).to.deep.equal({
      "app server → test server": "80 5085",
      "container → test server": "80 5085",
      "test server → database": "3306",
    });
  });

  it("is brought back by `refresh` and `up`", async () => {
    await lab.pulumi("refresh", "--yes", "--skip-preview");
    await lab.pulumi("up", "--yes", "--skip-preview");
    expect(await cloud.reachability()).to.deep.equal(atFirst);
    await lab.pulumi("preview", "--expect-no-changes");
  });

  it("lets the test server out by the NAT gateway, whose address is what others see", async () => {
    const { NatGateways } = await cloud.ec2.describeNatGateways();
    const nat = NatGateways!.find(({ State }) => State === "available")!.NatGatewayAddresses![0]!;
    const listener = spawn("docker", [
      ...["exec", `${lab.name}-external-client`, "timeout", "30", "python3", "-uc"],
      "import socket; s = socket.create_server(('', 7)); print('listens'); print(s.accept()[1][0])",
    ]);
    const lines = createInterface(listener.stdout)[Symbol.asyncIterator]();
    expect((await lines.next()).value).to.equal("listens");
    const externalClient = nat.PublicIp!.replace(/\d+$/, "3");
    await onTestServer(
      `ping -c 1 -W 2 ${externalClient} && timeout 3 bash -c '</dev/tcp/${externalClient}/7'`,
    );
    expect((await lines.next()).value).to.equal(nat.PublicIp);
    await once(listener, "exit");
  });

  it("gives the machine its metadata by token only, and a container none", async () => {
    const token =
      "http://169.254.169.254/latest/api/token -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60'";
    const curl = "curl --silent --max-time 2";
    expect(await onAppServer(`${curl} ${token}`)).to.match(/^\S{40,}$/);
    const id = `${curl} -w ' %{http_code}' http://169.254.169.254/latest/meta-data/instance-id`;
    const { id: own } = await cloud.instance("app-machine");
    expect(await onAppServer(id))
      .to.match(/ 401$/)
      .and.not.include(own);
    expect(await onAppServer(`${id} -H "X-aws-ec2-metadata-token: $(${curl} ${token})"`)).to.equal(
      `${own} 200`,
    );
    const inContainer = await onAppServer(
      `docker run --rm --entrypoint python $(docker ps --format '{{.Image}}' | grep -vm1 nginx) -c '
import urllib.request as r
headers = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
request = r.Request("http://169.254.169.254/latest/api/token", headers=headers, method="PUT")
try: print(r.urlopen(request, timeout=2).status)
except OSError as error: print("none:", error)'`,
    );
    expect(inContainer).to.match(/^none: .*timed out/);
  });

  it("lets the machine act as its role by the AWS CLI", async () => {
    const { id } = await cloud.instance("app-machine");
    const identity = JSON.parse(await onAppServer("aws sts get-caller-identity")) as {
      Arn: string;
    };
    expect(identity.Arn).to.match(new RegExp(`assumed-role/${fixture.prefix}-app-\\w+/${id}$`));
    const object = `s3://${fixture.outputs().backupBucket}/of-the-role`;
    const copies = `echo kept | aws s3 cp - ${object} && aws s3 cp ${object} -`;
    expect(await onAppServer(copies)).to.equal("kept\n");
    for (const refused of [
      `aws s3 rm ${object}`,
      `aws --no-sign-request s3 ls s3://${fixture.outputs().backupBucket}`,
      `aws --no-sign-request s3 cp ${object} -`,
    ])
      expect(await onAppServer(`${refused} 2>&1 || true`), refused).to.match(/AccessDenied|403/);
    expect(await onAppServer(`aws s3 cp ${object} -`)).to.equal("kept\n");
  });

  it("stops, starts and reboots machines by the API, which run their user data once", async () => {
    const test = await cloud.instance("test");
    const app = await cloud.instance("app-machine");
    const InstanceIds = [test.id];
    const startedAt = () =>
      succeed("docker", ["inspect", "--format", "{{.State.StartedAt}}", app.container]);
    const ran = (container: string) =>
      succeed("docker", [
        "exec",
        container,
        "sh",
        "-c",
        "stat -c '%n %Y' /var/lib/cloud/i*/*/sem/*",
      ]);
    const before = { test: await ran(test.container), app: await ran(app.container) };
    const boot = await startedAt();

    await cloud.ec2.stopInstances({ InstanceIds });
    await cloud.ec2.rebootInstances({ InstanceIds: [app.id] });
    const state = async () => (await cloud.instance("test")).state;
    await cloud.until("the test server is stopped", async () => (await state()) === "stopped");
    const running = ["inspect", "--format", "{{.State.Running}}", test.container];
    expect((await succeed("docker", running)).trim()).to.equal("false");
    await cloud.ec2.startInstances({ InstanceIds });

    await cloud.until("the app server booted again", async () => (await startedAt()) !== boot);
    const { appUrl } = fixture.outputs();
    const page = () =>
      fetch(`${appUrl}/login`).then(
        ({ ok }) => ok,
        () => false,
      );
    await cloud.until("the app answers after a reboot, without `up`", page);
    await cloud.until("the test server lets in after a start", async () => {
      const { status } = await run("docker", ["exec", test.container, "pgrep", "sshd"]);
      return status === 0 && (await state()) === "running";
    });
    expect(await onTestServer("uptime")).to.include("up");
    const after = { test: await ran(test.container), app: await ran(app.container) };
    expect(after).to.deep.equal(before);
    expect(await cloud.reachability()).to.deep.equal(atFirst);
  });
}
