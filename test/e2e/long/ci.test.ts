/** The steps of the workflow for GitHub Actions, by hand: with tokens that the lab signs and the roles that they open. */
import { EC2 } from "@aws-sdk/client-ec2";
import { IAM } from "@aws-sdk/client-iam";
import { STS } from "@aws-sdk/client-sts";
import { expect } from "chai";
import { load } from "js-yaml";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { run, type Result } from "../../../lab/support/lab.ts";
import type { SshAccess } from "../../../network/ssh-access.ts";
import { policiesOf } from "../../../tools/policies.ts";
import { makeBoundary, makePolicies } from "../../support/principals.ts";
import { useSharedStack } from "../../support/shared-stack.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

const repository = "octo-org@123456/octo-repo@456789";
const issuer = "https://token.actions.githubusercontent.com";
const main = { ref: "refs/heads/main" };
/** What GitHub says of the jobs. */
const jobs = {
  preview: { sub: `repo:${repository}:pull_request`, ref: "refs/pull/7/merge" },
  up: { sub: `repo:${repository}:environment:dev`, ...main },
  drift: { sub: `repo:${repository}:ref:refs/heads/main`, ...main },
};
type JobName = keyof typeof jobs;
const places = { project: "flask-on-aws", stack: "dev" };
/** The roles of policies/ that the settings name the policies of. */
const policies = { ciDeployPolicies: "up", ciPreviewPolicies: "preview" } as const;

interface Workflow {
  readonly jobs: Record<JobName, { readonly steps: readonly { name?: string; run?: string }[] }>;
}

