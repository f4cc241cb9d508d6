import { parse } from "smol-toml";

/** A string literal or comment of a text; `value` what a string stands for. */
export interface TextToken {
  readonly kind: "string" | "comment";
  readonly start: number;
  readonly end: number;
  /** Undefined for a comment, and for a string that cannot be read by itself. */
  readonly value?: string;
}

/**
 * The strings and comments of a TOML document that parses, in order. Outside of both no quote and no `#` can stand.
 * Source: TOML 1.0, "String" and "Comment"
 */
export function tomlTokens(text: string): readonly TextToken[] {
  const tokens: TextToken[] = [];
  for (let at = 0; at < text.length; ) {
    const character = text[at];
    if (character === "#") {
      const end = lineEnd(text, at);
      tokens.push({ kind: "comment", start: at, end });
      at = end;
    } else if (character === '"' || character === "'") {
      const end = tomlStringEnd(text, at, character);
      tokens.push({ kind: "string", start: at, end, ...decoded(() => parse(`x = ${text.slice(at, end)}`).x) });
      at = end;
    } else at += 1;
  }
  return tokens;
}

/** The strings of a JSON document that parses, in order. */
export function jsonTokens(text: string): readonly TextToken[] {
  return [...text.matchAll(/"(?:[^"\\]|\\.)*"/gs)].map(({ 0: literal, index }) => ({
    kind: "string",
    start: index,
    end: index + literal.length,
    ...decoded(() => JSON.parse(literal)),
  }));
}

/** The text with some tokens replaced; each keeps its number of lines, so that what follows stays on its line. */
export function replaceTokens(text: string, tokens: readonly TextToken[], by: (token: TextToken) => string): string {
  let at = 0;
  let result = "";
  for (const token of tokens) {
    const before = text.slice(token.start, token.end);
    result += text.slice(at, token.start) + by(token);
    // Only TOML's long strings span lines, and a line may end after any of them but in an inline table.
    result += "\n".repeat(token.kind === "string" ? newlines(before) - newlines(by(token)) : 0);
    at = token.end;
  }
  return result + text.slice(at);
}

function newlines(text: string): number {
  return text.split("\n").length - 1;
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : text[end - 1] === "\r" ? end - 1 : end;
}

function tomlStringEnd(text: string, start: number, quote: string): number {
  const long = quote.repeat(3);
  const isLong = text.startsWith(long, start);
  let at = start + (isLong ? 3 : 1);
  for (; at < text.length; at += 1) {
    if (quote === '"' && text[at] === "\\") at += 1;
    else if (!isLong && text[at] === quote) return at + 1;
    else if (isLong && text.startsWith(long, at)) {
      // Up to two quotes may stand before the closing three.
      let end = at + 3;
      while (end < at + 5 && text[end] === quote) end += 1;
      return end;
    }
  }
  return text.length;
}

function decoded(read: () => unknown): { readonly value?: string } {
  try {
    const value = read();
    return typeof value === "string" ? { value } : {};
  } catch {
    return {};
  }
}
