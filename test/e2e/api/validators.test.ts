import { expect } from "chai";
import { type ApiServer, startApi } from "../../../lab/support/api-server.ts";
import { type Account, seedAccount, type Row } from "./validators/account.ts";
import { databases } from "./validators/databases.ts";
import { deletions } from "./validators/deletions.ts";
import { buckets, instances } from "./validators/machines.ts";
import { securityGroups, subnetsGatewaysAndRoutes } from "./validators/network.ts";

const tables: Record<string, Row[]> = {
  "subnets, gateways and routes": subnetsGatewaysAndRoutes,
  "security groups": securityGroups,
  instances,
  buckets,
  databases,
  deletions,
};

describe("The lab's API", function () {
  this.timeout(30_000);
  let api: ApiServer;
  let account: Account;
  before(async () => {
    api = await startApi();
    account = await seedAccount(api);
  });
  after(() => api?.stop());

  const revision = async () => (await fetch(`${api.endpoint}/_lab/revision`)).text();

  for (const [topic, rows] of Object.entries(tables)) {
    describe(`for ${topic}`, () => {
      for (const [what, code, says, call] of rows) {
        it(`refuses ${what} with ${code}`, async () => {
          const before = await revision();
          const error = await call(account).then(
            () => undefined,
            (reason: Error & { Code?: string }) => reason,
          );
          expect(error, "the call was accepted").to.be.instanceOf(Error);
          expect(error!.Code ?? error!.name).to.equal(code);
          expect(error!.message).to.include(typeof says === "string" ? says : says(account));
          expect(await revision()).to.equal(before);
        });
      }
    });
  }
});
