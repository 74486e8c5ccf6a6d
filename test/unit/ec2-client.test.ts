import { expect } from "chai";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { ec2ClientOf } from "../../network/ec2-client.ts";

describe("The EC2 client", () => {
  let server: Server;
  /** The access key and the parameters of each request. */
  let calls: { key: string; parameters: URLSearchParams }[];
  const set = ["AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
  const outer = set.map((name) => [name, process.env[name]] as const);

  before(async () => {
    server = createServer((request, response) => {
      void text(request).then((body) => {
        const [, key] = /Credential=([^/]+)\//.exec(request.headers.authorization ?? "")!;
        const parameters = new URLSearchParams(body);
        calls.push({ key: key!, parameters });
        const role = parameters.get("RoleArn")?.split("/").at(-1);
        response.setHeader("content-type", "text/xml");
        response.end(role ? sessionOf(role) : "<DescribeSecurityGroupRulesResponse/>");
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    process.env.AWS_ENDPOINT_URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    process.env.AWS_ACCESS_KEY_ID = "own";
    process.env.AWS_SECRET_ACCESS_KEY = "secret";
  });
  beforeEach(() => (calls = []));
  after(() => {
    server.close();
    for (const [name, value] of outer)
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
  });
  const sessionOf = (role: string) =>
    `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>key-of-${role}</AccessKeyId>` +
    "<SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken>" +
    "<Expiration>2036-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
  const never = new AbortController().signal;

  it("signs with the credentials of the environment, and calls AWS_ENDPOINT_URL", async () => {
    await (await ec2ClientOf({ region: "us-west-2" }, never)).describeSecurityGroupRules({});
    expect(calls.map(({ key }) => key)).to.deep.equal(["own"]);
  });

  it("assumes the roles of aws:assumeRoles in order, with all their options", async () => {
    const assumeRoles = [
      { roleArn: "arn:aws:iam::111111111111:role/first" },
      {
        ...{ roleArn: "arn:aws:iam::222222222222:role/second", sessionName: "deploy" },
        ...{ externalId: "contract", tags: { team: "web" }, transitiveTagKeys: ["team"] },
        ...{ policy: "{}", policyArns: ["arn:aws:iam::aws:policy/A"], sourceIdentity: "ada" },
      },
    ];
    const ec2 = await ec2ClientOf({ region: "us-west-2", assumeRoles }, never);
    await ec2.describeSecurityGroupRules({});
    expect(calls.map(({ key }) => key)).to.deep.equal(["own", "key-of-first", "key-of-second"]);
    const [first, second] = calls.map(({ parameters }) => Object.fromEntries(parameters));
    expect(first).to.include({ Action: "AssumeRole", RoleSessionName: "flask-on-aws" });
    expect(second).to.include({
      ...{ RoleSessionName: "deploy", ExternalId: "contract", Policy: "{}", SourceIdentity: "ada" },
      ...{ "Tags.member.1.Key": "team", "Tags.member.1.Value": "web" },
      "TransitiveTagKeys.member.1": "team",
      "PolicyArns.member.1.arn": "arn:aws:iam::aws:policy/A",
    });
  });
});
