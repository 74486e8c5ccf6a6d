/** Draws the README's picture from its source. */
import { readFileSync, writeFileSync } from "node:fs";
import { svgOf } from "./graphviz.ts";

writeFileSync("docs/system.svg", await svgOf(readFileSync("docs/system.dot", "utf8")));
