import { createHash } from "node:crypto";
import { Html, type HtmlValue, html } from "./markup.js";
import { tableScript } from "./script.js";
import { pageStyle } from "./style.js";

/** One part of a page, reached from its table of contents. `id`: unique within the page, letters and dashes. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly body: HtmlValue;
}

/** What a page shows. */
export interface PageContent {
  readonly title: string;
  /** Below the title: what this is, when it was made. */
  readonly lead?: HtmlValue;
  readonly sections: readonly Section[];
  readonly footer?: HtmlValue;
}

const hash = (text: string): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** Nothing is loaded from anywhere, and only the one style and the one script that pages have are run. */
const policy = [
  "default-src 'none'",
  `style-src ${hash(pageStyle)}`,
  `script-src ${hash(tableScript)}`,
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Headers for serving a page of {@link renderPage}. What they say is in the page as well, as far as HTML can, for files. */
export const pageHeaders: Readonly<Record<string, string>> = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": `${policy}; frame-ancestors 'none'`,
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cache-control": "no-store",
};

/** A whole document that needs nothing else: a file or an answer, readable without its script. */
export function renderPage(content: PageContent): string {
  const { title, lead, sections, footer } = content;
  const contents =
    sections.length < 2
      ? undefined
      : html`<nav aria-label="Sections"><ul>${sections.map(({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="content-security-policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${Html.trusted(pageStyle)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to content</a>
<header>
<h1>${title}</h1>
${lead === undefined ? undefined : html`<div class="dim">${lead}</div>`}
${contents}
</header>
<main id="content">
${sections.map(renderSection)}
</main>
${footer === undefined ? undefined : html`<footer>${footer}</footer>`}
<script>${Html.trusted(tableScript)}</script>
</body>
</html>
`;
  return page.toString();
}

function renderSection({ id, title, body }: Section): Html {
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${body}
</section>
`;
}
