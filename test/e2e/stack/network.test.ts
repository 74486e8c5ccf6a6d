/** Changes in the AWS API change packets, and nothing else does. */
import { expect } from "chai";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { Cloud, prefix } from "../../support/cloud.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

/** Shell commands by which a machine tries AWS: S3's address, and the one that all other services have. */
const asks = (service: string) =>
  `curl --silent --output /dev/null --max-time 3 --write-out '%{http_code}' https://${service}.us-west-2.amazonaws.com/`;

/** What differs, as it is now. */
const differences = (before: Record<string, string>, now: Record<string, string>) =>
  Object.fromEntries(Object.entries(now).filter(([pair, cell]) => cell !== before[pair]));

describe("The network of a stack", function () {
  this.timeout(10 * 60_000);
  const shared = useSharedStack();
  const { lab } = shared;
  stepsInOrder();
  let cloud: Cloud;
  let atFirst: Record<string, string>;
  let last: Record<string, string>;
  /** What differs from the last look. */
  const changed = async () => {
    const before = last;
    last = await cloud.reachability();
    return differences(before, last);
  };

  before(async () => {
    cloud = new Cloud(shared.stack);
    atFirst = last = await cloud.reachability();
  });

  it("lets packets through where it should, and nowhere else", async () => {
    await lab.in("mocha", "lab/experiments/reachability.ts");
  });

  it("opens a port and closes another when the AWS CLI does", async () => {
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

  it("leaves a private subnet S3 only when its NAT route is deleted", async () => {
    expect(await shared.stack.onTestServer(asks("ec2"))).to.match(/^[234]\d\d$/);
    const Filters = [{ Name: "tag:Name", Values: [`${prefix}-private-us-west-2a`] }];
    const [table] = (await cloud.ec2.describeRouteTables({ Filters })).RouteTables!;
    const route = `--route-table-id ${table!.RouteTableId} --destination-cidr-block 0.0.0.0/0`;
    await cloud.cli(`ec2 delete-route ${route}`);
    expect(await changed()).to.deep.equal({
      "test server → external client": "none",
    });
    expect(await shared.stack.onTestServer(`${asks("s3")}; ${asks("ec2")} || true`)).to.match(
      /^[234]\d\d000$/,
    );
  });

  it("follows an instance into another security group", async () => {
    const [{ id }, group] = [await cloud.instance("test"), await cloud.group("app")];
    await cloud.cli(`ec2 modify-instance-attribute --instance-id ${id} --groups ${group}`);
    expect(await changed()).to.deep.equal({
      "app server → test server": "80 5085",
      "container → test server": "80 5085",
      "test server → database": "3306",
    });
  });

  it("returns to the program's rules and routes by `refresh` and `up`", async () => {
    await lab.pulumi("refresh", "--yes", "--skip-preview");
    await lab.pulumi("up", "--yes", "--skip-preview");
    expect(await cloud.reachability()).to.deep.equal(atFirst);
    await lab.pulumi("preview", "--expect-no-changes");
  });

  it("shows others the NAT gateway's address when the test server calls them", async () => {
    const { NatGateways } = await cloud.ec2.describeNatGateways();
    const nat = NatGateways!.find(({ State }) => State === "available")!.NatGatewayAddresses![0]!;
    const listener = spawn("docker", [
      ...["exec", `${lab.name}-external-client`, "timeout", "30", "python3", "-uc"],
      "import socket; s = socket.create_server(('', 7)); print('listens'); print(s.accept()[1][0])",
    ]);
    const lines = createInterface(listener.stdout)[Symbol.asyncIterator]();
    expect((await lines.next()).value).to.equal("listens");
    const externalClient = nat.PublicIp!.replace(/\d+$/, "3");
    await shared.stack.onTestServer(
      `ping -c 1 -W 2 ${externalClient} && timeout 3 bash -c '</dev/tcp/${externalClient}/7'`,
    );
    expect((await lines.next()).value).to.equal(nat.PublicIp);
    await once(listener, "exit");
  });
});
