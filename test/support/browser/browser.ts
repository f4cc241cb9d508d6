import { accessSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const executablePath = "/usr/bin/chromium";
const axePath = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/**
 * A headless Chromium. Where there is none the calling suite is skipped, loudly; it fails where one is required
 * (PULLGUARD_REQUIRE_REAL=1).
 */
export async function launchBrowser(suite: Mocha.Context): Promise<Browser> {
  try {
    accessSync(executablePath);
  } catch {
    const obstacle = `there is no ${executablePath}`;
    if (process.env.PULLGUARD_REQUIRE_REAL === "1") throw new Error(`PULLGUARD_REQUIRE_REAL is set, but ${obstacle}`);
    console.warn(`    skipped: ${obstacle}`);
    suite.skip();
  }
  return await chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** A page with what went wrong in it: requests to elsewhere, messages of the console, errors. */
export interface WatchedPage {
  readonly page: Page;
  readonly faults: readonly string[];
}

/** Opens a URL; only requests to its own origin get through. */
export async function openUrl(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1200, height: 800 }, ...options });
  const { origin } = new URL(url);
  const faults: string[] = [];
  await context.route("**/*", async (route) => {
    const asked = route.request().url();
    if (asked.startsWith(`${origin}/`) || asked.startsWith("data:")) return await route.continue();
    faults.push(`request to ${asked}`);
    await route.abort();
  });
  const page = await context.newPage();
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(url);
  return { page, faults };
}

/** Serves one document on loopback while `use` runs. */
export async function servingDocument(
  document: { readonly text: string; readonly headers: Readonly<Record<string, string>> },
  use: (url: string) => Promise<void>,
): Promise<void> {
  const server = createServer((_req, res) => {
    res.writeHead(200, document.headers);
    res.end(document.text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}

/** What axe-core finds fault with, as `rule: element`. */
export async function accessibilityFaults({ page }: WatchedPage): Promise<readonly string[]> {
  // By the debugger: the page's own policy lets no other script in.
  const { readFileSync } = await import("node:fs");
  await page.evaluate(readFileSync(axePath, "utf8"));
  const { violations } = await page.evaluate<AxeResult>("axe.run()");
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

/** Whether the page itself is wider than its window, in which case people must scroll sideways to read it. */
export async function isTooWide({ page }: WatchedPage): Promise<boolean> {
  return await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth");
}
