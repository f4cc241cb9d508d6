import { isDeepStrictEqual } from "node:util";
import { parse } from "smol-toml";
import { jsonTokens, replaceTokens, type TextToken, tomlTokens } from "./text-strings.js";

/** What becomes of the strings of a document. `path` are the keys above a value. */
export interface RedactionRule {
  /** Another text in the key's place, or the same to keep it. */
  readonly key: (key: string) => string;
  readonly text: (value: string, path: readonly string[]) => string;
  /** Whether a number or date must not be shown; the whole document is refused then. */
  readonly hides: (path: readonly string[]) => boolean;
}

/** A text fit to be published, or why there is none. `stand-in`: as broken as the original, which does not parse. */
export type Redacted =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "stand-in"; readonly text: string }
  | { readonly kind: "refused" };

/**
 * Replaces the strings of a TOML document where they stand, so that order, lines and spelling stay; comments go. The result is refused unless it reads as the original with
 * just those values replaced.
 */
export function redactToml(text: string, rule: RedactionRule): Redacted {
  const read = (source: string): unknown => parse(source, { integersAsBigInt: "asNeeded" });
  const tokens = (source: string) => tomlTokens(source);
  return redact(text, { read, tokens, broken: brokenToml }, rule);
}

/** The same for JSON. */
export function redactJson(text: string, rule: RedactionRule): Redacted {
  return redact(text, { read: (source) => JSON.parse(source), tokens: jsonTokens, broken: () => brokenText }, rule);
}

interface Format {
  readonly read: (text: string) => unknown;
  readonly tokens: (text: string) => readonly TextToken[];
  readonly broken: (error: unknown) => string;
}

const brokenText = "= this file cannot be parsed; its text stays on the node\n";

function redact(text: string, format: Format, rule: RedactionRule): Redacted {
  let tree: unknown;
  try {
    tree = format.read(text);
  } catch (error) {
    return { kind: "stand-in", text: format.broken(error) };
  }
  try {
    const replaced = new Map<string, string>();
    const wanted = rewrite(tree, [], rule, replaced);
    const result = replaceTokens(text, format.tokens(text), (token) => {
      if (token.kind === "comment") return "#";
      const value = token.value === undefined ? "" : (replaced.get(token.value) ?? token.value);
      return value === token.value ? text.slice(token.start, token.end) : JSON.stringify(value);
    });
    const secrets = [...replaced.keys()];
    const leaks = secrets.some((secret) => secret.length > 3 && result.includes(secret));
    return !leaks && isDeepStrictEqual(format.read(result), wanted)
      ? { kind: "text", text: result }
      : { kind: "refused" };
  } catch {
    return { kind: "refused" };
  }
}

/** The value with every string replaced as the rule says; what differs is noted. */
function rewrite(value: unknown, path: readonly string[], rule: RedactionRule, replaced: Map<string, string>): unknown {
  const note = (text: string, by: string): string => {
    if (by !== text) replaced.set(text, by);
    return by;
  };
  if (typeof value === "string") return note(value, rule.text(value, path));
  if (Array.isArray(value)) return value.map((entry) => rewrite(entry, path, rule, replaced));
  if (typeof value !== "object" || value === null || value instanceof Date) {
    if (typeof value !== "boolean" && value !== null && rule.hides(path)) throw new Error("no text to replace");
    return value;
  }
  const result: Record<string, unknown> = Object.create(Object.getPrototypeOf(value));
  for (const [key, member] of Object.entries(value)) {
    const name = note(key, rule.key(key));
    if (Object.hasOwn(result, name)) throw new Error("two keys fall together");
    result[name] = rewrite(member, [...path, key], rule, replaced);
  }
  return result;
}

/** The first fault stays on its line. */
function brokenToml(error: unknown): string {
  const line = typeof error === "object" && error !== null && "line" in error ? Number(error.line) : 1;
  return "\n".repeat(Math.min(Math.max(line - 1, 0), 10_000)) + brokenText;
}
