import { expect } from "chai";
import { useLabCommand } from "../../support/lab-command.ts";

describe("lab/dns-record", function () {
  this.timeout(20_000);
  const command = useLabCommand("dns-record");
  const { call } = command;
  const dns = async () => {
    const response = await fetch(`${command.api.endpoint}/_lab/dns`);
    return (await response.json()) as { records: unknown; zones: unknown };
  };
  const records = async () => (await dns()).records;
  const zones = async () => (await dns()).zones;

  it("sets a record as the output dnsRecord has it, and removes it", async () => {
    const { status, stderr } = await call(..."app.example.test. 60 IN A 198.18.0.70".split(" "));
    expect(status, stderr).to.equal(0);
    expect(await records()).to.deep.equal([{ name: "app.example.test", address: "198.18.0.70" }]);
    await call("app.example.test", "198.18.0.71");
    expect(await records()).to.deep.equal([{ name: "app.example.test", address: "198.18.0.71" }]);
    expect((await call("app.example.test")).status).to.equal(0);
    expect(await records()).to.deep.equal([]);
  });

  it("sets a CNAME, for which a certificate is issued and which leads to a load balancer", async () => {
    const [name, target] = ["_a1.app.example.test", "_b2.acm-validations.aws"];
    const { status, stderr } = await call(...`${name}. 300 IN CNAME ${target}.`.split(" "));
    expect(status, stderr).to.equal(0);
    expect(await zones()).to.deep.equal([name]);
    expect((await call(name)).status).to.equal(0);
    expect(await zones()).to.deep.equal([]);
  });

  it("refuses what is no name or no IPv4 address", async () => {
    const cname = "a.test 60 IN CNAME b'c".split(" ");
    for (const args of [
      [],
      ["a'b"],
      ["app.example.test", "2001:db8::7"],
      ["a.test", "1.2.3"],
      cname,
    ]) {
      const { status, stderr } = await call(...args);
      expect(status).to.equal(1);
      expect(stderr).to.include(
        `not '${args.join(" ")}'\n  remedy: lab/dns-record app.example.test`,
      );
    }
    expect(await records()).to.deep.equal([]);
  });
});
