/** Draws the pictures of the README and of the page about tasks from their sources. */
import { readFileSync, writeFileSync } from "node:fs";
import { svgOf } from "./graphviz.ts";

for (const name of ["system", "tasks"])
  writeFileSync(`docs/${name}.svg`, await svgOf(readFileSync(`docs/${name}.dot`, "utf8")));
