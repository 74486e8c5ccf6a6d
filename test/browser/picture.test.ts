/** The page of `npm run picture -- --out FILE.html` as Chromium shows it. */
import { expect } from "chai";
import { svgOf } from "../../tools/graphviz.ts";
import { networkDot } from "../../tools/networkDot.ts";
import { networkPage } from "../../tools/networkPage.ts";
import { network, reached } from "../unit/exampleNetwork.ts";
import { accessibilityFindings, overflow, screenshots, startChromium } from "./chromium.ts";

describe("The page of a stack's network", function () {
  this.timeout(60_000);
  it("scrolls its picture and not itself, legibly, at every width", async () => {
    const browser = await startChromium();
    try {
      const page = await browser.newPage();
      const svg = await svgOf(networkDot(network, reached));
      await page.setContent(networkPage("flask-on-aws-dev", svg, reached));
      for (const scheme of ["light", "dark"]) {
        await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
        for (const width of [360, 768, 1280]) {
          const where = `picture-${scheme}-${width}`;
          await page.setViewport({ width, height: 640 });
          await page.screenshot({ path: `${screenshots}/${where}.png`, fullPage: true });
          expect(await overflow(page), `${where}: pixels too wide`).to.equal(0);
          expect(await accessibilityFindings(page), where).to.deep.equal([]);
        }
      }
    } finally {
      await browser.close();
    }
  });
});
