import { posix } from "node:path";

/** The parts of a `server` or `[host."…"]` value that containerd uses; user, query and fragment are dropped. */
export interface HostUrl {
  /** Lower case; not always `http` or `https`: `httpd.example:5000` has the scheme `httpd.example`. */
  readonly scheme: string;
  /** `host[:port]`, "" when the value names none. */
  readonly host: string;
  /** Absolute and clean, without trailing slash; "" for the root. */
  readonly path: string;
}

/**
 * Reads a host value as containerd does: `https://` before anything that does not begin with `http`, Go's URL rules, `/v2`
 * added unless present or overridden. Undefined when Go refuses the value.
 * Source: `parseHostConfig`, containerd remotes/docker/config/hosts.go 1.6 to 2.3; Go net/url.
 */
export function parseHostUrl(value: string, overridePath: boolean): HostUrl | undefined {
  const url = parseGoUrl(value.startsWith("http") ? value : `https://${value}`);
  if (url === undefined) return undefined;
  return { ...url, path: apiRoot(url.path, overridePath) };
}

/** The parts of a URL as Go's `url.Parse` finds them, the path decoded but not cleaned; undefined when it refuses the text. */
export function parseGoUrl(raw: string): HostUrl | undefined {
  if (hasControlCharacter(raw)) return undefined;
  const { before, after } = cut(raw, "#");
  if (unescapeGo(after) === undefined) return undefined;
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(before)?.[1] ?? "";
  const rest = cut(before.slice(scheme === "" ? 0 : scheme.length + 1), "?").before;
  if (!rest.startsWith("/"))
    return scheme === "" ? relative(rest) : { scheme: scheme.toLowerCase(), host: "", path: "" };
  const slash = rest.startsWith("//") ? rest.indexOf("/", 2) : 0;
  const authority = slash === 0 ? "" : rest.slice(2, slash < 0 ? undefined : slash);
  const host = parseAuthority(authority);
  const path = unescapeGo(slash < 0 ? "" : rest.slice(slash));
  if (host === undefined || path === undefined) return undefined;
  return { scheme: scheme.toLowerCase(), host, path };
}

/** The port of `host[:port]`, "" when there is none or the text is no such pair, as Go's `net.SplitHostPort` with its error dropped. */
export function portOf(address: string): string {
  return splitHostPort(address)?.port ?? "";
}

/** Splits `host:port` and `[v6]:port`; undefined for anything else. */
export function splitHostPort(address: string): { readonly host: string; readonly port: string } | undefined {
  const match = /^(?:\[([^[\]]*)\]|([^:[\]]*)):([^:[\]]*)$/.exec(address);
  if (match === null) return undefined;
  return { host: match[1] ?? match[2] ?? "", port: match[3] ?? "" };
}

function relative(rest: string): HostUrl | undefined {
  const path = unescapeGo(rest);
  if (path === undefined || cut(rest, "/").before.includes(":")) return undefined;
  return { scheme: "", host: "", path };
}

function apiRoot(path: string, overridePath: boolean): string {
  if (path === "") return overridePath ? "" : "/v2";
  const clean = posix.normalize(path).replace(/(?<=.)\/$/, "");
  const root = clean.endsWith("/v2") || overridePath ? clean : `${clean}/v2`;
  // The request path is joined, hence cleaned once more, before it is sent: "//v2" becomes "/v2".
  return posix.normalize(`/${root}`).replace(/\/$/, "");
}

function parseAuthority(authority: string): string | undefined {
  const at = authority.lastIndexOf("@");
  if (at >= 0 && !/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(authority.slice(0, at))) return undefined;
  const host = authority.slice(at + 1);
  if (host.startsWith("[")) {
    return /^\[[0-9A-Fa-f:.]+\](:[0-9]*)?$/.test(host) ? host : undefined;
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the class is "all of ASCII but what Go allows in a host".
  if (/(?![A-Za-z0-9\-_.~!$&'()*+,;=:<>"])[\x00-\x7f]/.test(host)) return undefined;
  return /^[^:]*(:[0-9]*)?$/.test(host) ? host : undefined;
}

function unescapeGo(text: string): string | undefined {
  if (!text.includes("%")) return text;
  if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  const bytes = Buffer.from(text, "utf8").toString("latin1");
  const decoded = bytes.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(decoded, "latin1").toString("utf8");
}

function hasControlCharacter(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Go refuses exactly these.
  return /[\x00-\x1f\x7f]/.test(text);
}

function cut(text: string, separator: string): { readonly before: string; readonly after: string } {
  const at = text.indexOf(separator);
  return at < 0 ? { before: text, after: "" } : { before: text.slice(0, at), after: text.slice(at + 1) };
}
