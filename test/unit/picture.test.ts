import { readFileSync } from "node:fs";
import { expect } from "chai";
import { svgOf } from "../../tools/graphviz.ts";
import { program, type Program } from "./program.ts";
import { withTasks } from "./task-stack.ts";

const sourceOf = (name: string) => readFileSync(`docs/${name}.dot`, "utf8");
/** Types of resources that a picture's classes name. */
const drawn = (name: string) => {
  const classes = [...sourceOf(name).matchAll(/\bclass="([^"]*)"/g)].map(([, names]) => names!);
  return [...new Set(classes.flatMap((names) => names.split(/\s+/)).filter(Boolean))];
};
const made = ({ resources }: Program) => [
  ...new Set(resources.map(({ type }) => type).filter((type) => type.startsWith("aws:"))),
];

describe("The README's picture", () => {
  it("shows exactly the types of AWS resources that the program creates", async () => {
    // Only flow logs are off by default.
    expect(drawn("system")).to.have.members(made(await program({ flowLogs: true })));
  });
});

describe("The picture of tasks", () => {
  it("shows exactly the types of AWS resources that tasks add", async () => {
    const before = drawn("system");
    const added = made(await withTasks()).filter((type) => !before.includes(type));
    expect(drawn("tasks")).to.have.members(added);
  });
});

for (const name of ["system", "tasks"])
  describe(`The picture ${name}.svg`, () => {
    it("matches its source (`npm run picture:readme` updates it)", async () => {
      expect(readFileSync(`docs/${name}.svg`, "utf8")).to.equal(await svgOf(sourceOf(name)));
    });

    it("fits into a page's column of 800 pixels", async () => {
      const [, points] = /<svg width="(\d+)pt"/.exec(await svgOf(sourceOf(name)))!;
      expect((Number(points) * 96) / 72).to.be.at.most(800);
    });
  });
