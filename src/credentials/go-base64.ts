/** The bytes, or Go's offset of the byte at which decoding stops. Never the text itself. */
export type GoBase64Result =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "illegal"; readonly message: string };

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const newline = /[\r\n]/;

/**
 * Decodes base64 as Go's `StdEncoding` (`padding: true`) or `RawStdEncoding` does: CR and LF are skipped wherever they
 * stand, everything else outside the alphabet is illegal, unused trailing bits are not looked at. The message of an
 * illegal text is Go's, `illegal base64 data at input byte N`.
 * Source: Go encoding/base64, ran against go1.26.
 */
export function decodeGoBase64(text: string, options: { readonly padding: boolean }): GoBase64Result {
  if (isPlain(text, options.padding)) return { kind: "bytes", bytes: Buffer.from(text, "base64") };
  const bytes: number[] = [];
  let offset = 0;
  while (offset <= text.length) {
    const quantum = readQuantum(text, offset, options.padding);
    if (quantum.kind === "illegal") return illegal(quantum.offset);
    bytes.push(...bytesOf(quantum.digits));
    if (quantum.isLast) break;
    offset = quantum.next;
  }
  return { kind: "bytes", bytes: Uint8Array.from(bytes) };
}

/** Whether Node's own decoder, which passes over what it does not know and takes half a quantum, gives the same. It is far faster. */
function isPlain(text: string, padding: boolean): boolean {
  return padding
    ? text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
    : text.length % 4 !== 1 && /^[A-Za-z0-9+/]*$/.test(text);
}

type Quantum =
  | { readonly kind: "digits"; readonly digits: readonly number[]; readonly next: number; readonly isLast: boolean }
  | { readonly kind: "illegal"; readonly offset: number };

function readQuantum(text: string, start: number, padding: boolean): Quantum {
  const digits: number[] = [];
  let at = start;
  while (digits.length < 4) {
    const char = text[at];
    if (char === undefined) return endOfText(digits, at, padding);
    at += 1;
    const digit = alphabet.indexOf(char);
    if (digit >= 0) digits.push(digit);
    else if (newline.test(char)) continue;
    else if (char === "=" && padding) return padded(text, digits, at);
    else return { kind: "illegal", offset: at - 1 };
  }
  return { kind: "digits", digits, next: at, isLast: false };
}

function endOfText(digits: readonly number[], at: number, padding: boolean): Quantum {
  const isWhole = digits.length === 0 || (digits.length > 1 && !padding);
  // Go counts back the digits alone, so line breaks between them shift the offset it reports.
  return isWhole ? { kind: "digits", digits, next: at, isLast: true } : { kind: "illegal", offset: at - digits.length };
}

/** `at` stands behind the first `=`. Nothing but line breaks may follow the padding. */
function padded(text: string, digits: readonly number[], at: number): Quantum {
  if (digits.length < 2) return { kind: "illegal", offset: at - 1 };
  let next = at;
  if (digits.length === 2) {
    next = skipNewlines(text, next);
    if (next === text.length) return { kind: "illegal", offset: next };
    if (text[next] !== "=") return { kind: "illegal", offset: next - 1 };
    next += 1;
  }
  next = skipNewlines(text, next);
  return next < text.length ? { kind: "illegal", offset: next } : { kind: "digits", digits, next, isLast: true };
}

function skipNewlines(text: string, start: number): number {
  let at = start;
  while (newline.test(text[at] ?? "")) at += 1;
  return at;
}

function bytesOf(digits: readonly number[]): readonly number[] {
  const [a = 0, b = 0, c = 0, d = 0] = digits;
  const bits = (a << 18) | (b << 12) | (c << 6) | d;
  return [(bits >> 16) & 0xff, (bits >> 8) & 0xff, bits & 0xff].slice(0, Math.max(0, digits.length - 1));
}

function illegal(offset: number): GoBase64Result {
  return { kind: "illegal", message: `illegal base64 data at input byte ${offset}` };
}
