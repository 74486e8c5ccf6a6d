import { expect } from "chai";
import {
  descriptionOf,
  endOf,
  parseAddress,
  planChanges,
  type SshRule,
} from "../../network/own-address.ts";

const hours = 3_600_000;
const now = Date.parse("2026-11-26T10:00:30Z");
const ada = { address: "203.0.113.7", who: "ada@laptop" };
const bob = { address: "198.51.100.8", who: "bob@desk" };
const plan = (rules: readonly SshRule[], given: Partial<Parameters<typeof planChanges>[1]> = {}) =>
  planChanges(rules, { networks: [], allowed: true, caller: ada, now, ...given });

let count = 0;
/** A temporary rule of a caller, added this many hours ago. */
const temporary = ({ address, who }: typeof ada, hoursAgo: number): SshRule => ({
  id: `sgr-${++count}`,
  cidr: `${address}/32`,
  description: descriptionOf(who, now - hoursAgo * hours),
});
const other = (cidr: string, description = "SSH of an administrator"): SshRule => ({
  ...{ id: `sgr-${++count}`, cidr, description },
});

describe("The description of a temporary rule", () => {
  it("names who added the rule and when it expires, 24 hours later", () => {
    const description = descriptionOf("ada@laptop", now);
    expect(description).to.equal("flask-on-aws: SSH of ada@laptop until 2026-11-27T10:00Z");
    expect(endOf({ description })).to.equal(Date.parse("2026-11-27T10:00:00Z"));
  });

  it("has at most 255 characters, all of them allowed by EC2", () => {
    const description = descriptionOf(`Ada "L" <é>\n${"x".repeat(300)}@laptop`, now);
    expect(description).to.match(/^[a-zA-Z0-9 ._\-:/()#,@[\]+=;{}!$*]{1,255}$/);
    expect(endOf({ description })).to.be.a("number");
  });

  it("is not confused with the description of any other rule", () => {
    for (const description of [
      "",
      "SSH of an administrator",
      "flask-on-aws: SSH of ada until tomorrow",
      "flask-on-aws: SSH of ada until 2026-13-45T99:00Z",
      "see flask-on-aws: SSH of ada until 2026-11-27T10:00Z",
    ])
      expect(endOf({ description }), description).to.equal(undefined);
  });
});

describe("The plan for temporary rules", () => {
  const wanted = { cidr: "203.0.113.7/32", description: descriptionOf(ada.who, now) };

  it("adds a rule for the address of the caller", () => {
    expect(plan([])).to.deep.equal({ revoke: [], authorize: wanted });
  });

  it("keeps a rule for the first half of its lifetime, and renews it afterwards", () => {
    expect(plan([temporary(ada, 11)])).to.deep.equal({ revoke: [] });
    expect(plan([temporary(ada, 12.1)])).to.deep.equal({ revoke: [], renew: wanted });
  });

  it("renews the caller's expired rule instead of removing it and adding another", () => {
    expect(plan([temporary(ada, 30)])).to.deep.equal({ revoke: [], renew: wanted });
  });

  it("gives two teammates a rule each, and neither removes the other's", () => {
    const [ofAda, ofBob] = [temporary(ada, 1), temporary(bob, 20)];
    expect(plan([ofAda, ofBob])).to.deep.equal({ revoke: [] });
    expect(plan([ofAda], { caller: bob }).authorize?.cidr).to.equal("198.51.100.8/32");
    expect(plan([ofAda, ofBob], { caller: bob }).renew?.cidr).to.equal("198.51.100.8/32");
  });

  it("lets two teammates behind one address share a rule", () => {
    const shared = { ...bob, address: ada.address };
    expect(plan([temporary(shared, 1)])).to.deep.equal({ revoke: [] });
    expect(plan([temporary(shared, 13)])).to.deep.equal({ revoke: [], renew: wanted });
  });

  it("removes the rule of another address when it expires, and not before", () => {
    const rule = { ...temporary(bob, 0), description: descriptionOf(bob.who, now - 24 * hours) };
    const end = endOf(rule)!;
    const at = (time: number) => plan([rule], { now: time }).revoke;
    expect(at(end - 1)).to.deep.equal([]);
    expect(at(end)).to.deep.equal([rule]);
  });

  it("removes expired rules when the caller's address is unknown", () => {
    const [ended, valid] = [temporary(bob, 25), temporary(ada, 1)];
    expect(plan([ended, valid], { caller: undefined })).to.deep.equal({ revoke: [ended] });
  });

  it("does not touch rules that it did not add", () => {
    const rules = [other("192.0.2.0/24"), other("203.0.113.7/32", "by hand")];
    expect(plan(rules)).to.deep.equal({ revoke: [] });
    expect(plan(rules, { allowed: false })).to.deep.equal({ revoke: [] });
  });

  it("adds no rule when a network of adminCidrs contains the address", () => {
    expect(plan([], { networks: ["203.0.113.0/24"] })).to.deep.equal({ revoke: [] });
    expect(plan([], { networks: ["203.0.114.0/24"] }).authorize).to.deep.equal(wanted);
  });

  it("removes a temporary rule when Pulumi manages a rule for the same network", () => {
    const rule = temporary(ada, 1);
    expect(plan([rule], { networks: ["203.0.113.7/32"] })).to.deep.equal({ revoke: [rule] });
    expect(plan([rule], { networks: ["203.0.113.0/24"] })).to.deep.equal({ revoke: [] });
  });

  it("removes all temporary rules when allowOwnAddress is false", () => {
    const rules = [temporary(ada, 1), temporary(bob, 1), other("192.0.2.0/24")];
    const { revoke, ...more } = plan(rules, { allowed: false });
    expect(revoke).to.deep.equal(rules.slice(0, 2));
    expect(more).to.deep.equal({});
  });
});

describe("The answer of the address service", () => {
  it("is accepted as one public IPv4 address, with or without white space around it", () => {
    for (const answer of ["203.0.113.7\n", " 203.0.113.7", "203.0.113.7"])
      expect(parseAddress(answer)).to.equal("203.0.113.7");
  });

  it("is rejected when it is anything else", () => {
    for (const answer of [
      ...["", "203.0.113", "203.0.113.256", "203.0.113.7/24", "203.0.113.7, 10.0.0.1"],
      ...["2001:db8::1", "<html>Welcome</html>", "0.0.0.0", "10.0.0.1", "100.64.1.1"],
      ...["127.0.0.1", "169.254.1.1", "172.16.0.1", "192.168.1.1", "224.0.0.1"],
    ])
      expect(parseAddress(answer), answer).to.equal(undefined);
  });
});
