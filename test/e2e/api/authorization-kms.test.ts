import { expect } from "chai";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { makeUser } from "../../support/principals.ts";

describe("A user who may use KMS but make no alias", function () {
  this.timeout(60_000);
  let api: ApiServer;
  let key: string;
  before(async () => {
    api = await startApi();
    const Action = ["kms:CreateKey", "kms:Encrypt"];
    const Statement = [{ Sid: "Keys", Effect: "Allow", Action, Resource: "*" }] as const;
    const user = await makeUser(
      api,
      "keys",
      new Map([["keys", { Version: "2012-10-17", Statement }]]),
    );
    key = user.environment.AWS_ACCESS_KEY_ID!;
  });
  after(() => api?.stop());

  /** The status of a call, and its answer. */
  const call = async (action: string, body: object) => {
    const credential = `Credential=${key}/20260101/us-west-2/kms/aws4_request`;
    const response = await fetch(api.endpoint, {
      method: "POST",
      body: JSON.stringify(body),
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `TrentService.${action}`,
        authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=host, Signature=0`,
      },
    });
    return [response.status, await response.text()] as const;
  };

  it("makes a key, and is refused its alias by name", async () => {
    expect((await call("CreateKey", {}))[0]).to.equal(200);
    const [status, text] = await call("CreateAlias", { AliasName: "alias/x", TargetKeyId: "1" });
    expect(status).to.equal(400);
    expect(text).to.include("kms:CreateAlias").and.to.include(":alias/x");
  });
});
