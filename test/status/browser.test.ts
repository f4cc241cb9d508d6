import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import type { Browser } from "playwright-core";
import { pageHeaders } from "../../src/html/index.js";
import { statusPage } from "../../src/status/index.js";
import { accessibilityFaults, isTooWide, launchBrowser, openUrl, servingDocument } from "../support/browser/index.js";
import { busyStatus, newStatus } from "./statuses.js";

describe("the status page in a browser", function () {
  this.timeout(60_000);
  let browser: Browser;
  before(async function () {
    browser = await launchBrowser(this);
  });
  after(() => browser?.close());

  const busy = { text: statusPage(busyStatus, true), headers: pageHeaders };

  for (const [colorScheme, width] of [
    ["light", 1200],
    ["dark", 360],
  ] as const) {
    it(`is accessible, quiet and as wide as its window: ${colorScheme}, ${width} pixels`, () =>
      servingDocument(busy, async (url) => {
        const opened = await openUrl(browser, url, { colorScheme, viewport: { width, height: 800 } });
        assert.deepEqual(await accessibilityFaults(opened), []);
        assert.equal(await isTooWide(opened), false);
        const background = await opened.page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
        assert.equal(background, colorScheme === "dark" ? "rgb(13, 17, 23)" : "rgb(251, 251, 252)");
        const folder = process.env.PULLGUARD_SCREENSHOTS;
        if (folder !== undefined) {
          mkdirSync(folder, { recursive: true });
          await opened.page.screenshot({ path: `${folder}/statusz-${colorScheme}-${width}.png`, fullPage: true });
        }
        assert.deepEqual(opened.faults, []);
      }));
  }

  it("shows hostile names as they are and runs nothing of them", () =>
    servingDocument(busy, async (url) => {
      const { page, faults } = await openUrl(browser, url);
      assert.equal(await page.locator("main script, main img").count(), 0);
      assert.equal(await page.getByText("<script>alert(1)</script>\\u202e").count(), 1);
      await page.getByRole("button", { name: "Cause" }).press("Enter");
      assert.match(await page.locator("#finding-table tbody tr").first().innerText(), /InvalidImageName/);
      assert.deepEqual(faults, []);
    }));

  it("tells all without its script", () =>
    servingDocument(busy, async (url) => {
      const { page } = await openUrl(browser, url, { javaScriptEnabled: false });
      assert.equal(await page.locator("#registry-table tbody tr").count(), 5);
      assert.equal(await page.locator("#finding-table tbody tr").count(), 3);
    }));

  it("says of a new replica why it is not ready", () =>
    servingDocument({ text: statusPage(newStatus, true), headers: pageHeaders }, async (url) => {
      const opened = await openUrl(browser, url);
      assert.match(await opened.page.locator("main").innerText(), /nodes have not been listed yet/);
      assert.deepEqual(await accessibilityFaults(opened), []);
      assert.deepEqual(opened.faults, []);
    }));
});
