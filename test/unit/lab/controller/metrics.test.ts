import { expect } from "chai";
import { afterCheck, type Health } from "../../../../lab/controller/metrics/health-checks.ts";
import { connections, statusChecks } from "../../../../lab/controller/metrics/machines.ts";

describe("The lab's health checks", () => {
  const after = (results: string) => {
    let health: Health | undefined;
    for (const result of results) health = afterCheck(health, result === "+", 3);
    return health!.healthy;
  };

  it("change their status only after as many results in a row as the threshold says", () => {
    expect(after("+")).to.equal(true);
    expect(after("--"), "a new check is healthy at first").to.equal(true);
    expect(after("--+--")).to.equal(true);
    expect(after("---")).to.equal(false);
    expect(after("---++-++")).to.equal(false);
    expect(after("---+++")).to.equal(true);
  });
});

describe("The lab's measurements", () => {
  it("count the established connections to the database's port, and no others", () => {
    const head = "  sl  local_address rem_address   st tx_queue rx_queue\n";
    const line = (local: string, state: string, remote = "0A0000FF:9C40") =>
      `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000\n`;
    const table = [
      ...[head, line("00000000:0CEA", "0A"), line("0A00000A:0CEA", "01")],
      ...[line("0A00000A:0CEA", "06"), line("0A00000A:9C40", "01", "0A000001:0CEA"), head],
      line("0000000000000000FFFF00000A00000A:0CEA", "01"),
    ];
    expect(connections(table.join(""), 3306)).to.equal(2);
    expect(connections(table.join(""), 40000)).to.equal(1);
    expect(connections(head, 3306)).to.equal(0);
  });

  it("say of a machine whether its operating system answers", () => {
    const values = (isAlive: boolean) => statusChecks("i-1", isAlive).map(({ value }) => value);
    expect(values(true)).to.deep.equal([0, 0]);
    expect(values(false)).to.deep.equal([0, 1]);
    expect(statusChecks("i-1", true).map(({ name }) => name)).to.deep.equal([
      ...["StatusCheckFailed_System", "StatusCheckFailed_Instance"],
    ]);
  });
});
