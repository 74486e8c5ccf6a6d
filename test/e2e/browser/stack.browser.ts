/** Screenshots of a stack's app and site: APP_URL and SITE_URL, as the stack's outputs give them. */
import { expect } from "chai";
import { internetPrefix } from "../../../lab/controller/internet.ts";
import { labFromEnvironment } from "../../../lab/controller/docker.ts";
import { skip } from "../../support/skip.ts";
import { screenshots, startChromium } from "./chromium.ts";

const { APP_URL, SITE_URL } = process.env;

describe("A stack's pages", function () {
  this.timeout(60_000);
  for (const [name, url] of Object.entries({ APP_URL, SITE_URL })) {
    it(`load in the browser with status 200: ${name}`, async function () {
      if (!url) return skip(this, `${name} is not set`);
      const { hostname } = new URL(url);
      // Only the lab itself resolves its names, and one host has all of its sites.
      const address =
        process.env.LAB_SUBNET && name === "SITE_URL"
          ? `${internetPrefix(labFromEnvironment())}.2`
          : hostname;
      const browser = await startChromium({ [hostname]: address });
      try {
        const page = await browser.newPage();
        const answer = await page.goto(url, { waitUntil: "networkidle0" });
        await page.screenshot({ path: `${screenshots}/${name}.png`, fullPage: true });
        expect(answer?.status(), url).to.equal(200);
      } finally {
        await browser.close();
      }
    });
  }
});
