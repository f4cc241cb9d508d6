import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import type { Browser } from "playwright-core";
import { type AuditReport, type RiskLevel, renderAuditPage, type WorkloadRisk } from "../../src/audit/index.js";
import { pageHeaders } from "../../src/html/index.js";
import { accessibilityFaults, isTooWide, launchBrowser, openUrl, servingDocument } from "../support/browser/index.js";

const generated = "2026-01-02T03:04:05.000Z";

function row(name: string, risk: RiskLevel, over: Partial<WorkloadRisk> = {}): WorkloadRisk {
  return {
    workload: { apiVersion: "apps/v1", kind: "Deployment", namespace: "shop", name },
    containers: ["app"],
    fieldPaths: ["spec.template.spec.containers[0].image"],
    image: `ok.test/team/${name}:v1`,
    reference: `ok.test/team/${name}:v1`,
    registry: "ok.test",
    digest: null,
    risk,
    verdict: risk === "fails" ? "unpullable" : risk === "may-fail" ? "unknown" : "pullable",
    cause: risk === "fails" ? "TagNotFound" : risk === "may-fail" ? "RegistryTimeout" : null,
    kubelet: { reason: risk === "fails" ? "ErrImagePull" : null },
    message: `about ${name}`,
    fix: risk === "fails" ? `Push ${name}.` : null,
    notes: [],
    pods: 3,
    firstSeen: risk === "none" ? null : "2026-01-01T00:00:00.000Z",
    lastSeen: generated,
    ...over,
  };
}

function reportOf(workloads: readonly WorkloadRisk[]): AuditReport {
  const count = (risk: RiskLevel): number => workloads.filter((each) => each.risk === risk).length;
  return {
    generated,
    summary: {
      workloads: workloads.length,
      workloadsAtRisk: count("fails") + count("may-fail"),
      ...{ pods: 12, images: workloads.length, questions: workloads.length, pending: 1 },
      risks: {
        fails: count("fails"),
        "may-fail": count("may-fail"),
        attention: count("attention"),
        none: count("none"),
      },
      verdicts: { pullable: 2, unpullable: 1, unknown: 1, skipped: 0 },
    },
    workloads,
    images: [],
    resolved: [
      {
        ...{ image: "ok.test/mended:v1", cause: "TagNotFound" as const, workloads: [row("mended", "none").workload] },
        firstSeen: "2026-01-01T00:00:00.000Z",
        resolved: "2026-01-02T00:00:00.000Z",
      },
    ],
    forecasts: [
      { what: "certificate", registry: "ok.test", name: "CN=ok.test", expires: "2026-01-09T00:00:00.000Z", note: null },
      { what: "credential", registry: "harbor.test", name: "shop/robot", expires: null, note: "robots do not tell" },
    ],
  };
}

const hostile = "<img src=x onerror=alert(1)>";
const small = reportOf([
  row("gone", "fails"),
  row("doubtful", "may-fail", { message: hostile, image: `ok.test/${hostile}` }),
  row("drifted", "attention", { notes: [{ kind: "moved", running: ["sha256:a"], now: "sha256:b", pods: 2 }] }),
  row("fine", "none"),
]);

describe("the audit's page", () => {
  it("shows what is at risk with cause and fix, and leaves out what is not", () => {
    const text = renderAuditPage(small);
    assert.match(text, /deployment\/gone/);
    assert.match(text, /TagNotFound/);
    assert.match(text, /<strong>Fix:<\/strong> Push gone\./);
    assert.match(text, /TagMoved/);
    assert.doesNotMatch(text, /deployment\/fine/);
    assert.doesNotMatch(text, /<img/);
  });

  it("says so where nothing is at risk", () => {
    assert.match(renderAuditPage(reportOf([row("fine", "none")])), /Nothing is at risk/);
  });
});

/** Cells that are one word, and that do not have it on one line. */
const brokenCauses = `[...document.querySelectorAll("td:not(:has(*))")].filter((cell) => /^[A-Za-z]+$/.test(cell.textContent)).filter((cell) => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  return new Set([...range.getClientRects()].map(({ top }) => top)).size > 1;
}).map((cell) => cell.textContent)`;
/** Captions that reach beyond the frame in which their table scrolls, before and after it is scrolled. */
const cutCaptions = `[...document.querySelectorAll(".scroll")].flatMap((frame) => [0, 150].filter((left) => {
  frame.scrollLeft = left;
  const [text, edge] = [frame.querySelector("caption span"), frame].map((each) => each.getBoundingClientRect());
  frame.scrollLeft = 0;
  return text.left < edge.left || text.right > edge.right;
}).map((left) => frame.querySelector("caption").textContent + " at " + left))`;
/** Whether the column of workloads can be read without scrolling. */
const workloadsInView = `[...document.querySelectorAll("#risk-table tbody th")].every((cell) => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  return range.getBoundingClientRect().right <= cell.closest(".scroll").getBoundingClientRect().right;
})`;

describe("the audit's page in a browser", function () {
  this.timeout(60_000);
  let browser: Browser;
  before(async function () {
    browser = await launchBrowser(this);
  });
  after(() => browser?.close());

  for (const [colorScheme, width] of [
    ["light", 1200],
    ["dark", 360],
  ] as const) {
    it(`is accessible, quiet and as wide as its window: ${colorScheme}, ${width} pixels`, () =>
      servingDocument({ text: renderAuditPage(small), headers: pageHeaders }, async (url) => {
        const opened = await openUrl(browser, url, { colorScheme, viewport: { width, height: 800 } });
        assert.deepEqual(await accessibilityFaults(opened), []);
        assert.equal(await isTooWide(opened), false);
        assert.deepEqual(await opened.page.evaluate(brokenCauses), []);
        assert.deepEqual(await opened.page.evaluate(cutCaptions), []);
        assert.equal(await opened.page.evaluate(workloadsInView), true);
        const folder = process.env.PULLGUARD_SCREENSHOTS;
        if (folder !== undefined) {
          mkdirSync(folder, { recursive: true });
          await opened.page.screenshot({ path: `${folder}/audit-${colorScheme}-${width}.png`, fullPage: true });
        }
        assert.deepEqual(opened.faults, []);
      }));
  }

  it("stays usable with ten thousand rows: sorted by keyboard, filtered by words, read without its script", () => {
    const risks = ["fails", "may-fail", "attention"] as const;
    const rows = Array.from({ length: 10_000 }, (_, index) => row(`app-${index}`, risks[index % 3] ?? "fails"));
    const text = renderAuditPage(reportOf(rows));
    // All of them are in the document: none of it is made by the script.
    assert.equal(text.match(/deployment\/app-\d+/g)?.length, 10_000);
    return servingDocument({ text, headers: pageHeaders }, async (url) => {
      const { page, faults } = await openUrl(browser, url);
      await page.locator("#risk-table thead button", { hasText: "Workload" }).press("Enter");
      assert.match(`${await page.locator("#risk-table tbody tr").first().textContent()}`, /deployment\/app-0/);
      await page.locator("input[type=search]").fill("app-4321 shop");
      // Asking Playwright what of ten thousand rows is visible takes seconds.
      const shown = "#risk-table tbody tr:not([hidden])";
      await page.locator(shown).nth(1).waitFor({ state: "detached" });
      assert.match(await page.locator(shown).innerText(), /deployment\/app-4321/);
      assert.deepEqual(faults, []);
    });
  });
});
