/** The site's page as Chromium shows it: every state, at three widths, light and dark. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "chai";
import type { Browser, Page } from "puppeteer-core";
import { errorPage, indexPage } from "../../../storage/pages.ts";
import { looksWell, startChromium } from "./chromium.ts";

const title = "flask-on-aws-dev";
const well = {
  app: "https://198.18.7.64",
  release: "000012",
  deployed: "2026-11-22T16:12:27Z",
  commit: "0123456789abcdef0123456789abcdef01234567",
  backup: "2026-11-22T03:10:00Z",
  restoreTest: "2026-11-21T04:00:05Z",
  upgraded: "2026-11-20T06:07:08Z",
  base: "2026-11-03T00:00:00Z",
  certificateEnd: null,
  failedSince: null,
  written: "2026-11-22T16:12:30Z",
};
const zip = "http://site.example/releases/000012-0123456.zip";

/** By state: its status.json, the path that is asked for, and the text that has to be shown. */
const states: Record<string, { status?: object; path?: string; shown: string[] }> = {
  well: {
    status: { ...well, download: zip },
    shown: [
      `${title} All is well. App ${well.app} Release 000012 Deployed 2026-11-22 16:12:27 UTC`,
      `Commit ${well.commit} Last verified backup 2026-11-22 03:10:00 UTC`,
      `Last restore test 2026-11-21 04:00:05 UTC Packages upgraded 2026-11-20 06:07:08 UTC`,
      `Image's base made 2026-11-03 00:00:00 UTC Download ${zip}`,
    ],
  },
  "backups-fail": {
    status: { ...well, failedSince: "2026-11-20T03:10:00Z" },
    shown: ["Backups have failed since 2026-11-20 03:10:00 UTC.", "Download not published"],
  },
  "certificate-late": {
    status: { ...well, certificateEnd: "2026-11-23T03:10:00Z" },
    shown: ["The app's certificate ends at 2026-11-23 03:10:00 UTC and is not renewed."],
  },
  "tasks-follow": {
    status: { ...well, tasks: "f".repeat(40) },
    shown: [`Commit ${well.commit}; tasks run ${"f".repeat(40)} Last verified backup`],
  },
  copied: {
    status: { ...well, copyRegion: "us-east-2", copy: "2026-11-21T03:10:00Z" },
    shown: ["03:10:00 UTC Last backup in us-east-2 2026-11-21 03:10:00 UTC Last restore test"],
  },
  "not-copied": {
    status: { ...well, copyRegion: "us-east-2", copy: null },
    shown: ["Last backup in us-east-2 none yet Last restore test"],
  },
  young: {
    status: { ...well, backup: null, restoreTest: null, download: null },
    shown: ["Last verified backup none yet Last restore test none yet Download not published"],
  },
  long: {
    status: { ...well, commit: "f".repeat(300), app: `https://${"a".repeat(250)}.example` },
    shown: ["f".repeat(300), "a".repeat(250)],
  },
  "nothing-yet": { shown: [`${title} Nothing has been deployed here yet.`] },
  "no-such-page": { path: "nothing", shown: [`${title} There is no such page. ${title}`] },
};

describe("The site's page", function () {
  this.timeout(60_000);
  let server: Server;
  let browser: Browser;
  let status: object | undefined;
  before(async () => {
    browser = await startChromium();
    server = createServer(({ url }, response) => {
      const found = url === "/" ? indexPage(title) : url === "/status.json" && status;
      const body = typeof found === "object" ? JSON.stringify(found) : found || errorPage(title);
      const type = typeof found === "object" ? "application/json" : "text/html; charset=utf-8";
      response.writeHead(found ? 200 : 404, { "content-type": type }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });

  for (const [state, { status: published, path = "", shown }] of Object.entries(states)) {
    it(`is legible at every width without horizontal scrolling: ${state}`, async () => {
      status = published;
      const { port } = server.address() as AddressInfo;
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${port}/${path}`, { waitUntil: "networkidle0" });
      const text = await visibleText(page);
      for (const part of shown) expect(text).to.include(part);
      // Without a status, the page shows no labels.
      if (!published) expect(text).to.equal(shown[0]);
      await looksWell(page, state);
      await page.close();
    });
  }
});

async function visibleText(page: Page): Promise<string> {
  return ((await page.evaluate("document.body.innerText")) as string).replaceAll(/\s+/g, " ");
}
