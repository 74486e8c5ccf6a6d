/**
 * The promise of the program's network, as packets. Runs against a lab whose stack is up
 * (`npm run lab:reachability`, and test/e2e/stack/network.test.ts); each cell is what was found by trying.
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
  // What a container sends leaves as the app server. Of the machine it is on, it sees all but the metadata.
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

describe("reachability", function () {
  // Five sources probe some 3,000 ports each; those that drop cost 1.5 s a batch.
  this.timeout(120_000);

  it("is what the security groups and route tables say", async () => {
    const found = await measure(process.env.LAB_STACK_PREFIX ?? "flask-on-aws-dev");
    console.log(table(found));
    expect(found).to.deep.equal(expected);
  });
});