describe("GitHub Actions", function () {
  this.timeout(15 * 60_000);
  stepsInOrder();
  const shared = useSharedStack();
  const { lab } = shared;
  let workflow: Workflow;
  let directory: string;
  let arns: Record<JobName, string>;

  before(async () => {
    workflow = load(await readFile("examples/github-actions/pulumi.yml", "utf8")) as Workflow;
    directory = join(lab.home, "runner");
    await mkdir(directory, { recursive: true });
    await shared.stack
      .client(IAM)
      .createOpenIDConnectProvider({ Url: issuer, ClientIDList: ["sts.amazonaws.com"] });
  });

  /** The access key of the session that a job gets with its token. */
  const sessionOf = async (job: JobName) => {
    const claims = { iss: issuer, aud: "sts.amazonaws.com", ...jobs[job] };
    const request = { method: "POST", body: JSON.stringify(claims) };
    const answer = await fetch(`${shared.stack.api}/_lab/oidc-token`, request);
    const { token } = (await answer.json()) as { token: string };
    const { Credentials } = await shared.stack.client(STS).assumeRoleWithWebIdentity({
      ...{ RoleArn: arns[job], RoleSessionName: job, WebIdentityToken: token },
    });
    return Credentials!.AccessKeyId!;
  };
  const textOf = (job: JobName, step: string) =>
    workflow.jobs[job].steps.find(({ name }) => name === step)!.run!;
  /** Runs a step as GitHub does: bash ends it at the first command that fails. */
  const runStep = async (job: JobName, step: string): Promise<Result & { said: string }> => {
    const script = ['pulumi() { "$LAB_ROOT/lab/pulumi" "$@"; }', `cd "${directory}"`];
    const bash = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"];
    const result = await run("lab/in", [...bash, [...script, textOf(job, step)].join("\n")], {
      env: {
        LAB_NAME: lab.name,
        LAB_OF_TESTS: "1",
        LAB_ACCESS_KEY_ID: await sessionOf(job),
        STACK: "dev",
      },
    });
    return { ...result, said: result.stdout + result.stderr };
  };
  const ec2 = () => shared.stack.client(EC2);

  it("gets its roles from an administrator's `up`", async () => {
    await lab.pulumi("config", "set", "ciRepository", repository);
    const account = { client: await lab.client() };
    const made = await makePolicies(account, places);
    for (const [key, role] of Object.entries(policies))
      for (const [index, file] of [...policiesOf(role, places).keys()].entries())
        await lab.pulumi("config", "set", "--path", `${key}[${index}]`, made.get(file)!);
    const boundary = await makeBoundary(account, places);
    await lab.pulumi("config", "set", "permissionsBoundary", boundary);
    const { status, stdout } = await shared.stack.up();
    expect(status, stdout).to.equal(0);
    const { ciDeployRoleArn, ciPreviewRoleArn } = await lab.outputs();
    expect(ciDeployRoleArn).to.match(/^arn:aws:iam::\d+:role\/ci\/flask-on-aws-dev-deploy-/);
    expect(ciPreviewRoleArn).to.match(/^arn:aws:iam::\d+:role\/ci\/flask-on-aws-dev-preview-/);
    const [deploy, preview] = [ciDeployRoleArn!, ciPreviewRoleArn!];
    arns = { preview, up: deploy, drift: preview };
  });

  it("previews a pull request as a role that cannot let anybody in", async () => {
    const { commit } = await shared.stack.newVersion();
    await lab.pulumi("config", "set", "appCommit", commit);
    const { status, said } = await runStep("preview", "Preview");
    expect(status, said).to.equal(0);
    expect(said).to.match(/flask-on-aws-dev-release/);
    expect(await readFile(join(directory, "preview.txt"), "utf8")).to.include("Resources:");
    const { group } = shared.outputs.sshAccess as unknown as SshAccess;
    const credentials = { accessKeyId: await sessionOf("preview"), secretAccessKey: "test" };
    const reader = new EC2({ ...(await lab.client()), credentials });
    const refused = await reader
      .authorizeSecurityGroupIngress({
        ...{ GroupId: group, IpProtocol: "tcp", FromPort: 22, ToPort: 22, CidrIp: "0.0.0.0/0" },
      })
      .catch((error: Error) => error);
    expect((refused as Error).message).to.match(/ec2:AuthorizeSecurityGroupIngress/);
  });

  it("deploys main", async () => {
    const version = await shared.stack.newVersion();
    await lab.pulumi("config", "set", "appCommit", version.commit);
    const result = await runStep("up", "Up");
    expect(result.status, result.said).to.equal(0);
    await shared.stack.delivered(version, result);
  });

  it("closes the way in for its own address, and for no other", async () => {
    const { group: GroupId } = shared.outputs.sshAccess as unknown as SshAccess;
    const own = shared.outputs.appServerPublicIp!.replace(/\.\d+$/, ".1");
    const other = own.replace(/\.1$/, ".12");
    const sources = async () => {
      const { SecurityGroupRules = [] } = await ec2().describeSecurityGroupRules({
        Filters: [{ Name: "group-id", Values: [GroupId] }],
      });
      return SecurityGroupRules.filter(({ FromPort }) => FromPort === 22).map(
        ({ CidrIpv4 }) => CidrIpv4,
      );
    };
    const Description = "flask-on-aws: SSH of ada@desk until 2099-01-01T00:00Z";
    const IpRanges = [{ CidrIp: `${other}/32`, Description }];
    const IpPermissions = [{ IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges }];
    await ec2().authorizeSecurityGroupIngress({ GroupId, IpPermissions });
    expect(await sources()).to.have.members([`${own}/32`, `${other}/32`]);
    // The AWS CLI is on the machines. The connection that is there stays open.
    const settings = [
      ...[`AWS_ACCESS_KEY_ID=${await sessionOf("up")}`, "AWS_SECRET_ACCESS_KEY=test"],
      ...["AWS_SESSION_TOKEN=test", "AWS_DEFAULT_REGION=us-west-2", "STACK=dev"],
    ];
    const lines = [`export ${settings.join(" ")}`, `curl() { echo ${own}; }`];
    const script = [...lines, textOf("up", "Close the way in")].join("\n");
    await shared.stack.onMachine("bash --noprofile --norc -eo pipefail -s", script);
    expect(await sources()).to.deep.equal([`${other}/32`]);
    await lab.ops("status"); // it lets this computer in again
    expect(await sources()).to.have.members([`${own}/32`, `${other}/32`]);
  });

  it("finds no drift after `up`, and what somebody has changed by hand", async () => {
    const before = await runStep("drift", "Drift");
    expect(before.status, before.said).to.equal(0);
    const { VpcEndpoints } = await ec2().describeVpcEndpoints({});
    const PolicyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: "*", Action: "*", Resource: "*" }],
    });
    const { VpcEndpointId } = VpcEndpoints![0]!;
    await ec2().modifyVpcEndpoint({ VpcEndpointId, PolicyDocument });
    const drifted = await runStep("drift", "Drift");
    expect(drifted.status, drifted.said).not.to.equal(0);
    expect(drifted.said).to.match(/flask-on-aws-dev-s3/);
    const { status, stdout } = await shared.stack.up({}, "--refresh");
    expect(status, stdout).to.equal(0);
    const after = await runStep("drift", "Drift");
    expect(after.status, after.said).to.equal(0);
  });

  it("has no roles without the setting", async () => {
    for (const key of ["ciRepository", "permissionsBoundary", ...Object.keys(policies)])
      await lab.pulumi("config", "rm", key);
    const { status, stdout } = await shared.stack.up();
    expect(status, stdout).to.equal(0);
    expect(await lab.outputs()).to.include({ ciDeployRoleArn: "", ciPreviewRoleArn: "" });
    const iam = shared.stack.client(IAM);
    const { OpenIDConnectProviderList } = await iam.listOpenIDConnectProviders({});
    expect(OpenIDConnectProviderList, "the account's").to.have.length(1);
    const OpenIDConnectProviderArn = OpenIDConnectProviderList![0]!.Arn;
    await iam.deleteOpenIDConnectProvider({ OpenIDConnectProviderArn });
  });
});
