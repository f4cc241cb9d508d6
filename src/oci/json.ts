/** Go's decoder gives up at this depth. Source: Go encoding/json scanner.go `maxNestingDepth` */
const maxDepth = 10_000;

const quote = 0x22;
const backslash = 0x5c;

/** JSON as Go's decoder would take or refuse it; `reason` quotes at most one character of the input. */
export type JsonText =
  | { readonly kind: "json"; readonly value: unknown }
  | { readonly kind: "unreadable"; readonly reason: string };

/**
 * Reads a JSON text. The commonest faults are worded as Go words them, since that is what a node's events show; the
 * JavaScript engine's own text would quote the body. Never throws, whatever the nesting.
 */
export function readJson(bytes: Uint8Array): JsonText {
  if (nestsTooDeep(bytes)) return { kind: "unreadable", reason: "exceeded max depth" };
  // Not a TextDecoder: that would swallow a byte order mark, at which Go fails.
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
  try {
    return { kind: "json", value: JSON.parse(source) };
  } catch {
    return { kind: "unreadable", reason: syntaxFault(source) };
  }
}

function syntaxFault(source: string): string {
  const first = /[^ \t\r\n]/u.exec(source)?.[0];
  if (first === undefined) return "unexpected end of JSON input";
  return /["{[\-\dtfn]/.test(first)
    ? "invalid JSON"
    : `invalid character ${quoted(first)} looking for beginning of value`;
}

function quoted(character: string): string {
  return /[!-~]/.test(character) ? `'${character}'` : `U+${character.codePointAt(0)?.toString(16).padStart(4, "0")}`;
}

/** Parsing millions of brackets first and refusing them afterwards would hold the process up for a second. */
function nestsTooDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === quote) inString = !inString;
    else if (inString) at += byte === backslash ? 1 : 0;
    else {
      depth += depthStep(byte);
      if (depth > maxDepth) return true;
    }
  }
  return false;
}

function depthStep(byte: number | undefined): number {
  if (byte === 0x7b || byte === 0x5b) return 1;
  return byte === 0x7d || byte === 0x5d ? -1 : 0;
}
