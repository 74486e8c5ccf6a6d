/** Which tokens of GitHub the roles of CI accept, by the trust policies that the program gives them. */
import { IAM } from "@aws-sdk/client-iam";
import { STS } from "@aws-sdk/client-sts";
import { expect } from "chai";
import { ciTrustPolicy, ciUses, type CiUse } from "../../../ci/github.ts";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";

const issuer = "https://token.actions.githubusercontent.com";
const providerArn = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";
const repository = "octo-org@123456/octo-repo@456789";
const main = "refs/heads/main";
const pull = "refs/pull/7/merge";

type Claims = Readonly<Record<string, string | number>>;
/** What GitHub says of a job of the repository: its `sub` after the repository's name, and its `ref`. */
const job = (context: string, ref: string, of = repository): Claims => ({
  ...{ iss: issuer, aud: "sts.amazonaws.com", ref },
  sub: `repo:${of}:${context}`,
});
const ofMain = job(`ref:${main}`, main);
const environmentOnMain = job("environment:prod", main);
const pullRequest = job("pull_request", pull);

describe("The trust policy of a role of CI", function () {
  this.timeout(30_000);
  let api: ApiServer;
  let iam: IAM;
  before(async () => {
    api = await startApi();
    iam = new IAM(api.client);
    const ClientIDList = ["sts.amazonaws.com", "https://github.com/octo-org"];
    await iam.createOpenIDConnectProvider({ Url: issuer, ClientIDList });
    for (const use of ciUses)
      await iam.createRole({
        ...{ RoleName: use, Path: "/ci/" },
        AssumeRolePolicyDocument: ciTrustPolicy(use, { repository, stack: "prod", providerArn }),
      });
  });
  after(() => api?.stop());

  /** A token as the lab's control API signs it. */
  const tokenOf = async (claims: Claims) => {
    const request = { method: "POST", body: JSON.stringify(claims) };
    const answer = await fetch(`${api.endpoint}/_lab/oidc-token`, request);
    return ((await answer.json()) as { token: string }).token;
  };
  const assume = (use: string, WebIdentityToken: string) =>
    new STS(api.client).assumeRoleWithWebIdentity({
      RoleArn: `arn:aws:iam::123456789012:role/ci/${use}`,
      RoleSessionName: "ci",
      WebIdentityToken,
    });
  const outcome = async (use: string, token: string) =>
    assume(use, token).then(
      () => "accepted",
      ({ name, message }: Error) => `${name}: ${message}`,
    );
  const refused = "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity";

  const jobs: [what: string, claims: Claims, accepting: readonly CiUse[]][] = [
    ["the branch main", ofMain, ["deploy", "preview"]],
    ["the stack's environment on main", environmentOnMain, ["deploy"]],
    ["the stack's environment on another branch", job("environment:prod", "refs/heads/x"), []],
    ["the stack's environment in a pull request", job("environment:prod", pull), []],
    ["another environment on main", job("environment:dev", main), []],
    ["another branch", job("ref:refs/heads/feature", "refs/heads/feature"), []],
    ["a branch whose name begins like main", job(`ref:${main}-2`, `${main}-2`), []],
    ["a tag named main", job("ref:refs/tags/main", "refs/tags/main"), []],
    ["a pull request", pullRequest, ["preview"]],
    ["a fork's own workflow", job(`ref:${main}`, main, "someone@99/octo-repo@77"), []],
    ["a pull request in a fork", job("pull_request", pull, "someone@99/octo-repo@77"), []],
    ["another repository", job(`ref:${main}`, main, "octo-org@123456/other@5"), []],
    ["one that has the old name", job(`ref:${main}`, main, "octo-org/octo-repo"), []],
    ["a new one of this name", job(`ref:${main}`, main, "octo-org@123456/octo-repo@9"), []],
    ["another audience", { ...ofMain, aud: "https://github.com/octo-org" }, []],
  ];
  for (const [what, claims, accepting] of jobs)
    for (const use of ciUses) {
      const accepts = accepting.includes(use);
      it(`of ${use} ${accepts ? "accepts" : "refuses"} ${what}`, async () => {
        expect(await outcome(use, await tokenOf(claims))).to.equal(accepts ? "accepted" : refused);
      });
    }

  it("gives credentials of the role's session", async () => {
    const { Credentials: found } = await assume("deploy", await tokenOf(ofMain));
    const credentials = {
      accessKeyId: found!.AccessKeyId!,
      secretAccessKey: found!.SecretAccessKey!,
      sessionToken: found!.SessionToken!,
    };
    const { Arn } = await new STS({ ...api.client, credentials }).getCallerIdentity({});
    expect(Arn).to.equal("arn:aws:sts::123456789012:assumed-role/deploy/ci");
  });

  it("is not asked when the token is expired, forged, of another issuer or for another audience", async () => {
    const [header, , signature] = (await tokenOf(ofMain)).split(".");
    const [, ofAnother] = (await tokenOf(pullRequest)).split(".");
    const forged = [header, ofAnother, signature].join(".");
    const expired = await tokenOf({ ...ofMain, exp: 1 });
    const gitlab = await tokenOf({ ...ofMain, iss: "https://gitlab.com" });
    const elsewhere = await tokenOf({ ...ofMain, aud: "sigstore" });
    expect(await outcome("preview", forged)).to.match(/^InvalidIdentityToken\w*: .*signature/);
    expect(await outcome("deploy", "no token")).to.match(/^InvalidIdentityToken/);
    expect(await outcome("deploy", expired)).to.match(/^ExpiredTokenException: /);
    expect(await outcome("deploy", gitlab)).to.match(
      /No OpenIDConnect provider found in your account for https:\/\/gitlab.com$/,
    );
    expect(await outcome("deploy", elsewhere)).to.match(/: Incorrect token audience$/);
  });

  it("is the same error for a role that does not exist", async () => {
    expect(await outcome("nobody", await tokenOf(ofMain))).to.equal(refused);
  });
});
