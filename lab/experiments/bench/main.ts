/**
 * How long things take in the lab, as ratios of figures of one run. It makes the lab twice, and removes it.
 *
 * usage: lab/bench
 */
import { Browser } from "../../support/browser.ts";
import { Lab, succeed } from "../../support/lab.ts";
import { percentile, rate, underLoad, type TimedAnswer } from "../load/load.ts";
import { LabStack } from "../../support/stack.ts";
import { delayedUp, databaseDelay } from "./delayed-up.ts";
import { duration, nameOf } from "./steps.ts";

const seconds = (milliseconds: number) =>
  milliseconds < 1000 ? `${milliseconds.toFixed(0)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

const rows: string[][] = [];
/** A row of the table: what was measured, beside what, and its ratio to that. */
function row(what: string, time: number, beside = "", reference?: number): void {
  const compared = reference
    ? [`${beside}, ${seconds(reference)}`, (time / reference).toFixed(2)]
    : [beside, ""];
  rows.push([what, seconds(time), ...compared]);
  console.error(rows.at(-1)!.join("  "));
}

function table(): string {
  const all = [["what", "time", "beside", "ratio"], ...rows];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((cells) => cells[column]!.length)));
  return all
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const lab = new Lab(process.env.LAB_NAME!);
const up = ["up", "--yes", "--skip-preview", "--non-interactive"];
const empty = ["-C", "test/e2e/programs/waiting", ...up];

const firstPage = await timed(async () => {
  await succeed("lab/run", [], { env: { LAB_NAME: lab.name } });
  await lab.trust();
  const { status } = await new Browser((await lab.outputs()).appUrl!).request("/login");
  if (status !== 200) throw new Error(`the login page answers ${status}`);
});
row("from no lab to the first page (npm run lab)", firstPage);

await lab.pulumi(...empty);
const [ours, least]: [number[], number[]] = [[], []];
for (let round = 0; round < 3; round++) {
  ours.push(await timed(() => lab.pulumi(...up, "--expect-no-changes")));
  least.push(await timed(() => lab.pulumi(...empty, "--expect-no-changes")));
}
row("up without a change, median of 3", median(ours), "an empty program's", median(least));

const stack = await LabStack.open(lab);
let version = await stack.newVersion();
const redeploy = await timed(() => stack.deliver(version));
row("redeploy of a changed commit", redeploy, "up without a change", median(ours));
version = await stack.newVersion();
const load = await underLoad(stack.outputs.appUrl!, () => stack.deliver(version));
const failed = load.during.filter(({ failure }) => failure).length;
row(`redeploy under ${rate} requests a second`, load.milliseconds, "without them", redeploy);
const slowest = (answers: readonly TimedAnswer[]) => percentile(answers, 0.99);
const requests = `  its ${load.during.length} requests, ${failed} failed: 99 % within`;
row(requests, slowest(load.during), "in quiet", slowest(load.before));
await stack.close();
await lab.down();

const { total, steps, chain, gaps } = await delayedUp(lab);
const sum = (values: number[]) => values.reduce((all, each) => all + each, 0);
const whole = `first up, the database created in ${databaseDelay} s`;
row(whole, total, "its longest chain", sum(chain.map(duration)));
const oneByOne = sum(steps.map(duration));
row("the sum of its steps, as one after another", oneByOne, "that up", total);

console.log(table());
/** The parts of a time, those of less than a second as one. */
function breakdown(title: string, parts: { what: string; time: number }[]): void {
  const line = (time: number, what: string) => `  ${seconds(time).padStart(7)}  ${what}`;
  const brief = parts.filter(({ time }) => time < 1000).map(({ time }) => time);
  console.log(`${title}:`);
  for (const { what, time } of parts) if (time >= 1000) console.log(line(time, what));
  console.log(line(sum(brief), `${brief.length} of less than 1 s`));
}
const longest = sum(chain.map(duration));
breakdown(
  `\nThe longest chain, ${seconds(longest)}`,
  chain.map((step) => ({ what: nameOf(step), time: duration(step) })),
);
breakdown(`The rest, ${seconds(total - longest)}`, [...gaps]);
