/** A stack with roles for GitHub Actions, with the real engine. */
import { IAM } from "@aws-sdk/client-iam";
import { expect } from "chai";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { type Engine, engineFor } from "../../support/engine.ts";
import { stepsInOrder } from "../../support/steps-in-order.ts";

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
    engine = engineFor(api, ".", directory);
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
});
