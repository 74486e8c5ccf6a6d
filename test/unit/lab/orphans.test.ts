import { expect } from "chai";
import {
  adopt,
  advice,
  orphans,
  type Deployment,
  type Unrecorded,
} from "../../../lab/support/orphans.ts";

const vpc: Unrecorded = { id: "vpc-2", type: "aws:ec2/vpc:Vpc", name: "dev-vpc" };
const bucket: Unrecorded = { id: "site-1a2b", type: "aws:s3/bucket:Bucket", name: "site-1a2b" };

const resource = (type: string, more: object = {}) => ({
  urn: `urn:pulumi:dev::p::${type}::x`,
  type,
  ...more,
});
const creating = (type: string, inputs: Record<string, unknown>) => ({
  type: "creating",
  resource: resource(type, { inputs, parent: "urn:of:parent" }),
});
const known = resource("aws:ec2/vpc:Vpc", { id: "vpc-2" });
const creatingVpc = creating("aws:ec2/vpc:Vpc", { tags: { Name: "dev-vpc" } });
const creatingBucket = creating("aws:s3/bucket:Bucket", { bucket: "site-1a2b" });
const creatingCommand = creating("command:remote:Command", { create: "true" });

describe("A resource that a killed run created and did not record", () => {
  it("is one that the state has in no id and no output", () => {
    const database = { id: "db-1", type: "aws:rds/instance:Instance", name: "db-1" };
    const withDatabase = resource("x", { id: "arn", outputs: { identifier: "db-1" } });
    const state = { resources: [known, withDatabase] };
    expect(orphans(state, [vpc, database, bucket])).to.deep.equal([bucket]);
  });

  it("is any existing resource when the state is empty", () => {
    expect(orphans({}, [vpc])).to.deep.equal([vpc]);
  });

  it("is not reported when the state has it", () => {
    expect(advice({ resources: [known] }, [vpc])).to.deep.equal([]);
  });

  it("is adopted with the inputs of its creation, matched by its tag or its own name", () => {
    const pending_operations = [creatingVpc, creatingBucket, creatingCommand];
    const state: Deployment = { resources: [resource("y")], pending_operations };
    expect(advice(state, [vpc, bucket]).join("\n")).to.match(/lab\/adopt.*vpc-2.*site-1a2b/s);
    expect(adopt(state, [vpc, bucket])).to.deep.equal({
      resources: [
        resource("y"),
        { ...creatingVpc.resource, id: "vpc-2", outputs: {} },
        { ...creatingBucket.resource, id: "site-1a2b", outputs: {} },
      ],
      pending_operations: [],
    });
  });

  it("is adopted as the pending creation with its URN, among others of the same type", () => {
    const type = "aws:ec2/route:Route";
    const [one, other] = ["a", "b"].map((name) => ({
      type: "creating",
      resource: {
        urn: `urn:pulumi:dev::p::${type}::${name}`,
        type,
        inputs: { routeTableId: name },
      },
    }));
    const state: Deployment = { pending_operations: [one!, other!] };
    const route = { id: "r-rtb-1", type, name: "", urn: other!.resource.urn };
    expect(adopt(state, [route]).resources).to.deep.equal([
      { ...other!.resource, id: "r-rtb-1", outputs: { routeTableId: "b" } },
    ]);
  });

  it("is not adopted when a later run has created the resource again", () => {
    const again = resource("aws:ec2/vpc:Vpc", { id: "vpc-3" });
    const state: Deployment = { resources: [again], pending_operations: [creatingVpc] };
    expect(advice(state, [vpc]).join("\n")).to.match(/not to be adopted; delete it.*vpc-2/s);
    expect(adopt(state, [vpc])).to.deep.equal({ resources: [again], pending_operations: [] });
  });

  it("is listed apart from interrupted operations that created nothing", () => {
    const updating = { ...creatingCommand, type: "updating" };
    const pending_operations = [creatingVpc, creatingBucket, updating];
    const [made, id, again, ...lines] = advice({ pending_operations }, [bucket]);
    expect(made).to.include("not in the state");
    expect(id).to.equal("  site-1a2b  aws:s3/bucket:Bucket");
    expect(again).to.match(/^Interrupted .*`lab\/pulumi up` does it again:$/);
    expect(lines.slice(0, 2)).to.deep.equal([
      "  creating aws:ec2/vpc:Vpc x",
      "  updating command:remote:Command x",
    ]);
    expect(lines.slice(2).join(" ")).to.match(/"unknown state".*`lab\/adopt`.*`lab\/pulumi up`/);
  });

  for (const [why, pending_operations] of [
    ["of another type", [creating("aws:ec2/subnet:Subnet", { tags: { Name: "dev-vpc" } })]],
    ["of another name", [creating("aws:ec2/vpc:Vpc", { tags: { Name: "other" } })]],
    ["not a creation", [{ ...creatingVpc, type: "updating" }]],
    ["one of two equal ones", [creatingVpc, creatingVpc]],
  ] as [string, NonNullable<Deployment["pending_operations"]>][]) {
    it(`is reported for deletion when the pending operation is ${why}`, () => {
      const lines = advice({ pending_operations }, [vpc]).join("\n");
      expect(lines)
        .to.match(/delete it.*vpc-2/s)
        .and.not.include("not in the state");
      expect(adopt({ pending_operations }, [vpc]).resources).to.deep.equal([]);
    });
  }
});
