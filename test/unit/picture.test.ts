import { readFileSync } from "node:fs";
import { expect } from "chai";
import { svgOf } from "../../tools/graphviz.ts";
import { program } from "./program.ts";

const source = readFileSync("docs/system.dot", "utf8");

describe("The README's picture", () => {
  it("shows exactly the types of AWS resources that the program creates", async () => {
    const classes = [...source.matchAll(/\bclass="([^"]*)"/g)].map(([, names]) => names!);
    const drawn = classes.flatMap((names) => names.split(/\s+/)).filter(Boolean);
    // Only flow logs are off by default.
    const { resources } = await program({ flowLogs: true });
    const made = resources.map(({ type }) => type).filter((type) => type.startsWith("aws:"));
    expect([...new Set(drawn)]).to.have.members([...new Set(made)]);
  });

  it("matches its source (`npm run picture:readme` updates it)", async () => {
    expect(readFileSync("docs/system.svg", "utf8")).to.equal(await svgOf(source));
  });

  it("fits into the README's column of 800 pixels", async () => {
    const [, points] = /<svg width="(\d+)pt"/.exec(await svgOf(source))!;
    expect((Number(points) * 96) / 72).to.be.at.most(800);
  });
});
