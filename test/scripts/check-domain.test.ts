import { expect } from "chai";
import { FakeMachine } from "../support/machine.ts";

describe("check-domain.sh", () => {
  let machine: FakeMachine;
  beforeEach(() => {
    machine = new FakeMachine();
    machine.stack({ APP_URL: "https://app.example.com", ADDRESS: "203.0.113.7" });
  });
  afterEach(() => machine.remove());

  /** Has the DNS answer with these lines of getent's, and returns what the script prints. */
  const notes = (four: readonly string[], six: readonly string[] = []): string => {
    const lines = (addresses: readonly string[]) =>
      addresses
        .flatMap((address) =>
          ["STREAM app.example.com", "DGRAM"].map((more) => `${address} ${more}`),
        )
        .join("\n");
    machine.fake(
      "getent",
      `log "$*"
      case "$*" in
      "--no-addrconfig ahostsv4 app.example.com") found='${lines(four)}' ;;
      "--no-addrconfig ahostsv6 app.example.com") found='${lines(six)}' ;;
      esac
      [ -n "$found" ] || exit 2
      echo "$found"`,
    );
    const { status, stdout, stderr } = machine.run("check-domain.sh");
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: "" });
    return stdout;
  };

  it("prints nothing when the domain resolves to this machine alone", () => {
    expect(notes(["203.0.113.7"], ["::ffff:203.0.113.7"])).to.equal("");
    expect(machine.log).to.equal(
      "--no-addrconfig ahostsv4 app.example.com\n--no-addrconfig ahostsv6 app.example.com\n",
    );
  });

  it("names both addresses when the domain resolves to another one", () => {
    expect(notes(["198.51.100.7"])).to.equal(
      "note: app.example.com must resolve to 203.0.113.7 only; it resolves to 198.51.100.7: correct its DNS record of type A\n",
    );
  });

  it("names all addresses when one of several is this machine's", () => {
    expect(notes(["203.0.113.7", "198.51.100.7"])).to.include(
      "must resolve to 203.0.113.7 only; it resolves to 198.51.100.7 203.0.113.7:",
    );
  });

  it("prints the record to create when the domain has no address", () => {
    expect(notes([])).to.equal(
      "note: app.example.com has no address yet. If this record is not there, create it: app.example.com. 60 IN A 203.0.113.7\n",
    );
  });

  it("reports an IPv6 address, which a certificate authority asks first", () => {
    expect(notes(["203.0.113.7"], ["2001:db8::7", "::ffff:203.0.113.7"])).to.equal(
      "note: app.example.com has the AAAA record 2001:db8::7, but the app server has no IPv6: delete the record\n",
    );
  });

  it("prints nothing without a domain, and asks nobody", () => {
    machine.stack({ APP_URL: "https://203.0.113.7", ADDRESS: "203.0.113.7" });
    expect(notes([])).to.equal("");
    expect(machine.log).to.equal("");
  });
});
