import { expect } from "chai";
import { execFileSync } from "node:child_process";

/** What lab/pulumi finds among the arguments. */
const option = (...args: string[]) =>
  execFileSync("bash", ["-c", 'source lab/lib/runs.sh; option "$@"', "bash", ...args], {
    encoding: "utf8",
  }).trim();

describe("the CLI's options, as lab/pulumi reads them", () => {
  for (const form of ["-C dir", "-Cdir", "-C=dir", "--cwd dir", "--cwd=dir"]) {
    it(`are found in the form ${form}`, () => {
      expect(option("C", "cwd", ".", "up", ...form.split(" "), "--yes")).to.equal("dir");
    });
  }

  it("are the default where they are not given, or behind --", () => {
    expect(option("s", "stack", "dev", "up", "--show-secrets")).to.equal("dev");
    expect(option("s", "stack", "dev", "config", "set", "key", "--", "-secret")).to.equal("dev");
  });
});
