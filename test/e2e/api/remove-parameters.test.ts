/** What removes the variables of tasks from SSM, by the credentials of whoever runs Pulumi. */
import { SSM } from "@aws-sdk/client-ssm";
import { expect } from "chai";
import { run } from "../../../lab/support/lab.ts";
import { useApi } from "../../support/api-environment.ts";

describe("The variables of tasks in SSM", function () {
  this.timeout(60_000);
  const lab = useApi();
  let ssm: SSM;
  before(async () => {
    ssm = new SSM(lab.api.client);
    const names = Array.from({ length: 12 }, (_, index) => `/app/1/V${index}`);
    for (const Name of [...names, "/app/2/KEY", "/application/1/KEY"])
      await ssm.putParameter({ Name, Value: "x", Type: "SecureString" });
  });

  const remove = () => {
    const account = JSON.stringify({ region: lab.api.client.region });
    return run("node", ["compute/tasks/remove-parameters.ts", account, "/app"]);
  };
  const refuse = (share: number) => {
    const body = JSON.stringify({ share, code: "AccessDeniedException", service: "ssm" });
    return fetch(`${lab.api.endpoint}/_lab/refuse`, { method: "POST", body });
  };

  it("stay where AWS refuses it, which is an error, and go once the remedy is applied", async () => {
    await refuse(1);
    const refused = await remove();
    expect(refused.status).to.equal(1);
    expect(refused.stderr).to.match(
      /^error: the variables of the tasks below \/app in SSM cannot be removed: [^]*\nremedy: allow .*ssm:DeleteParameters/,
    );
    await refuse(0);
    for (let time = 0; time < 2; time++)
      expect(await remove()).to.deep.equal({ status: 0, stdout: "", stderr: "" });
  });

  it("are all removed, and no parameter of another path", async () => {
    const { Parameters } = await ssm.describeParameters({});
    const names = Parameters!.map(({ Name }) => Name!);
    expect(names.filter((name) => name.startsWith("/app"))).to.deep.equal(["/application/1/KEY"]);
  });
});
