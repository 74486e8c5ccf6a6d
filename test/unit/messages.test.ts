/** What the shell programs print for people fits a terminal of 100 columns. */
import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Columns for "error: ", "  remedy: " or the time of a progress line. */
const before = 10;
/** A variable stands for a value, which may be longer or shorter than its name. */
const withoutValues = (text: string) => text.replaceAll(/\$\{[^}]*\}|\$\([^)]*\)|\$\w+/g, "");

const programs = execFileSync(
  "git",
  ["grep", "-lE", "^#!/usr/bin/env bash|^# shellcheck shell=bash"],
  {
    encoding: "utf8",
  },
)
  .split("\n")
  .filter((file) => /^(lab|scripts|tools)\//.test(file));

describe("Messages of the shell programs", () => {
  it("fit into 100 columns without the values of their variables", () => {
    expect(programs).to.include.members(["lab/up", "lab/shell/checks.sh", "scripts/common.sh"]);
    const tooLong = programs.flatMap((file) =>
      readFileSync(file, "utf8")
        .replaceAll("\\\n", "")
        .split("\n")
        .filter((line) =>
          /^\s*(.*[;&|{]\s+)?(fail|say|warn|echo|await|step|begin_step|give_up) /.test(line),
        )
        .flatMap((line) => [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text]) => text!))
        .flatMap((text) => text.split("\n"))
        .filter((text) => before + withoutValues(text).length > 100)
        .map((text) => `${file}: ${text}`),
    );
    expect(tooLong).to.deep.equal([]);
  });
});
