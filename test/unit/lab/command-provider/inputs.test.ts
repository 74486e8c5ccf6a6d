import { expect } from "chai";
import fc from "fast-check";
import { unknown } from "../../../../lab/providers/kit/messages.ts";
import { check } from "../../../../lab/providers/command/schema.ts";
import {
  changes,
  isKind,
  isProperties,
  reveal,
  secret,
  type Properties,
  type Value,
} from "../../../../lab/providers/command/values.ts";

const remote = "command:remote:Command";

describe("Inputs of the lab's command provider", () => {
  it("receive the defaults of the connection, which becomes secret", () => {
    const proxy = secret({ host: "b", user: "admin" });
    const connection = { host: "a", port: null, proxy };
    const given = { create: "true", stdin: null, addPreviousOutputInEnv: false, connection };
    const { inputs, failures } = check(remote, given);
    expect(failures).to.deep.equal([]);
    expect(isKind(inputs["connection"], "secret")).to.equal(true);
    const defaults = { port: 22, user: "root", dialErrorLimit: 10, perDialTimeout: 15 };
    expect(reveal(inputs)).to.deep.equal({
      create: "true",
      addPreviousOutputInEnv: false,
      connection: { ...defaults, host: "a", proxy: { ...defaults, host: "b", user: "admin" } },
    });
  });

  it("are accepted while their values are unknown", () => {
    for (const connection of [unknown, secret(unknown), { host: unknown }]) {
      const inputs = { create: unknown, connection, addPreviousOutputInEnv: false };
      expect(check(remote, inputs).failures).to.deep.equal([]);
    }
  });

  for (const [title, type, inputs, expected] of [
    ["an unknown input", remote, { crate: "x", connection: { host: "a" } }, "crate: is not one of"],
    [
      "an unknown connection setting",
      remote,
      { connection: { host: "a", key: "x" } },
      "connection.key: is not",
    ],
    ["a missing host", remote, { connection: { user: "x" } }, "connection.host: is required"],
    [
      "a missing proxy host",
      remote,
      { connection: { host: "a", proxy: {} } },
      "proxy.host: is req",
    ],
    [
      "a proxy's proxy",
      remote,
      { connection: { host: "a", proxy: { host: "b", proxy: { host: "c" } } } },
      "connection.proxy.proxy: is not one of",
    ],
    [
      "an environment through SSH",
      remote,
      { connection: { host: "a" }, environment: {}, addPreviousOutputInEnv: false },
      "environment: the lab's provider sets no variables through SSH",
    ],
    [
      "the earlier output through SSH",
      remote,
      { connection: { host: "a" } },
      "addPreviousOutputInEnv: must be false",
    ],
    ["globs", "command:local:Command", { assetPaths: ["*"] }, "assetPaths: is not one of"],
    ["an unknown type", "command:remote:CopyFile", {}, "has no command:remote:CopyFile"],
    [
      "a source that is no asset",
      "command:remote:CopyToRemote",
      { source: "x" },
      "source: must be a File",
    ],
  ] as [string, string, Properties, string][]) {
    it(`with ${title} are refused by name`, () => {
      const failures = check(type, inputs).failures.map(
        (each) => `${each.property}: ${each.reason}`,
      );
      expect(failures.join("\n")).to.include(expected);
    });
  }

  it("of a remote command are refused without a connection", () => {
    expect(check(remote, { create: "true", addPreviousOutputInEnv: false }).failures).to.deep.equal(
      [{ property: "connection", reason: "is required" }],
    );
  });
});

/** The same value, with the property names of every object in reverse order. */
function reversed(value: Value): Value {
  if (Array.isArray(value)) return value.map(reversed);
  if (!isProperties(value)) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, reversed(inner)] as const);
  return Object.fromEntries(entries.reverse());
}

describe("Changes of inputs", () => {
  const properties = fc.dictionary(fc.string(), fc.jsonValue()) as fc.Arbitrary<Properties>;

  it("are empty for equal inputs, whatever the order of their names", () => {
    fc.assert(
      fc.property(properties, (inputs) => {
        expect(changes({ inputs }, { inputs: reversed(inputs) })).to.deep.equal([]);
      }),
    );
  });

  it("name exactly the properties that were added, deleted or changed", () => {
    fc.assert(
      fc.property(properties, properties, (old, now) => {
        for (const { property, kind } of changes(old, now)) {
          const was = { ADD: [false, true], DELETE: [true, false], UPDATE: [true, true] }[kind];
          expect([Object.hasOwn(old, property), Object.hasOwn(now, property)]).to.deep.equal(was);
        }
        const changed = new Set(changes(old, now).map(({ property }) => property));
        for (const name of Object.keys(now).filter((name) => !changed.has(name))) {
          expect(old[name]).to.deep.equal(now[name]);
        }
      }),
    );
  });

  it("compare secrets by value, and include a value that becomes a secret", () => {
    expect(changes({ a: secret("x") }, { a: secret("x") })).to.deep.equal([]);
    expect(changes({ a: secret(secret("x")) }, { a: secret("x") })).to.deep.equal([]);
    expect(changes({ a: secret("x") }, { a: secret("y") })).to.have.length(1);
    expect(changes({ a: "x" }, { a: secret("x") })).to.have.length(1);
  });
});
