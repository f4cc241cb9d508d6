/*
 * The words of the reference grammar. Scanners instead of regular expressions where the input has no bound: whoever may
 * create a Pod chooses the string, and a backtracking engine would let a megabyte of it hold the process up.
 */

const maxTagLength = 128;
const minDigestHexLength = 32;

/** Encoded lengths of the algorithms that go-digest knows. */
const hexLengths: ReadonlyMap<string, number> = new Map([
  ["sha256", 64],
  ["sha384", 96],
  ["sha512", 128],
]);

/**
 * Whether `text` can be the host part of a reference: dotted labels of letters, digits and inner dashes, or (only where
 * `allowIpv6`) a bracketed IPv6 address, either with a numeric port.
 * Source: distribution/reference v0.6.0 regexp.go `domainAndPort`; containerd v1.6.20 reference/docker has no brackets.
 */
export function isDomain(text: string, allowIpv6: boolean): boolean {
  const hostEnd = text.startsWith("[") ? text.indexOf("]") + 1 : endOf(text, text.indexOf(":"));
  const port = text.slice(hostEnd);
  if (port !== "" && !(port.startsWith(":") && port.length > 1 && every(port, 1, isDigit))) return false;
  const host = text.slice(0, hostEnd);
  if (!host.startsWith("[")) return host.split(".").every(isDomainLabel);
  const address = host.slice(1, -1);
  return allowIpv6 && address !== "" && every(address, 0, (code) => isHexDigit(code) || code === 0x3a);
}

/**
 * Whether `text` is a repository path: components of lower-case letters and digits, joined inside by `.`, `_`, `__` or
 * dashes, and to each other by `/`.
 * Source: distribution/reference v0.6.0 regexp.go `remoteName`; the same language in the older grammar.
 */
export function isPath(text: string): boolean {
  let at = 0;
  for (;;) {
    const wordEnd = skip(text, at, isLowerAlphanumeric);
    if (wordEnd === at) return false;
    if (wordEnd === text.length) return true;
    at = jointEnd(text, wordEnd);
    if (at === wordEnd) return false;
  }
}

/** Whether `text` is a tag: a word character and up to 127 more of them, dots or dashes. */
export function isTag(text: string): boolean {
  return text.length <= maxTagLength && /^\w[\w.-]*$/.test(text);
}

/**
 * Whether `text` looks like a digest to the reference grammar: an algorithm name, a colon and 32 or more hex digits of
 * either case. Whether the algorithm is known and the length right is the question of {@link digestFault}.
 */
export function isDigestShaped(text: string): boolean {
  const colon = text.indexOf(":");
  const hexStart = colon + 1;
  if (colon < 1 || text.length - hexStart < minDigestHexLength || !every(text, hexStart, isHexDigit)) return false;
  return text
    .slice(0, colon)
    .split(/[-_+.]/)
    .every((part) => part !== "" && isLetter(part.charCodeAt(0)) && every(part, 1, isAlphanumeric));
}

/**
 * go-digest's complaint about a digest that the grammar has let through, or undefined.
 * @param digest passes {@link isDigestShaped}
 * Source: opencontainers/go-digest v1.0.0 digest.go `Validate`, algorithm.go
 */
export function digestFault(digest: string): string | undefined {
  const colon = digest.indexOf(":");
  const algorithm = digest.slice(0, colon);
  const hexLength = hexLengths.get(algorithm);
  if (hexLength === undefined) {
    return /[A-Z]/.test(algorithm) ? "invalid checksum digest format" : "unsupported digest algorithm";
  }
  if (digest.length - colon - 1 !== hexLength) return "invalid checksum digest length";
  return /[A-F]/.test(digest) ? "invalid checksum digest format" : undefined;
}

/** Whether `text` is exactly 64 lower-case hex digits: an image id, which no reference may look like. */
export function isBareImageId(text: string): boolean {
  return text.length === 64 && /^[a-f0-9]+$/.test(text);
}

/** Whether lower-casing would change `text`, letters outside ASCII included. */
export function hasUpperCase(text: string): boolean {
  return text.toLowerCase() !== text;
}

/** Lower case as Go has it. It maps U+0130 to a plain `i`, where JavaScript adds a combining dot. */
export function toLowerCaseAsGo(text: string): string {
  return text.replaceAll("\u0130", "i").toLowerCase();
}

function isDomainLabel(label: string): boolean {
  return (
    label !== "" &&
    !label.startsWith("-") &&
    !label.endsWith("-") &&
    every(label, 0, (code) => isAlphanumeric(code) || code === 0x2d)
  );
}

/** Where the joint that starts at `at` ends (`/`, `.`, `_`, `__` or a run of dashes); `at` itself if there is none. */
function jointEnd(text: string, at: number): number {
  switch (text[at]) {
    case "/":
    case ".":
      return at + 1;
    case "_":
      return text[at + 1] === "_" ? at + 2 : at + 1;
    default:
      return skip(text, at, (code) => code === 0x2d);
  }
}

function endOf(text: string, found: number): number {
  return found === -1 ? text.length : found;
}

function every(text: string, from: number, accepts: (code: number) => boolean): boolean {
  return skip(text, from, accepts) === text.length;
}

function skip(text: string, from: number, accepts: (code: number) => boolean): number {
  let at = from;
  while (at < text.length && accepts(text.charCodeAt(at))) at += 1;
  return at;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function isLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
}

function isAlphanumeric(code: number): boolean {
  return isDigit(code) || isLetter(code);
}

function isLowerAlphanumeric(code: number): boolean {
  return isDigit(code) || (code >= 0x61 && code <= 0x7a);
}

function isHexDigit(code: number): boolean {
  return isDigit(code) || (code >= 0x61 && code <= 0x66) || (code >= 0x41 && code <= 0x46);
}
