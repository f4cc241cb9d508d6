import assert from "node:assert/strict";
import type { Browser } from "playwright-core";
import { badge, html, pageHeaders, renderPage, renderTable } from "../../src/html/index.js";
import { accessibilityFaults, isTooWide, launchBrowser, openUrl, servingDocument } from "../support/browser/index.js";

interface Row {
  readonly image: string;
  readonly tone: "good" | "warn" | "bad" | "plain";
  readonly count?: number;
}

const hostile = '"><script>alert(1)</script><img src=https://evil.test/x onerror=alert(2)>';
const rows: readonly Row[] = [
  { image: "registry.test/b:2", tone: "good", count: 10 },
  { image: hostile, tone: "bad", count: 9 },
  { image: "registry.test/a:10", tone: "warn" },
  { image: `registry.test/${"long".repeat(60)}:1`, tone: "plain", count: 100 },
];

function documentOf(rows: readonly Row[]): string {
  const table = renderTable<Row>({
    id: "images",
    caption: "What was found",
    filter: "Find images",
    empty: "nothing",
    rows,
    columns: [
      { title: "Image", cell: ({ image }) => html`<code>${image}</code>`, kind: "row" },
      { title: "State", cell: ({ tone }) => badge(tone, tone) },
      { title: "Count", cell: ({ count }) => count, kind: "number" },
    ],
  });
  return renderPage({
    title: "Images",
    lead: "Of one cluster",
    sections: [
      { id: "found", title: "Found", body: table },
      { id: "more", title: "More", body: html`<p>${hostile}</p>` },
    ],
    footer: "the end",
  });
}

describe("a page in a browser", function () {
  this.timeout(60_000);
  let browser: Browser;
  before(async function () {
    browser = await launchBrowser(this);
  });
  after(() => browser?.close());

  const served = { text: documentOf(rows), headers: pageHeaders };
  const firstCells = "[...document.querySelectorAll('tbody th')].map((cell) => cell.textContent.slice(0, 18))";

  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [1200, 360]) {
      it(`is accessible, quiet and as wide as its window: ${colorScheme}, ${width} pixels`, () =>
        servingDocument(served, async (url) => {
          const opened = await openUrl(browser, url, { colorScheme, viewport: { width, height: 800 } });
          assert.deepEqual(await accessibilityFaults(opened), []);
          assert.equal(await isTooWide(opened), false);
          assert.deepEqual(opened.faults, []);
        }));
    }
  }

  it("sorts by keyboard and says so", () =>
    servingDocument(served, async (url) => {
      const { page, faults } = await openUrl(browser, url);
      const count = page.getByRole("button", { name: "Count" });
      await count.focus();
      await page.keyboard.press("Enter");
      const numbers = "[...document.querySelectorAll('tbody .number')].map((cell) => cell.textContent)";
      assert.deepEqual(await page.evaluate(numbers), ["9", "10", "100", ""]);
      await page.keyboard.press("Space");
      assert.deepEqual(await page.evaluate(numbers), ["100", "10", "9", ""]);
      assert.deepEqual(await page.evaluate("[...document.querySelectorAll('[aria-sort]')].map((h) => h.textContent)"), [
        "Count",
      ]);
      assert.equal(await page.locator("th[aria-sort=descending]").count(), 1);
      assert.match((await page.getByRole("status").allTextContents()).join(" "), /sorted by Count, descending/);
      await page.getByRole("button", { name: "Image" }).press("Enter");
      assert.deepEqual(await page.evaluate(firstCells), [
        hostile.slice(0, 18),
        "registry.test/a:10",
        "registry.test/b:2",
        "registry.test/long",
      ]);
      assert.deepEqual(faults, []);
    }));

  it("finds rows by several words", () =>
    servingDocument(served, async (url) => {
      const { page } = await openUrl(browser, url);
      await page.getByLabel("Find images").fill("REGISTRY warn");
      await page.getByText("1 of 4").waitFor();
      assert.equal(await page.locator("tbody tr:visible").count(), 1);
    }));

  it("can be read without its script, and offers nothing then that does nothing", () =>
    servingDocument(served, async (url) => {
      const { page, faults } = await openUrl(browser, url, { javaScriptEnabled: false });
      assert.equal(await page.locator("tbody tr").count(), 4);
      assert.equal(await page.locator("button, input").count(), 0);
      assert.equal(await page.locator("main img, main script").count(), 0);
      assert.deepEqual(faults, []);
    }));

  it("sorts and searches a thousand rows", () => {
    const many = Array.from(
      { length: 1_000 },
      (_, index): Row => ({
        image: `registry.test/team-${(index * 7919) % 1_000}:1`,
        tone: "good",
        count: index,
      }),
    );
    return servingDocument({ text: documentOf(many), headers: pageHeaders }, async (url) => {
      const { page, faults } = await openUrl(browser, url);
      await page.getByRole("button", { name: "Image" }).click();
      const first = "document.querySelector('tbody th').textContent";
      assert.equal(await page.evaluate(first), "registry.test/team-0:1");
      await page.getByLabel("Find images").fill("team-77");
      await page.getByText("11 of 1000").waitFor();
      assert.deepEqual(faults, []);
    });
  });
});
