import { expect } from "chai";
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { scripts } from "../support/machine.ts";

describe("The scripts", () => {
  const names = readdirSync(scripts).filter((name) => name.endsWith(".sh"));

  it("pass shellcheck", function () {
    const check = spawnSync("shellcheck", ["--external-sources", ...names], {
      cwd: scripts,
      encoding: "utf8",
    });
    if (check.error) {
      console.log("    skipped: no shellcheck on PATH");
      this.skip();
    }
    expect(check.stdout).to.equal("");
  });

  for (const name of names) {
    it(`have valid bash syntax: ${name}`, () => {
      execFileSync("bash", ["-n", join(scripts, name)]);
    });

    if (name === "common.sh") continue;
    it(`stop at the first error: ${name}`, () => {
      const lines = readFileSync(join(scripts, name), "utf8").split("\n");
      expect(lines[0]).to.equal("#!/usr/bin/env bash");
      expect(lines.find((line) => line !== "" && !line.startsWith("#"))).to.equal(
        "set -euo pipefail",
      );
    });
  }
});
