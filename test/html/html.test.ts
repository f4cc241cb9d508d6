import assert from "node:assert/strict";
import {
  bytes,
  duration,
  escapeHtml,
  type HtmlValue,
  html,
  moment,
  pageHeaders,
  renderPage,
  renderTable,
} from "../../src/html/index.js";

const templates: readonly { name: string; given: HtmlValue; want: string }[] = [
  {
    name: "text is escaped",
    given: `<script>alert("1")</script>&'`,
    want: "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;",
  },
  { name: "markup is not escaped twice", given: html`<b>${"<"}</b>`, want: "<b>&lt;</b>" },
  { name: "lists are joined", given: ["a", html`<i>b</i>`, 3], want: "a<i>b</i>3" },
  { name: "undefined and false show nothing", given: [undefined, false, ""], want: "" },
  { name: "zero is shown", given: 0, want: "0" },
  {
    name: "characters that cannot be seen are written out",
    given: "a\u202eb\u0000c\u200b\u0085\u2028",
    want: "a\\u202eb\\u0000c\\u200b\\u0085\\u2028",
  },
  { name: "line ends are spaces", given: "a\r\nb\tc", want: "a  b c" },
];

describe("html", () => {
  for (const { name, given, want } of templates) {
    it(name, () => assert.equal(html`<p title="${given}">${given}</p>`.toString(), `<p title="${want}">${want}</p>`));
  }

  it("escapes in time that grows with the length", () => {
    assert.equal(escapeHtml("<\u202e".repeat(100_000)).length, 100_000 * 10);
  });
});

describe("durations, sizes and moments", () => {
  for (const [spanMs, want] of [
    [0, "0 s"],
    [-5, "0 s"],
    [999, "0 s"],
    [59_999, "59 s"],
    [60_000, "1 min"],
    [3_600_000, "1 h"],
    [90_061_000, "1 d 1 h"],
    [86_460_000, "1 d"],
    [3_725_000, "1 h 2 min"],
  ] as const) {
    it(`${spanMs} ms is ${want}`, () => assert.equal(duration(spanMs), want));
  }
  for (const [count, want] of [
    [0, "0 B"],
    [1023, "1023 B"],
    [1536, "1.5 KiB"],
    [300 * 1024, "300 KiB"],
    [5 * 1024 ** 5, "5120 TiB"],
  ] as const) {
    it(`${count} bytes are ${want}`, () => assert.equal(bytes(count), want));
  }
  it("a moment says how far it is and when exactly", () => {
    const exact = "1970-01-01T00:01:00.000Z";
    assert.equal(moment(60_000, 180_000).toString(), `<time datetime="${exact}" title="${exact}">2 min ago</time>`);
    assert.match(moment(60_000, 0).toString(), />in 1 min</);
    assert.equal(moment(Number.NaN, 0).toString(), "unknown");
  });
});

describe("renderTable", () => {
  const columns = [
    { title: "Image", cell: (row: { image: string; count: number }) => row.image, kind: "row" },
    {
      title: "Count",
      cell: (row: { count: number }) => row.count,
      sort: (row: { count: number }) => -row.count,
      kind: "number",
    },
  ] as const;

  it("names the table, its columns and its rows", () => {
    const given = { id: "t", caption: "All <images>", columns, rows: [{ image: `a"><img>`, count: 2 }], empty: "none" };
    const text = renderTable(given).toString();
    assert.match(text, /<caption id="t-caption"><span>All &lt;images&gt;<\/span><\/caption>/);
    assert.match(text, /<th scope="col" class="number">Count<\/th>/);
    assert.match(
      text,
      /<tr><th scope="row">a&quot;&gt;&lt;img&gt;<\/th><td class="number" data-sort="-2">2<\/td><\/tr>/,
    );
  });

  it("says so where there are no rows", () => {
    assert.equal(
      renderTable({ id: "t", caption: "c", columns, rows: [], empty: "none" }).toString(),
      '<p class="dim">none</p>',
    );
  });
});

describe("renderPage", () => {
  const page = renderPage({ title: "A & B", sections: [{ id: "one", title: "One", body: "1" }] });

  it("allows nothing but the style and the script that it has", () => {
    const policy = pageHeaders["content-security-policy"] ?? "";
    assert.match(policy, /^default-src 'none'; style-src 'sha256-[^' ]+'; script-src 'sha256-[^' ]+'; img-src data:;/);
    assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    assert.match(page, /<meta http-equiv="content-security-policy" content="default-src &#39;none&#39;/);
  });

  it("names nothing outside", () => {
    assert.doesNotMatch(page, /(?:src|href)="(?!#|data:,)/);
    assert.doesNotMatch(page, /url\(|@import|https?:/);
  });

  it("has a language and a title", () => {
    assert.match(page, /<html lang="en">/);
    assert.match(page, /<title>A &amp; B<\/title>/);
  });
});
