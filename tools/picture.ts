/**
 * Draws the network of a stack as it is now; in the lab with who reaches whom, by packets.
 *
 * usage: npm run picture [-- --stack NAME] [--out FILE]    FILE: .svg, or .html for a page with a table
 */
import { load } from "js-yaml";
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { svgOf } from "./graphviz.ts";
import { networkDot, type Reached } from "./network-dot.ts";
import { networkPage } from "./network-page.ts";
import { readNetwork } from "./stack-network.ts";

const { stack, out } = parseArgs({
  options: {
    stack: { type: "string", default: "dev" },
    out: { type: "string", default: "picture.svg" },
  },
}).values;
const { name: project } = load(
  readFileSync(new URL("../Pulumi.yaml", import.meta.url), "utf8"),
) as { name: string };

/** In the lab only: elsewhere there is no machine's network namespace to try from. */
async function tried(): Promise<Reached | undefined> {
  if (!process.env.LAB_SUBNET) return undefined;
  const { measure } = await import("../lab/support/reachability.ts");
  // A picture of what is not complete is worth most.
  return measure(`${project}-${stack}`).catch((error: Error) => {
    console.error(`without who reaches whom: ${error.message}`);
    return undefined;
  });
}

try {
  if (!/\.(svg|html)$/.test(out))
    throw new Error(`--out is ${out}: take a name that ends with .svg or .html`);
  const network = await readNetwork(project, stack);
  const reached = await tried();
  const svg = await svgOf(networkDot(network, reached));
  writeFileSync(
    out,
    out.endsWith(".html") ? networkPage(`${project}-${stack}`, svg, reached) : svg,
  );
  console.log(out);
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
