import { expect } from "chai";
import fc from "fast-check";
import { conflict, parseRoutes } from "../../../lab/support/routing-table.ts";

const header =
  "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n";
const line = (iface: string, destination: string, mask: string) =>
  `${iface}\t${destination}\t00000000\t0001\t0\t0\t0\t${mask}\t0\t0\t0\n`;
/** An address in the format of /proc/net/route. */
const hex = (address: string) =>
  address
    .split(".")
    .reverse()
    .map((octet) => Number(octet).toString(16).padStart(2, "0").toUpperCase())
    .join("");

describe("Routes that conflict with the lab's internet", () => {
  it("do not include the default route or routes to other networks", () => {
    const text =
      header + line("eth0", "00000000", "00000000") + line("br", hex("172.17.0.0"), "0000FFFF");
    expect(conflict(parseRoutes(text), 0)).to.equal(undefined);
  });

  it("include a route to the network itself", () => {
    const routes = parseRoutes(header + line("br-7", hex("198.18.7.0"), "00FFFFFF"));
    expect(conflict(routes, 7)?.interface).to.equal("br-7");
    expect(conflict(routes, 8)).to.equal(undefined);
  });

  it("include wider routes and routes inside the network, for every subnet", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 255 }),
        fc.integer({ min: 0, max: 255 }),
        (subnet, host) => {
          const wide = parseRoutes(header + line("tun0", hex("198.18.0.0"), "0000FEFF"));
          const narrow = parseRoutes(
            header + line("wg0", hex(`198.18.${subnet}.${host}`), "FFFFFFFF"),
          );
          return conflict(wide, subnet) !== undefined && conflict(narrow, subnet) !== undefined;
        },
      ),
    );
  });
});
