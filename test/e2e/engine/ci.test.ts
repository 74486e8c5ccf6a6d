/** A stack with roles for GitHub Actions, with the real engine. */
import { IAM } from "@aws-sdk/client-iam";
import { STS } from "@aws-sdk/client-sts";
import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { type Engine, engineFor } from "../../support/engine.ts";
import { makeBoundary, makePolicies } from "../../support/principals.ts";
import { refusals } from "../../support/restricted-stack.ts";
import { policiesOf, type RoleName } from "../../../tools/policies.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

const places = { project: "flask-on-aws", stack: "dev" };

describe("A stack with ciRepository", function () {
  // A run of the engine takes 5 s, or a minute while other tests run.
  this.timeout(300_000);
  stepsInOrder();

  const directory = mkdtempSync(join(tmpdir(), "ci-"));
  let api: ApiServer;
  let iam: IAM;
  let engine: Engine;
  before(async () => {
    api = await startApi();
    iam = new IAM(api.client);
    engine = engineFor(api, ".", directory, { withoutMachines: true });
    await engine.begin();
    await engine.pulumi("config", "set", "ciRepository", "octo-org/octo-repo");
  });
  after(async () => {
    await api?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const preview = async () => {
    const { status, stdout, stderr } = await engine.pulumi("preview");
    return { status, text: stdout + stderr };
  };
  /** The options of the AWS CLI's command in the remedy, by name, after the command's own name. */
  const remedyOf = ({ status, text }: { status: number; text: string }, command: string) => {
    expect(status, text).to.not.equal(0);
    expect(text).to.not.match(/\+ +aws:(ec2|iam)/);
    const [, line = ""] = new RegExp(`remedy: aws iam ${command} ((.*\\\\\n)*.*)`).exec(text) ?? [];
    expect(line, text).to.not.equal("");
    return Object.fromEntries(
      [...line.matchAll(/--([\w-]+) (\S+)/g)].map(([, name, value]) => [name!, value!]),
    );
  };

  it("is refused without the account's provider, and the remedy makes it", async () => {
    // One of another issuer is not it.
    await iam.createOpenIDConnectProvider({ Url: "https://gitlab.com", ThumbprintList: [] });
    const options = remedyOf(await preview(), "create-open-id-connect-provider");
    expect(options).to.have.all.keys("url", "client-id-list");
    const { url: Url, "client-id-list": audience } = options;
    // The next step needs one without the audience.
    await iam.createOpenIDConnectProvider({ Url, ClientIDList: ["https://github.com/octo-org"] });
    expect(audience).to.equal("sts.amazonaws.com");
  });

  it("is refused without AWS's audience, and the remedy adds it", async () => {
    const options = remedyOf(await preview(), "add-client-id-to-open-id-connect-provider");
    await iam.addClientIDToOpenIDConnectProvider({
      OpenIDConnectProviderArn: options["open-id-connect-provider-arn"],
      ClientID: options["client-id"],
    });
    const { status, text } = await preview();
    expect(status, text).to.equal(0);
    expect(text).to.match(/\+ +aws:iam:Role +flask-on-aws-dev-deploy/);
    expect(text).to.match(/\+ +aws:iam:Role +flask-on-aws-dev-preview/);
    expect(text).to.not.match(/OpenIdConnectProvider/i);
  });

  it("is made by an administrator, then previewed, deployed and compared by the roles of CI", async () => {
    const arns = await makePolicies(api, places);
    const policies = (role: RoleName) =>
      [...policiesOf(role, places).keys()].map((file) => arns.get(file)!);
    const values = {
      permissionsBoundary: await makeBoundary(api, places),
      ...Object.fromEntries(
        policies("up").map((arn, index) => [`ciDeployPolicies[${index}]`, arn]),
      ),
      ...Object.fromEntries(
        policies("preview").map((arn, index) => [`ciPreviewPolicies[${index}]`, arn]),
      ),
    };
    const runs = async (as: Engine, ...args: string[]) => {
      const { status, stdout, stderr } = await as.pulumi(...args);
      expect(status, refusals(stdout + stderr)).to.equal(0);
      return stdout;
    };
    for (const [key, value] of Object.entries(values))
      await runs(engine, "config", "set", "--path", key, value);
    await runs(engine, "up", "--yes", "--skip-preview");
    const { ciDeployRoleArn, ciPreviewRoleArn } = JSON.parse(
      await runs(engine, "stack", "output", "--json"),
    ) as Record<string, string>;

    // The stack's own roles are limited. Those of CI do more: they make these.
    const { Roles = [] } = await iam.listRoles();
    for (const { RoleName, Path } of Roles) {
      const { Role } = await iam.getRole({ RoleName });
      const limit = Role!.PermissionsBoundary?.PermissionsBoundaryArn;
      expect(limit, RoleName).to.equal(Path === "/ci/" ? undefined : values.permissionsBoundary);
    }

    /** The engine with the credentials that a job gets for its token. */
    const job = async (RoleArn: string | undefined, context: string, ref: string) => {
      const iss = "https://token.actions.githubusercontent.com";
      const sub = `repo:octo-org/octo-repo:${context}`;
      const body = JSON.stringify({ ...{ iss, sub, ref }, aud: "sts.amazonaws.com" });
      const answer = await fetch(`${api.endpoint}/_lab/oidc-token`, { method: "POST", body });
      const { token: WebIdentityToken } = (await answer.json()) as { token: string };
      const session = { RoleArn, RoleSessionName: "job", WebIdentityToken };
      const { Credentials } = await new STS(api.client).assumeRoleWithWebIdentity(session);
      const credentials = {
        AWS_ACCESS_KEY_ID: Credentials!.AccessKeyId!,
        AWS_SECRET_ACCESS_KEY: Credentials!.SecretAccessKey!,
        AWS_SESSION_TOKEN: Credentials!.SessionToken!,
      };
      return engineFor(api, ".", directory, { credentials, withoutMachines: true });
    };
    const main = "refs/heads/main";
    const pullRequest = await job(ciPreviewRoleArn, "pull_request", "refs/pull/7/merge");
    const deployment = await job(ciDeployRoleArn, "environment:dev", main);
    const nightly = await job(ciPreviewRoleArn, `ref:${main}`, main);
    await runs(engine, "config", "set", "--path", "adminCidrs[0]", "203.0.113.7/32");
    expect(await runs(pullRequest, "preview")).to.match(/\+ 1 to create/);
    const denied = await pullRequest.pulumi("up", "--yes", "--skip-preview");
    expect(denied.status).to.not.equal(0);
    expect(denied.stdout + denied.stderr).to.include("ec2:AuthorizeSecurityGroupIngress");
    await runs(deployment, "up", "--yes", "--skip-preview");
    await runs(nightly, "preview", "--refresh", "--expect-no-changes");
    // The roles themselves are an administrator's.
    await runs(engine, "config", "set", "ciRepository", "octo-org/another");
    const escalated = await deployment.pulumi("up", "--yes", "--skip-preview");
    expect(escalated.stdout + escalated.stderr).to.include("iam:UpdateAssumeRolePolicy");
  });
});
