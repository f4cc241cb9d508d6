import { PullguardError } from "../core/index.js";

const mask = "[redacted]";
const maxDepth = 12;
const maxKeyLength = 128;
const maxStackLength = 8192;

/** Compared in lower case, since header names come in any. */
const secretKeys = new Set([
  "password",
  "authorization",
  "proxy-authorization",
  "auth",
  "token",
  "access_token",
  "refresh_token",
  "identitytoken",
  "registrytoken",
  "secret",
  "cookie",
  "set-cookie",
  ".dockerconfigjson",
  ".dockercfg",
]);

/**
 * A copy of a log object in which the value of every key that names a credential is masked, at any depth (beyond twelve
 * levels everything is). Texts and lists are cut to a sane size. Errors are cut down by {@link describeError}, bytes to their number; what has a `toJSON` of its
 * own is trusted to know what it shows.
 */
export function maskSecrets(record: Record<string, unknown>): Record<string, unknown> {
  return maskObject(record, 0);
}

function maskObject(record: object, depth: number): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(record).slice(0, maxItems)) {
    copy[visibleText(key, maxKeyLength)] = secretKeys.has(key.toLowerCase()) ? mask : maskValue(value, depth + 1);
  }
  return copy;
}

const maxTextLength = 2048;
const maxItems = 100;

// Ends of lines and of texts, directions and what cannot be seen, for terminals and viewers that honour them.
const invisible = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;
const keptControls = new Set(["\n", "\t"]);

/**
 * A text that can be shown as a whole: cut to `maxLength` characters, with characters that cannot be seen written out as
 * `\u202e`. Line ends and tabs stay: what is written escapes them.
 */
export function visibleText(text: string, maxLength = maxTextLength): string {
  const cut = text.length > maxLength ? `${text.slice(0, maxLength)}… (${text.length} characters)` : text;
  return cut.replace(invisible, (character) =>
    keptControls.has(character) ? character : `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}

function maskValue(value: unknown, depth: number): unknown {
  if (typeof value === "string") {
    return visibleText(value);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  if (depth > maxDepth) {
    return mask;
  }
  if (Array.isArray(value)) {
    const shown = value.slice(0, maxItems).map((item) => maskValue(item, depth + 1));
    return value.length > maxItems ? [...shown, `… (${value.length} in all)`] : shown;
  }
  if (value instanceof Error) {
    return describeError(value);
  }
  if (value instanceof Uint8Array) {
    return `[${value.length} bytes]`;
  }
  return "toJSON" in value && typeof value.toJSON === "function" ? value : maskObject(value, depth);
}

/** What of an error goes to the log: names, codes, messages and the chain of causes, but none of its other properties. */
export function describeError(error: unknown, depth = 0): Record<string, unknown> {
  if (!(error instanceof Error)) {
    return { message: typeof error === "string" ? error : `a thrown ${typeof error}` };
  }
  const code = error instanceof PullguardError ? error.code : "code" in error ? String(error.code) : undefined;
  return {
    type: error.name,
    ...(code === undefined ? {} : { code }),
    message: visibleText(error.message),
    ...(error.stack === undefined ? {} : { stack: visibleText(error.stack, maxStackLength) }),
    ...(error.cause === undefined || depth >= 4 ? {} : { cause: describeError(error.cause, depth + 1) }),
  };
}
