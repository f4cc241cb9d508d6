const escapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
  "'": "'",
  s: " ",
};
const coded = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))/y;
/** A word as written: plain characters, escapes and quoted parts, in any order. */
const written = /(?:\\[\s\S]|"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'|[^\s"'\\])+/y;

/** Words up to the first one that systemd cannot read; `invalid` where there is such a one. */
export interface Words {
  readonly words: readonly string[];
  readonly invalid?: true;
}

/**
 * Splits the value of a setting into words: blanks between them, quotes of both kinds anywhere, escapes as in C.
 * Source: systemd src/basic/extract-word.c with EXTRACT_UNQUOTE and EXTRACT_CUNESCAPE, src/basic/escape.c `cunescape_one`.
 */
export function splitWords(text: string): Words {
  const words: string[] = [];
  const trimmed = text.trim();
  for (let at = 0; at < trimmed.length; ) {
    written.lastIndex = at;
    const raw = written.exec(trimmed)?.[0] ?? "";
    const after = at + raw.length;
    const isWhole = raw !== "" && (after === trimmed.length || /\s/.test(trimmed.charAt(after)));
    const word = isWhole ? readWord(raw) : undefined;
    if (word === undefined) return { words, invalid: true };
    words.push(word);
    at = after + (/^\s*/.exec(trimmed.slice(after))?.[0].length ?? 0);
  }
  return { words };
}

/** A word without its quotes and with its escapes read, or undefined for an escape that is none. */
function readWord(raw: string): string | undefined {
  let word = "";
  let quote = "";
  for (let at = 0; at < raw.length; at += 1) {
    const character = raw.charAt(at);
    if (character === "\\") {
      const escaped = readEscape(raw, at);
      if (escaped === undefined) return undefined;
      word += escaped.character;
      at += escaped.length - 1;
    } else if (quote === "" && (character === '"' || character === "'")) {
      quote = character;
    } else if (character === quote) {
      quote = "";
    } else {
      word += character;
    }
  }
  return word;
}

/** The escape that begins at a backslash; `length` counts the backslash. */
function readEscape(raw: string, at: number): { readonly character: string; readonly length: number } | undefined {
  const simple = escapes[raw.charAt(at + 1)];
  if (simple !== undefined) return { character: simple, length: 2 };
  coded.lastIndex = at;
  const match = coded.exec(raw);
  if (match === null) return undefined;
  const [whole, byte, short, long, octal] = match;
  const code = octal === undefined ? Number.parseInt(byte ?? short ?? long ?? "", 16) : Number.parseInt(octal, 8);
  // systemd refuses a NUL and what Unicode does not have.
  if (code === 0 || code > 0x10ffff) return undefined;
  return { character: String.fromCodePoint(code), length: whole.length };
}
