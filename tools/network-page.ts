import { htmlPage } from "../storage/pages.ts";
import { cellText, type Reached } from "./network-dot.ts";

const style = `:root { --ink: #1b1b1f; --paper: #fdfcff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e3ea; --paper: #17171b; } }
html { background: var(--paper); color: var(--ink); }
body { margin: 0 auto; max-width: 90rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
th, td { padding: 0.3rem 0.8rem; border: 1px solid; text-align: left; white-space: nowrap; }`;

/** An HTML page with the picture and, if there is one, the table of who reaches whom. */
export function networkPage(title: string, svg: string, reached?: Reached): string {
  const targets = [...new Set(Object.values(reached ?? {}).flatMap((cells) => Object.keys(cells)))];
  const row = (source: string, cells: Readonly<Record<string, string>>) =>
    `<tr><th scope="row">${source}</th>${targets
      .map((target) => `<td>${target in cells ? cellText(cells[target]!) : "–"}</td>`)
      .join("")}</tr>`;
  const table = reached
    ? `<h2>Who reaches whom</h2>
    <p>Found by packets. In a cell: the TCP ports of the column that answered the row, and whether it answered a ping.</p>
    <div class="wide" tabindex="0" role="region" aria-label="Who reaches whom">
    <table>
    <thead><tr><th scope="col">from, to</th>${targets.map((target) => `<th scope="col">${target}</th>`).join("")}</tr></thead>
    <tbody>
    ${Object.entries(reached)
      .map(([source, cells]) => row(source, cells))
      .join("\n    ")}
    </tbody>
    </table>
    </div>`
    : "";
  const content = `    <p>As it was at ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC.</p>
    <div class="wide" tabindex="0" role="region" aria-label="The network">
    ${svg.slice(svg.indexOf("<svg"))}
    </div>
    ${table}`;
  return htmlPage(title, style, content);
}
