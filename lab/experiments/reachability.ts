/**
 * Which ports of the program's network are reachable from where, tested with packets. Runs against a lab whose stack
 * is up (`npm run lab:reachability`, and test/e2e/stack/network.test.ts).
 */
import { expect } from "chai";
import { measure, type Matrix } from "../support/reachability.ts";

const expected: Matrix = {
  "external client": {
    "app server": "80 443 5085",
    "test server": "none",
    database: "none",
  },
  "app server": {
    "test server": "22",
    database: "3306",
    "external client": "all ping",
  },
  // A container sends from the app server's address. On the app server it reaches all but the metadata.
  container: {
    "app server": "all ping",
    "test server": "22",
    database: "3306",
    "external client": "all ping",
  },
  "test server": {
    "app server": "80 443 5085",
    database: "none",
    "external client": "all ping",
  },
  database: {
    "app server": "none",
    "test server": "none",
    "external client": "none",
  },
};

function table(matrix: Matrix): string {
  const lines = Object.entries(matrix).flatMap(([source, cells]) =>
    Object.entries(cells).map(
      ([target, cell]) => `  ${source.padEnd(12)} → ${target.padEnd(12)} ${cell}`,
    ),
  );
  return lines.join("\n");
}

describe("The reachability of ports in the lab", function () {
  // Five sources probe some 3,000 ports each; a batch of ports that drop packets takes 1.5 s.
  this.timeout(120_000);

  it("matches the security groups and route tables", async () => {
    const found = await measure(process.env.LAB_STACK_PREFIX ?? "flask-on-aws-dev");
    console.log(table(found));
    expect(found).to.deep.equal(expected);
  });
});
