import { expect } from "chai";

import { type ApiServer, startApi } from "../../../../lab/support/api-server.ts";
import { ProviderProcess } from "../../../support/aws-provider.ts";

describe("The account of the lab's AWS provider", function () {
  this.timeout(60_000);
  const account = "123456789012"; // moto's
  let api: ApiServer;
  let provider: ProviderProcess;
  before(async () => (api = await startApi()));
  beforeEach(async () => (provider = await ProviderProcess.start(api.endpoint)));
  afterEach(() => provider?.stop());
  after(() => api?.stop());

  const refusal = async (settings: Record<string, unknown>) =>
    provider.configure({ region: "us-west-2", ...settings }).then(
      () => "",
      (error: Error) => error.message,
    );

  it("is refused if it is not in allowedAccountIds or is in forbiddenAccountIds", async () => {
    expect(await refusal({ allowedAccountIds: ["000000000000"] })).to.include(
      `AWS account ID not allowed: ${account}`,
    );
    expect(await refusal({ forbiddenAccountIds: [account] })).to.include("not allowed");
    expect(await refusal({ allowedAccountIds: [account], forbiddenAccountIds: ["1"] })).to.equal(
      "",
    );
  });

  it("is the account of the assumed role, which may differ from the caller's", async () => {
    const other = "210987654321";
    const assumeRoles = [{ roleArn: `arn:aws:iam::${other}:role/deployer` }];
    expect(await refusal({ assumeRoles, allowedAccountIds: [account] })).to.include(
      `AWS account ID not allowed: ${other}`,
    );
    await provider.configure({ region: "us-west-2", assumeRoles, allowedAccountIds: [other] });
    const vpc = await provider.create("aws:ec2/vpc:Vpc", "main", { cidrBlock: "10.0.0.0/16" });
    expect(vpc.state["ownerId"]).to.equal(other);
  });
});
