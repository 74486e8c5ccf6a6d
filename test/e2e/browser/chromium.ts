/** A real browser that reaches only this computer and the given hosts. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import axe from "axe-core";
import { expect } from "chai";
import puppeteer, { type Browser, type Page } from "puppeteer-core";

export const screenshots = ".lab/screenshots";

/** @param hosts the address of each host by name; an address stands for itself */
export async function startChromium(hosts: Record<string, string> = {}): Promise<Browser> {
  mkdirSync(screenshots, { recursive: true });
  const known = Object.entries(hosts).map(([host, address]) =>
    host === address ? `EXCLUDE ${host}` : `MAP ${host} ${address}`,
  );
  return puppeteer.launch({
    executablePath: pathOfChromium(),
    args: [
      `--host-resolver-rules=${[...known, "EXCLUDE 127.0.0.1", "MAP * ~NOTFOUND"].join(", ")}`,
      "--no-proxy-server",
      // As root, Chromium starts only without its sandbox.
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
    ],
  });
}

function pathOfChromium(): string {
  try {
    return execFileSync("which", ["chromium"], { encoding: "utf8" }).trim();
  } catch {
    throw new Error(
      "chromium is not on PATH. Remedy: install it, on Debian by: sudo apt-get install chromium",
    );
  }
}

/** The accessibility problems that axe finds; empty if there are none. */
async function accessibilityFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  // axe cannot find the background of text in an SVG; the picture's unit test compares its colours.
  const run = 'axe.run({ exclude: ["svg"] })';
  const { violations, incomplete } = (await page.evaluate(run)) as axe.AxeResults;
  // What axe cannot decide counts as a problem, except text that is partly scrolled out of its own region:
  // a wider window shows all of it.
  const undecided = incomplete.filter(
    ({ nodes }) => !nodes.every(({ any }) => any.some(isHalfScrolledOut)),
  );
  return [...violations, ...undecided].flatMap(({ id, nodes }) =>
    nodes.map(({ html, any }) => `${id}: ${html} ${any.map(({ message }) => message).join("; ")}`),
  );
}

function isHalfScrolledOut({ data }: axe.CheckResult): boolean {
  return (data as { messageKey?: string } | null)?.messageKey === "elmPartiallyObscured";
}

/**
 * Checks the page at three widths, in light and dark: it fits the window, and axe finds no problem.
 * @param name of the screenshots: `NAME-SCHEME-WIDTH.png`
 */
export async function looksWell(page: Page, name: string): Promise<void> {
  for (const scheme of ["light", "dark"]) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    for (const width of [360, 768, 1280]) {
      const where = `${name}-${scheme}-${width}`;
      await page.setViewport({ width, height: 640 });
      await page.screenshot({ path: `${screenshots}/${where}.png`, fullPage: true });
      expect(await overflow(page), `${where}: pixels too wide`).to.equal(0);
      expect(await accessibilityFindings(page), where).to.deep.equal([]);
    }
  }
}

/** How many pixels the page is wider than the window. */
function overflow(page: Page): Promise<number> {
  const root = "document.documentElement";
  return page.evaluate(`${root}.scrollWidth - ${root}.clientWidth`) as Promise<number>;
}
