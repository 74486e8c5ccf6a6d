import { expect } from "chai";
import fc from "fast-check";

import { readConfiguration } from "../../../../lab/providers/aws/configuration.ts";
import { localEndpoint } from "../../../../lab/providers/aws/context.ts";
import { autoname } from "../../../../lab/providers/aws/naming.ts";
import { same, sameFields, sameJson, sameSet } from "../../../../lab/providers/aws/values.ts";

describe("what the lab's aws provider takes for the same", () => {
  it("is a value and itself, and what is absent and what is empty", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => same(value, structuredClone(value))));
    for (const empty of [undefined, null, "", 0, false, [], {}, { a: undefined, b: [] }])
      expect(same(empty, undefined), JSON.stringify(empty)).to.equal(true);
    expect(same({ a: 1 }, { a: 2 })).to.equal(false);
    expect(same([1, 2], [1])).to.equal(false);
    expect(same("1", 1)).to.equal(false);
  });

  it("is a list in another order, when it is a set", () => {
    expect(sameSet(["a", "b"], ["b", "a"])).to.equal(true);
    expect(same(["a", "b"], ["b", "a"])).to.equal(false);
    expect(sameSet(["a", "b"], ["a"])).to.equal(false);
  });

  it("is a policy that is written differently", () => {
    expect(sameJson('{"a":1,"b":[2]}', '{ "b": [2],\n "a": 1 }')).to.equal(true);
    expect(sameJson('{"a":1}', '{"a":2}')).to.equal(false);
    expect(sameJson("not JSON", "not JSON either")).to.equal(false);
  });

  it("is an object of which the program names a part", () => {
    expect(sameFields({ a: 1, b: 2 }, { a: 1 })).to.equal(true);
    expect(sameFields({ a: 1 }, { a: 1, b: 2 })).to.equal(false);
    expect(sameFields(undefined, { a: 1 })).to.equal(false);
  });
});

describe("the names that the lab's aws provider gives", () => {
  const anySeed = fc.uint8Array({ minLength: 1 });

  it("end in seven digits, fit the limit, and follow from the engine's seed", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 90 }), anySeed, (name, seed) => {
        const rule = { property: "name" as never, maxLength: 64, separator: "-" };
        const given = autoname(rule, name, seed);
        expect(given).to.match(/-[0-9a-f]{7}$/);
        expect(given.length).to.be.at.most(64);
        expect(name.startsWith(given.slice(0, -8))).to.equal(true);
        expect(autoname(rule, name, seed)).to.equal(given);
      }),
    );
  });

  it("differ without a seed", () => {
    const rule = { property: "name" as never, maxLength: 64, separator: "-" };
    const names = Array.from({ length: 20 }, () => autoname(rule, "a", new Uint8Array()));
    expect(new Set(names).size).to.equal(20);
  });

  it("are in lower case for a bucket, and bare for an object's key", () => {
    const bucket = { property: "bucket", maxLength: 63, separator: "-", lowerCase: true } as never;
    expect(autoname(bucket, "Site", new Uint8Array())).to.match(/^site-[0-9a-f]{7}$/);
    const key = { property: "key", maxLength: 1024 } as never;
    expect(autoname(key, "Index.html", new Uint8Array())).to.equal("Index.html");
  });
});

describe("the lab's aws provider's configuration", () => {
  it("takes the region from the provider before the environment, and default tags as JSON text", () => {
    const defaultTags = JSON.stringify({ tags: { project: "p" } });
    const env = { AWS_REGION: "eu-west-1" };
    const given = { region: "us-west-2", defaultTags };
    const anybody = { allowedAccountIds: undefined, forbiddenAccountIds: [], assumeRoles: [] };
    expect(readConfiguration(given, env)).to.deep.equal({
      ...anybody,
      region: "us-west-2",
      defaultTags: { project: "p" },
    });
    expect(readConfiguration({}, env)).to.deep.equal({
      ...anybody,
      region: "eu-west-1",
      defaultTags: {},
    });
    expect(() => readConfiguration({}, {})).to.throw(/no AWS region: set `region`/);
  });

  it("is an API on this machine or none", () => {
    for (const local of ["http://127.0.0.1:4566", "http://localhost:1", "http://[::1]:4566"])
      expect(localEndpoint(local)).to.equal(local);
    for (const [endpoint, says] of [
      [undefined, "AWS_ENDPOINT_URL is not set"],
      ["https://ec2.us-west-2.amazonaws.com", "AWS_ENDPOINT_URL is 'https://ec2"],
      ["http://127.0.0.1.example.com", "loopback"],
      ["nonsense", "lab/pulumi"],
    ] as const)
      expect(() => localEndpoint(endpoint)).to.throw(says);
  });
});
