/** Temporary rules for SSH, in the lab's AWS API. */
import { EC2 } from "@aws-sdk/client-ec2";
import { expect } from "chai";
import { descriptionOf } from "../../../network/own-address.ts";
import { allowOwnAddress, readSshRules, type SshAccess } from "../../../network/ssh-access.ts";
import { startApi, type ApiServer } from "../../../lab/support/api-server.ts";

const day = 24 * 3_600_000;

describe("allowOwnAddress", function () {
  this.timeout(30_000);
  let api: ApiServer;
  let ec2: EC2;
  let access: SshAccess;
  const names = [
    ...["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "CHECKIP_URL"],
  ] as const;
  const outer = names.map((name) => [name, process.env[name]] as const);

  before(async () => {
    api = await startApi({ LAB_SUBNET: "7" });
    ec2 = new EC2(api.client);
    const { accessKeyId, secretAccessKey } = api.client.credentials;
    const values = [api.endpoint, accessKeyId, secretAccessKey, `${api.endpoint}/_lab/checkip`];
    for (const [index, name] of names.entries()) process.env[name] = values[index];
  });
  after(async () => {
    for (const [name, value] of outer)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    await api?.stop();
  });

  let count = 0;
  beforeEach(async () => {
    await callFrom("198.18.7.1");
    const GroupName = `app-${++count}`;
    const { GroupId } = await ec2.createSecurityGroup({ GroupName, Description: "test" });
    const account = { region: "us-west-2" };
    access = { group: GroupId!, ownAddress: true, networks: [], account };
  });

  const ask = async (call: string, body: object) => {
    const request = { method: "POST", body: JSON.stringify(body) };
    expect((await fetch(`${api.endpoint}/_lab/${call}`, request)).status).to.equal(200);
  };
  const callFrom = (address: string) => ask("caller", { address });
  const allow = (given: Partial<SshAccess> = {}) =>
    allowOwnAddress({ ...access, ...given }, " --stack dev");
  /** As {@link allow}, but no problem may occur. */
  const allowed = async (given?: Partial<SshAccess>) => {
    const { address, problems } = await allow(given);
    expect(problems).to.deep.equal([]);
    return address;
  };
  /** Networks that the group lets in on port 22. */
  const open = async () => (await readSshRules(access, "")).map(({ cidr }) => cidr);
  const add = (CidrIp: string, Description: string) =>
    ec2.authorizeSecurityGroupIngress({
      GroupId: access.group,
      IpPermissions: [
        { IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp, Description }] },
      ],
    });
  const ended = () => add("198.18.7.99/32", descriptionOf("eve@desk", Date.now() - 2 * day));

  it("adds one rule, which names the user and the time when it expires", async () => {
    for (const time of ["first", "second"]) {
      expect(await allowed(), time).to.equal("198.18.7.1");
      const [rule, ...others] = await readSshRules(access, "");
      expect(others).to.deep.equal([]);
      expect(rule!.cidr).to.equal("198.18.7.1/32");
      expect(rule!.description).to.match(/^flask-on-aws: SSH of \S+@\S+ until 20\d\d-\S+Z$/);
    }
  });

  it("keeps the rule of a teammate at another address", async () => {
    await allowed();
    await callFrom("198.18.7.2");
    await allowed();
    expect(await open()).to.have.members(["198.18.7.1/32", "198.18.7.2/32"]);
  });

  it("renews its rule when less than half of its time is left", async () => {
    await add("198.18.7.1/32", descriptionOf("ada@laptop", Date.now() - 0.6 * day));
    await allowed();
    const [{ description } = { description: "" }, ...others] = await readSshRules(access, "");
    expect(others).to.deep.equal([]);
    const [, until] = / until (\S+)$/.exec(description)!;
    expect(Date.parse(until!) - Date.now()).to.be.within(0.99 * day, day);
  });

  it("removes expired rules and no others", async () => {
    await ended();
    await add("192.0.2.0/24", "by hand");
    await allowed();
    expect(await open()).to.have.members(["192.0.2.0/24", "198.18.7.1/32"]);
  });

  it("adds one rule when several calls run at the same time", async () => {
    await ended();
    await Promise.all([allowed(), allowed(), allowed()]);
    expect(await open()).to.deep.equal(["198.18.7.1/32"]);
  });

  it("removes its rule when adminCidrs has the address, or when it is turned off", async () => {
    await allowed();
    await allowed({ networks: ["198.18.7.1/32"] });
    expect(await open()).to.deep.equal([]);
    await allowed();
    expect(await allowed({ ownAddress: false })).to.equal(undefined);
    expect(await open()).to.deep.equal([]);
  });

  it("removes expired rules and reports an address service that returns no address", async () => {
    await ended();
    await callFrom("the moon");
    const { address, problems } = await allow();
    expect(address).to.equal(undefined);
    expect(problems.map(({ message }) => message).join()).to.match(/ answers "the moon", not one/);
    expect(await open()).to.deep.equal([]);
  });

  it("reports what AWS refuses, the permissions that it needs, and how to do without them", async () => {
    await ask("refuse", { share: 1, code: "UnauthorizedOperation", service: "ec2" });
    const { address, problems } = await allow({ networks: ["192.0.2.0/24"] });
    await ask("refuse", { share: 0, code: "UnauthorizedOperation", service: "ec2" });
    expect(address).to.equal("198.18.7.1");
    expect(problems).to.have.lengthOf(1);
    const [problem] = problems;
    expect(problem!.message).to.match(
      /^the SSH rules of sg-\w+ are not to be had from AWS: Unauthorized/,
    );
    expect(problem!.remedy)
      .to.include("allow ec2:DescribeSecurityGroupRules")
      .and.include("pulumi config set --path 'adminCidrs[1]' ADDRESS/32 --stack dev && pulumi up");
  });

  it("changes nothing when it is aborted", async () => {
    await ended();
    await allowOwnAddress(access, "", AbortSignal.abort());
    expect(await open()).to.deep.equal(["198.18.7.99/32"]);
  });

  it("reports a security group that no longer exists", async () => {
    await ec2.deleteSecurityGroup({ GroupId: access.group });
    const { problems } = await allow();
    expect(problems[0]?.message).to.match(/^the SSH rules of sg-\w+ .*NotFound/);
  });
});
