import { type Html, type HtmlValue, html } from "./markup.js";

/** How good something is; never told by colour alone, for the text says it too. */
export type Tone = "good" | "warn" | "bad" | "plain";

/** A short word in a colour. */
export function badge(tone: Tone, text: string): Html {
  return html`<span class="badge ${tone}">${text}</span>`;
}

/** A list of names and values; those without a value are left out. */
export function facts(entries: readonly (readonly [name: string, value: HtmlValue])[]): Html {
  const known = entries.filter(([, value]) => value !== undefined && value !== "");
  return html`<dl class="facts">${known.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>\n`)}</dl>`;
}

/** A point of time as people say it, the exact one beside. */
export function moment(atMs: number, nowMs: number): Html {
  const when = new Date(atMs);
  if (Number.isNaN(when.getTime())) return html`unknown`;
  const exact = when.toISOString();
  const distance = duration(Math.abs(nowMs - atMs));
  const words = atMs > nowMs ? `in ${distance}` : `${distance} ago`;
  return html`<time datetime="${exact}" title="${exact}">${words}</time>`;
}

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
] as const;

/** A time span in its two largest units that matter: `3 d 4 h`, `12 min`, `0 s`. */
export function duration(spanMs: number): string {
  const first = units.findIndex(([, sizeMs]) => spanMs >= sizeMs);
  if (first === -1) return `${Math.max(0, Math.floor(spanMs / 1000))} s`;
  let leftMs = spanMs;
  const parts: string[] = [];
  for (const [unit, sizeMs] of units.slice(first, first + 2)) {
    const amount = Math.floor(leftMs / sizeMs);
    leftMs -= amount * sizeMs;
    if (amount > 0) parts.push(`${amount} ${unit}`);
  }
  return parts.join(" ");
}

/** A number of bytes with the unit that suits it, of 1024 each: `1.5 MiB`. */
export function bytes(count: number): string {
  const names = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = count;
  let unit = 0;
  while (value >= 1024 && unit < names.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : Math.round(value * 10) / 10} ${names[unit]}`;
}
