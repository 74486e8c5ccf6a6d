/** The page of `npm run picture -- --out FILE.html` as Chromium shows it. */
import { svgOf } from "../../../tools/graphviz.ts";
import { networkDot } from "../../../tools/network-dot.ts";
import { networkPage } from "../../../tools/network-page.ts";
import { network, reached } from "../../unit/example-network.ts";
import { looksWell, startChromium } from "./chromium.ts";

describe("The page of a stack's network", function () {
  this.timeout(60_000);
  it("is legible at every width and scrolls only its picture", async () => {
    const browser = await startChromium();
    try {
      const page = await browser.newPage();
      const svg = await svgOf(networkDot(network, reached));
      await page.setContent(networkPage("flask-on-aws-dev", svg, reached));
      await looksWell(page, "picture");
    } finally {
      await browser.close();
    }
  });
});
