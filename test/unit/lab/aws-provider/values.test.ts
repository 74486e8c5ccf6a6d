import { expect } from "chai";
import fc from "fast-check";

import { readConfiguration } from "../../../../lab/providers/aws/configuration.ts";
import { localEndpoint } from "../../../../lab/providers/aws/context.ts";
import { autoname } from "../../../../lab/providers/aws/naming.ts";
import { same, sameFields, sameJson, sameSet } from "../../../../lab/providers/aws/values.ts";

describe("The comparison of values in the lab's AWS provider", () => {
  it("treats a value as equal to its copy, and an empty value as equal to an absent one", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => same(value, structuredClone(value))));
    for (const empty of [undefined, null, "", 0, false, [], {}, { a: undefined, b: [] }])
      expect(same(empty, undefined), JSON.stringify(empty)).to.equal(true);
    expect(same({ a: 1 }, { a: 2 })).to.equal(false);
    expect(same([1, 2], [1])).to.equal(false);
    expect(same("1", 1)).to.equal(false);
  });

  it("ignores the order of elements only in sets", () => {
    expect(sameSet(["a", "b"], ["b", "a"])).to.equal(true);
    expect(same(["a", "b"], ["b", "a"])).to.equal(false);
    expect(sameSet(["a", "b"], ["a"])).to.equal(false);
  });

  it("ignores the formatting of JSON policies", () => {
    expect(sameJson('{"a":1,"b":[2]}', '{ "b": [2],\n "a": 1 }')).to.equal(true);
    expect(sameJson('{"a":1}', '{"a":2}')).to.equal(false);
    expect(sameJson("not JSON", "not JSON either")).to.equal(false);
  });

  it("compares only the fields that the program sets", () => {
    expect(sameFields({ a: 1, b: 2 }, { a: 1 })).to.equal(true);
    expect(sameFields({ a: 1 }, { a: 1, b: 2 })).to.equal(false);
    expect(sameFields(undefined, { a: 1 })).to.equal(false);
  });
});

describe("Names that the lab's AWS provider generates", () => {
  const anySeed = fc.uint8Array({ minLength: 1 });

  it("end in seven hex digits, fit the limit and are the same for the same engine seed", () => {
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

  it("are in lower case for a bucket, and equal to the logical name for an object's key", () => {
    const bucket = { property: "bucket", maxLength: 63, separator: "-", lowerCase: true } as never;
    expect(autoname(bucket, "Site", new Uint8Array())).to.match(/^site-[0-9a-f]{7}$/);
    const key = { property: "key", maxLength: 1024 } as never;
    expect(autoname(key, "Index.html", new Uint8Array())).to.equal("Index.html");
  });
});

describe("The configuration of the lab's AWS provider", () => {
  it("prefers the provider's region to the environment's, and reads default tags as JSON", () => {
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

  it("accepts only an API on this computer", () => {
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
