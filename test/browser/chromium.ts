/** A real browser, which reaches this machine and the hosts that it is told of, and nothing else. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import axe from "axe-core";
import puppeteer, { type Browser, type Page } from "puppeteer-core";

export const screenshots = ".lab/screenshots";

/** @param hosts by name or address; to where, if that is not what the name resolves to */
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
      // As root Chromium starts without its sandbox only.
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

/** What a user with low vision, or without a screen, would stumble over; empty when all is well. */
export async function accessibilityFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations, incomplete } = (await page.evaluate("axe.run()")) as axe.AxeResults;
  // What axe could not decide is a finding, too: these pages are simple enough.
  return [...violations, ...incomplete].flatMap(({ id, nodes }) =>
    nodes.map(({ html, any }) => `${id}: ${html} ${any.map(({ message }) => message).join("; ")}`),
  );
}

/** How many pixels the page is wider than the window. */
export function overflow(page: Page): Promise<number> {
  const root = "document.documentElement";
  return page.evaluate(`${root}.scrollWidth - ${root}.clientWidth`) as Promise<number>;
}
