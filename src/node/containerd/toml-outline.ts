import { parse } from "smol-toml";

/** A `[a.b]` or `[[a.b]]` header, or the (dotted) key of a `key = value` line with the header it stands under. */
export interface OutlineEntry {
  readonly kind: "table" | "array-table" | "value";
  /** Full path from the root. */
  readonly path: readonly string[];
  /** 1-based. */
  readonly line: number;
}

/** Spellings that TOML 1.1 allows and one of containerd's TOML libraries refuses: the line of the first, if any. */
export interface OutlineQuirks {
  readonly byteOrderMark?: number;
  readonly newlineInInlineTable?: number;
  readonly trailingCommaInInlineTable?: number;
  readonly escapeE?: number;
  readonly escapeX?: number;
  readonly bracketInTableName?: number;
}

export interface TomlOutline {
  /** In file order, which the parsed value does not keep (a table named `5000` would come first). */
  readonly entries: readonly OutlineEntry[];
  readonly quirks: OutlineQuirks;
  /**
   * The line of a key or table, by its path from the root: the last one where several parts write it, the first part of it
   * where no line names it alone.
   */
  readonly lineOf: (path: readonly string[]) => number | undefined;
}

/**
 * The order and lines of a document that already parsed as TOML; for any other text the answer is meaningless, but comes.
 * @param text  the document
 */
export function readTomlOutline(text: string): TomlOutline {
  return new OutlineScanner(text).scan();
}

/** Nobody asks for a path of more parts. */
const deepestAsked = 8;

/** Finds lines without looking through all entries for each of many names. */
function linesIn(entries: readonly OutlineEntry[]): TomlOutline["lineOf"] {
  let index: Map<string, { first: number; own?: number }> | undefined;
  return (path) => {
    index ??= indexOf(entries);
    const found = index.get(JSON.stringify(path));
    return found?.own ?? found?.first;
  };
}

function indexOf(entries: readonly OutlineEntry[]) {
  const index = new Map<string, { first: number; own?: number }>();
  for (const { path, line } of entries) {
    for (let length = Math.min(path.length, deepestAsked); length > 0; length -= 1) {
      const key = JSON.stringify(path.slice(0, length));
      const known = index.get(key);
      const own = length === path.length ? { own: line } : {};
      index.set(key, known === undefined ? { first: line, ...own } : { ...known, ...own });
    }
  }
  return index;
}

/** No setting lies deeper. A header of many parts is repeated in the path of every key below it. */
const deepest = 64;

class OutlineScanner {
  readonly #text: string;
  #at = 0;
  #line = 1;
  readonly #entries: OutlineEntry[] = [];
  readonly #quirks: { -readonly [K in keyof OutlineQuirks]: OutlineQuirks[K] } = {};

  constructor(text: string) {
    this.#text = text;
  }

  scan(): TomlOutline {
    if (this.#text.startsWith("\ufeff")) {
      this.#note("byteOrderMark");
      this.#at = 1;
    }
    let header: readonly string[] = [];
    while (this.#skipBlank()) {
      const line = this.#line;
      if (this.#peek() === "[") {
        header = this.#header(line);
      } else {
        this.#entries.push({ kind: "value", path: [...header, ...this.#key("=").slice(0, deepest)], line });
        this.#skipValue();
      }
    }
    return { entries: this.#entries, quirks: this.#quirks, lineOf: linesIn(this.#entries) };
  }

  #peek(ahead = 0): string {
    return this.#text.charAt(this.#at + ahead);
  }

  #note(quirk: keyof OutlineQuirks): void {
    this.#quirks[quirk] ??= this.#line;
  }

  /** Moves to the next expression; false at the end. */
  #skipBlank(): boolean {
    for (; this.#at < this.#text.length; this.#at++) {
      const char = this.#peek();
      if (char === "#") this.#skipComment();
      if (this.#peek() === "\n") this.#line++;
      else if (!" \t\r".includes(char) && char !== "#") return true;
    }
    return false;
  }

  /** Stops on the newline. */
  #skipComment(): void {
    const end = this.#text.indexOf("\n", this.#at);
    this.#at = end < 0 ? this.#text.length : end;
  }

  #header(line: number): readonly string[] {
    const array = this.#peek(1) === "[";
    this.#at += array ? 2 : 1;
    const path = this.#key("]");
    if (path.some((part) => part.includes("]"))) this.#note("bracketInTableName");
    this.#entries.push({ kind: array ? "array-table" : "table", path, line });
    this.#skipComment();
    return path.slice(0, deepest);
  }

  /** Reads a dotted key and its end character. */
  #key(end: "=" | "]"): string[] {
    const parts: string[] = [];
    while (this.#at < this.#text.length) {
      const char = this.#peek();
      if (char === end || char === "\n") break;
      if (char === '"' || char === "'") parts.push(this.#quotedKey(char));
      else if (" \t.\r".includes(char)) this.#at++;
      else parts.push(this.#bareKey(end));
    }
    if (this.#peek() === end) this.#at++;
    return parts;
  }

  #quotedKey(quote: string): string {
    const start = this.#at;
    this.#skipString(quote);
    const raw = this.#text.slice(start, this.#at);
    if (quote === "'" || !raw.includes("\\")) return raw.slice(1, -1);
    try {
      const value = parse(`key = ${raw}`).key;
      return typeof value === "string" ? value : raw;
    } catch {
      return raw;
    }
  }

  #bareKey(end: string): string {
    const start = this.#at;
    while (this.#at < this.#text.length && !` \t\r\n."'${end}`.includes(this.#peek())) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  #skipValue(): void {
    const open: string[] = [];
    let lastSign = "";
    while (this.#at < this.#text.length) {
      const char = this.#peek();
      if (char === "\n" && open.length === 0) return;
      if (char === "#") {
        this.#skipComment();
        continue;
      }
      if (char === '"' || char === "'") this.#skipString(char);
      else this.#skipSign(char, open, lastSign);
      if (!" \t\r\n".includes(char)) lastSign = char;
    }
  }

  #skipSign(char: string, open: string[], lastSign: string): void {
    if (char === "{" || char === "[") open.push(char);
    if (char === "}" && lastSign === ",") this.#note("trailingCommaInInlineTable");
    if (char === "\n" && open.at(-1) === "{") this.#note("newlineInInlineTable");
    if (char === "}" || char === "]") open.pop();
    if (char === "\n") this.#line++;
    this.#at++;
  }

  #skipString(quote: string): void {
    const long = this.#peek(1) === quote && this.#peek(2) === quote;
    const end = long ? quote.repeat(3) : quote;
    this.#at += end.length;
    while (this.#at < this.#text.length && !this.#text.startsWith(end, this.#at)) {
      const char = this.#peek();
      if (char === "\n") {
        if (!long) return;
        this.#line++;
      }
      if (char === "\\" && quote === '"') this.#skipEscape();
      else this.#at++;
    }
    this.#at += end.length;
    // A long string may end in up to five quotes, of which the first two are content.
    for (let extra = 0; long && extra < 2 && this.#peek() === quote; extra++) this.#at++;
  }

  /** Stays before a newline, which the caller counts. */
  #skipEscape(): void {
    const escaped = this.#peek(1);
    if (escaped === "e") this.#note("escapeE");
    if (escaped === "x") this.#note("escapeX");
    this.#at += escaped === "\n" ? 1 : 2;
  }
}
