/** What the kubelet takes from a key or an image name, both read as `https://` URLs. */
export interface RegistryLocation {
  /** With port, decoded, case kept. */
  readonly host: string;
  /** Decoded, `""` or with its leading slash. */
  readonly path: string;
  /** False where Go's `net/url` refuses the host since late 2025 and accepted it before. */
  readonly isAcceptedByAll: boolean;
}

/**
 * Reads `rest`, a URL without its `https://`, as Go's `url.Parse` does: user, query and fragment are dropped, host and
 * path decoded. Undefined where Go refuses the URL.
 * Source: Go net/url; the lenient host rules are those up to go1.25.1, ran against both.
 */
export function parseGoUrl(rest: string): RegistryLocation | undefined {
  const [beforeFragment, fragment] = cut(rest, "#");
  if (hasControlCharacter(beforeFragment) || unescapeUrl(fragment, "path") === undefined) return undefined;
  const [beforeQuery] = cut(beforeFragment, "?");
  const slash = beforeQuery.indexOf("/");
  const authority = slash < 0 ? beforeQuery : beforeQuery.slice(0, slash);
  const at = authority.lastIndexOf("@");
  if (at >= 0 && !isUserinfo(authority.slice(0, at))) return undefined;
  const host = parseHost(authority.slice(at + 1));
  const path = unescapeUrl(slash < 0 ? "" : beforeQuery.slice(slash), "path");
  if (host === undefined || path === undefined) return undefined;
  return { ...host, path };
}

/**
 * Host and port as the kubelet compares them (Go `net.SplitHostPort`, and the whole as host where that fails): `a:80`
 * → `a`, `80`; `[::1]:80` → `::1`, `80`; `a` and `[::1]` → themselves, no port.
 */
export function splitHostPort(host: string): { readonly host: string; readonly port: string } {
  const whole = { host, port: "" };
  const colon = host.lastIndexOf(":");
  if (colon < 0) return whole;
  const before = host.slice(0, colon);
  const port = host.slice(colon + 1);
  if (host.startsWith("[")) {
    const inner = before.slice(1, -1);
    const isWhole = before.endsWith("]") && before.indexOf("]") === before.length - 1;
    return isWhole && !inner.includes("[") && !/[[\]]/.test(port) ? { host: inner, port } : whole;
  }
  return before.includes(":") || /[[\]]/.test(host) ? whole : { host: before, port };
}

function parseHost(text: string): Omit<RegistryLocation, "path"> | undefined {
  const bracket = text.startsWith("[") ? text.lastIndexOf("]") : 0;
  if (bracket < 0) return undefined;
  const colon = bracket > 0 ? bracket + 1 : text.lastIndexOf(":");
  const port = colon < 0 ? "" : text.slice(colon);
  if (!/^(:\d*)?$/.test(port)) return undefined;
  const zone = bracket > 0 ? text.slice(0, bracket).indexOf("%25") : -1;
  const host =
    zone < 0
      ? unescapeUrl(text, "host")
      : joined(
          unescapeUrl(text.slice(0, zone), "host"),
          unescapeUrl(text.slice(zone, bracket), "zone"),
          unescapeUrl(text.slice(bracket), "host"),
        );
  return host === undefined ? undefined : { host, isAcceptedByAll: isStrictHost(text) };
}

/** The rules of go1.26: brackets hold an IPv6 address and nothing else, and one colon at most stands outside them. */
function isStrictHost(text: string): boolean {
  const bracketed = /^\[([^[\]]*)\](:\d*)?$/.exec(text);
  if (bracketed !== null) return isIpv6(bracketed[1] ?? "");
  return !text.includes("[") && text.indexOf(":") === text.lastIndexOf(":");
}

function isIpv6(text: string): boolean {
  const [address] = cut(text, "%25");
  return /^[0-9a-fA-F:.]+$/.test(address) && URL.canParse(`http://[${address}]/`);
}

type UrlPart = "host" | "zone" | "path" | "user";

/** Bytes that may stand unescaped in a host besides letters, digits and `-_.~`, and anything outside ASCII. */
const hostPunctuation = "!$&'()*+,;=:[]<>\"";

function unescapeUrl(text: string, part: UrlPart): string | undefined {
  const bytes: number[] = [];
  const source = Buffer.from(text, "utf8");
  for (let at = 0; at < source.length; at += 1) {
    const byte = source[at] ?? 0;
    if (byte !== 0x25) {
      if (!isAllowedRaw(byte, part)) return undefined;
      bytes.push(byte);
      continue;
    }
    const decoded = unescapedByte(source.toString("latin1", at, at + 3), part);
    if (decoded === undefined) return undefined;
    bytes.push(decoded);
    at += 2;
  }
  return Buffer.from(bytes).toString("utf8");
}

function isAllowedRaw(byte: number, part: UrlPart): boolean {
  if (part === "path" || part === "user" || byte >= 0x80) return true;
  const char = String.fromCharCode(byte);
  return /[A-Za-z0-9\-_.~]/.test(char) || hostPunctuation.includes(char);
}

function unescapedByte(sequence: string, part: UrlPart): number | undefined {
  if (!/^%[0-9a-fA-F]{2}$/.test(sequence)) return undefined;
  const byte = Number.parseInt(sequence.slice(1), 16);
  // RFC 6874: below 0x80 a host may escape the percent sign alone, a zone also what a host may hold unescaped and a space.
  if (part === "host" && byte < 0x80 && byte !== 0x25) return undefined;
  if (part === "zone" && byte !== 0x25 && byte !== 0x20 && !isAllowedRaw(byte, "host")) return undefined;
  return byte;
}

function isUserinfo(text: string): boolean {
  return /^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(text) && unescapeUrl(text, "user") !== undefined;
}

function hasControlCharacter(text: string): boolean {
  return [...text].some((char) => char < " " || char === "\u007f");
}

function cut(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}

function joined(...parts: readonly (string | undefined)[]): string | undefined {
  return parts.includes(undefined) ? undefined : parts.join("");
}
