import { expect } from "chai";
import { problemsWith } from "./config.ts";
import type { Calls } from "./mocks.ts";
import { program, type Program } from "./program.ts";

const repository = "octo-org@123456/octo-repo@456789";
const arnOf = (name: string) => `arn:aws:iam::123456789012:policy/${name}`;
const settings = {
  ciRepository: repository,
  ciDeployPolicies: [arnOf("deploy-1"), arnOf("deploy-2")],
  ciPreviewPolicies: [arnOf("preview")],
};
const lookup = "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider";
/** Throws as the engine does, whose messages are in `details`. */
const fail = (details: string) => (): never => {
  throw Object.assign(new Error(), { details });
};

describe("The roles of CI", () => {
  let built: Program;
  before(async () => {
    built = await program(settings);
  });

  const conditionOf = (use: string) => {
    const { inputs } = built.one("aws:iam/role:Role", `-dev-${use}`);
    const { Statement } = JSON.parse(inputs.assumeRolePolicy) as { Statement: any[] };
    expect(Statement).to.have.length(1);
    expect(Statement[0]).to.deep.include({
      Action: "sts:AssumeRoleWithWebIdentity",
      Principal: {
        Federated: "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
      },
    });
    return Statement[0].Condition;
  };
  const claims = (values: Record<string, unknown>) => ({
    StringEquals: Object.fromEntries(
      Object.entries(values).map(([claim, value]) => [
        `token.actions.githubusercontent.com:${claim}`,
        value,
      ]),
    ),
  });

  it("trust the branch main to deploy, with the stack's environment or none", () => {
    expect(conditionOf("deploy")).to.deep.equal(
      claims({
        aud: "sts.amazonaws.com",
        sub: [`repo:${repository}:ref:refs/heads/main`, `repo:${repository}:environment:dev`],
        ref: "refs/heads/main",
      }),
    );
  });

  it("trust pull requests and the branch main to preview", () => {
    expect(conditionOf("preview")).to.deep.equal(
      claims({
        aud: "sts.amazonaws.com",
        sub: [`repo:${repository}:ref:refs/heads/main`, `repo:${repository}:pull_request`],
      }),
    );
  });

  it("are out of reach of rights on the stack's own roles", () => {
    for (const use of ["deploy", "preview"])
      expect(built.one("aws:iam/role:Role", `-dev-${use}`).inputs.path).to.equal("/ci/");
  });

  it("have the policies that the settings name, and no other", () => {
    const attached = built
      .all("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
      .map(({ inputs }) => `${inputs.role} ${inputs.policyArn}`);
    const of = (use: string, name: string) => `flask-on-aws-dev-${use}-1234567 ${arnOf(name)}`;
    expect(attached).to.have.members([
      ...[of("deploy", "deploy-1"), of("deploy", "deploy-2"), of("preview", "preview")],
    ]);
  });

  it("are outputs", () => {
    expect(built.outputs["ciDeployRoleArn"]!.value).to.equal(
      "arn:aws:iam:::flask-on-aws-dev-deploy",
    );
    expect(built.outputs["ciPreviewRoleArn"]!.value).to.equal(
      "arn:aws:iam:::flask-on-aws-dev-preview",
    );
  });

  it("do not exist without a repository, and the account's provider is not read", async () => {
    const without = await program({}, { [lookup]: fail("it was read") });
    expect(without.outputs["ciDeployRoleArn"]!.value).to.equal("");
    expect(without.outputs["ciPreviewRoleArn"]!.value).to.equal("");
    expect(without.all("aws:iam/rolePolicyAttachment:RolePolicyAttachment")).to.deep.equal([]);
  });
});

describe("A program with ciRepository", () => {
  const refusal = (calls: Calls, more = {}) =>
    program({ ...settings, ...more }, calls).then(
      () => expect.fail("no error"),
      (error: Error) => error.message,
    );
  const missing = fail("reading IAM OIDC Provider: couldn't find resource");

  it("is refused before anything is created if the account has no provider for GitHub", async () => {
    expect(await refusal({ [lookup]: missing })).to.equal(
      `The setting ciRepository is ${repository}\n` +
        "    but AWS account 123456789012 has no identity provider for GitHub Actions\n" +
        "    remedy: aws iam create-open-id-connect-provider \\\n" +
        "              --url https://token.actions.githubusercontent.com --client-id-list sts.amazonaws.com",
    );
  });

  it("uses the stack's profile in the remedy", async () => {
    const text = await refusal({ [lookup]: missing }, { "aws:profile": "work" });
    expect(text).to.include("create-open-id-connect-provider --profile work \\\n");
  });

  it("is refused if the provider lacks AWS's audience", async () => {
    const calls = { [lookup]: () => ({ clientIdLists: ["https://github.com/octo-org"] }) };
    const text = await refusal(calls);
    expect(text).to.include(
      "has an identity provider for GitHub Actions without the audience sts.amazonaws.com\n",
    );
    expect(text).to.include(
      "remedy: aws iam add-client-id-to-open-id-connect-provider \\\n" +
        "              --client-id sts.amazonaws.com --open-id-connect-provider-arn " +
        "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
    );
  });

  it("ends with AWS's own error if the provider cannot be read", async () => {
    const denied = fail("not authorized to perform: iam:GetOpenIDConnectProvider");
    expect(await refusal({ [lookup]: denied })).to.match(/iam:GetOpenIDConnectProvider/);
  });
});

describe("Settings of CI", () => {
  const wrong = [
    "octo-repo",
    "https://github.com/octo-org/octo-repo",
    "octo-org/octo-repo.git",
    "octo-org/octo-repo/tree/main",
    "octo-org/*",
    "*/octo-repo",
    "octo--org/octo-repo",
    "-octo/octo-repo",
    "octo-org/..",
    "octo-org/octo repo",
    "octo-org@123456/octo-repo",
    "octo-org@123456/octo-repo@x",
  ];
  for (const value of wrong)
    it(`refuse ${value} as ciRepository`, async () => {
      const [problem, ...others] = await problemsWith({ ciRepository: value });
      expect(others).to.deep.equal([]);
      expect(problem).to.include(
        "must be a repository of GitHub as owner/name or owner@ID/name@ID",
      );
      expect(problem).to.match(/remedy: use the output of: gh api repos\/OWNER\/NAME /);
    });

  for (const value of ["", "octo-org/octo-repo", "o/a.b_c-D", repository])
    it(`accept "${value}" as ciRepository`, async () => {
      expect(await problemsWith({ ciRepository: value })).to.deep.equal([]);
    });

  it("refuse policies without a repository", async () => {
    const problems = await problemsWith({ ...settings, ciRepository: "" });
    expect(problems).to.have.length(2);
    expect(problems[0]).to.match(/:ciDeployPolicies is .*\n {4}counts only with ciRepository/);
    expect(problems[1]).to.match(
      /remedy: pulumi config set ciRepository OWNER\/NAME --stack dev\n/,
    );
    expect(problems[1]).to.match(/ or: pulumi config rm ciPreviewPolicies --stack dev$/m);
  });

  it("refuse what is no ARN of a policy, and more policies than a role can have", async () => {
    const problemOf = async (ciDeployPolicies: string[]) =>
      (await problemsWith({ ...settings, ciDeployPolicies })).join();
    expect(await problemOf(["AdministratorAccess"])).to.include("must be the ARN of a managed");
    expect(await problemOf(["arn:aws:iam::123456789012:role/a"])).to.include("must be the ARN");
    expect(await problemOf([arnOf("a"), arnOf("a")])).to.include("each of them once");
    const many = Array.from({ length: 11 }, (_, index) => arnOf(`a${index}`));
    expect(await problemOf(many)).to.include("must name at most 10 policies");
    expect(await problemOf(many.slice(1))).to.equal("");
  });
});
