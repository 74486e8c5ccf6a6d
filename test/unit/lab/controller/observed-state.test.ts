/** What the controller reads from the API, also when a resource changes between two of its calls. */
import { CreateInstanceProfileCommand, IAMClient } from "@aws-sdk/client-iam";
import { CreateDBInstanceCommand } from "@aws-sdk/client-rds";
import { Route53 } from "@aws-sdk/client-route-53";
import { expect } from "chai";
import { builder } from "../../../../lab/support/account.ts";
import { useApi } from "../../../support/api-environment.ts";

describe("The observed state", function () {
  this.timeout(20_000);

  const { fetch } = globalThis;
  const lab = useApi({ LAB_CONTROLLER: "1" });
  let subnet: string;
  let controlApi: typeof import("../../../../lab/controller/control-api.ts");
  let observed: typeof import("../../../../lab/controller/observed-state.ts");

  before(async () => {
    // These modules read the environment when they are imported.
    controlApi = await import("../../../../lab/controller/control-api.ts");
    observed = await import("../../../../lab/controller/observed-state.ts");
    const make = builder(lab.api);
    const vpc = await make.vpc("10.0.0.0/16");
    subnet = await make.subnet(vpc, "10.0.0.0/24");
    await make.subnetGroup("db", [subnet, await make.subnet(vpc, "10.0.1.0/24", "b")]);
    await make.databases.send(new CreateDBInstanceCommand(make.database("db", "db")));
    const InstanceProfileName = "empty";
    await new IAMClient(lab.api.client).send(
      new CreateInstanceProfileCommand({ InstanceProfileName }),
    );
    await make.instance(subnet, { IamInstanceProfile: { Name: InstanceProfileName } });
  });
  afterEach(() => (globalThis.fetch = fetch));

  it("includes a database with its address and subnet", async () => {
    const { databases } = await observed.describe();
    expect(databases).to.have.length(1);
    expect(databases[0]).to.include({ id: "db", status: "creating", address: "10.0.0.4" });
    expect(databases[0]).to.include({ subnetId: subnet, masterUser: "admin", memoryMiB: 1024 });
  });

  it("omits a database that disappears before its address is read, and keeps the rest", async () => {
    globalThis.fetch = (url, init) =>
      fetch((url as string).replace("/db/db/address", "/db/gone/address"), init);
    const { databases, instances } = await observed.describe();
    expect(databases).to.deep.equal([]);
    expect(instances).to.have.length(1);
  });

  it("includes load balancers and tasks as the control API tells of them", async () => {
    const told = { loadBalancers: [{ id: "lb" }], tasks: [{ id: "task" }] };
    globalThis.fetch = (url, init) =>
      /\/_lab\/(load-balancers|ecs\/tasks)$/.test(url as string)
        ? Promise.resolve(new Response(JSON.stringify(told)))
        : fetch(url, init);
    const { loadBalancers, tasks } = await observed.describe();
    expect({ loadBalancers, tasks }).to.deep.equal(told);
  });

  it("includes the zones and records of the public DNS", async () => {
    const route53 = new Route53(lab.api.client);
    await route53.createHostedZone({ Name: "example.test", CallerReference: "1" });
    const { dns } = await observed.describe();
    expect(dns).to.deep.equal({ zones: ["example.test"], records: [] });
  });

  it("includes an instance whose profile has no role, without credentials", async () => {
    const [instance] = (await observed.describe()).instances;
    expect(instance!.profileArn).to.match(/instance-profile\/empty$/);
    expect(await controlApi.credentialsOf(instance!)).to.equal(undefined);
  });
});
