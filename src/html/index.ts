export { escapeHtml, Html, type HtmlValue, html } from "./markup.js";
export { type PageContent, pageHeaders, renderPage, type Section } from "./page.js";
export { badge, bytes, duration, facts, moment, type Tone } from "./parts.js";
export { type Column, renderTable, type Table } from "./table.js";
