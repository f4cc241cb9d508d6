import { createHmac } from "node:crypto";
import { BlockList, isIP } from "node:net";
import { domainToASCII } from "node:url";
import { Redacted } from "../core/index.js";
import type { HostProxy, ProxyRules } from "../node/index.js";

/** The proxy for one address. `key` names it with its credentials, hashed. `peer` is `host:port`, for messages. */
export interface ChosenProxy {
  readonly scheme: HostProxy["scheme"];
  readonly hostname: string;
  readonly port: number;
  readonly peer: string;
  /** `Basic …`, where user and password are known. */
  readonly authorization?: Redacted<string>;
  readonly withheld: boolean;
  readonly key: string;
}

/** Decides which proxy is asked for an address. */
export interface ProxyChoice {
  /** Names rules that decide alike; no secret can be read from it. */
  keyOf(rules: ProxyRules | undefined): string;
  proxyFor(rules: ProxyRules | undefined, url: URL): ChosenProxy | undefined;
}

/** @param identityKey key under which credentials of proxies are hashed */
export function createProxyChoice(identityKey: string): ProxyChoice {
  const known = new WeakMap<HostProxy, ChosenProxy>();
  const chosen = (proxy: HostProxy): ChosenProxy => {
    let made = known.get(proxy);
    if (made === undefined) {
      made = choose(proxy, identityKey);
      known.set(proxy, made);
    }
    return made;
  };
  return {
    keyOf: (rules) => {
      if (rules === undefined) return "";
      const keys = [rules.https, rules.http].map((proxy) => (proxy === undefined ? "" : chosen(proxy).key));
      return JSON.stringify([...keys, rules.noProxy]);
    },
    proxyFor: (rules, url) => {
      const proxy = rules === undefined ? undefined : proxyOf(rules, url);
      return proxy === undefined ? undefined : chosen(proxy);
    },
  };
}

function choose({ scheme, address, credentials }: HostProxy, identityKey: string): ChosenProxy {
  const at = address.lastIndexOf(":");
  const authorization = typeof credentials === "string" ? undefined : basic(credentials);
  const hash = createHmac("sha256", identityKey).update(authorization?.reveal() ?? String(credentials));
  return {
    scheme,
    hostname: address.slice(0, at).replace(/^\[(.*)\]$/, "$1"),
    port: Number(address.slice(at + 1)),
    peer: address,
    ...(authorization !== undefined && { authorization }),
    withheld: credentials === "withheld",
    key: `${scheme}://${address} ${hash.digest("base64url")}`,
  };
}

function basic({ username, password }: { readonly username: string; readonly password: Redacted<string> }) {
  const pair = Buffer.from(`${username}:${password.reveal()}`, "utf8").toString("base64");
  return new Redacted(`Basic ${pair}`);
}

/**
 * The proxy that a Go program asks for an address, or undefined where it dials it itself: by scheme, never for loopback, not
 * for what `NO_PROXY` lists (addresses, networks, names with everything below them, each perhaps with a port, or `*`).
 * Source: golang.org/x/net/http/httpproxy `proxyForURL`, `useProxy`, `init`.
 */
export function proxyOf(rules: ProxyRules, url: URL): HostProxy | undefined {
  const proxy = url.protocol === "https:" ? rules.https : url.protocol === "http:" ? rules.http : undefined;
  if (proxy === undefined) return undefined;
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  if (host === "localhost" || isLoopback(host)) return undefined;
  return exceptions(rules.noProxy).some((matches) => matches(host.toLowerCase(), port)) ? undefined : proxy;
}

type Exception = (host: string, port: string) => boolean;

function exceptions(noProxy: string): readonly Exception[] {
  const entries = noProxy
    .split(",")
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== "");
  if (entries.includes("*")) return [() => true];
  return entries.flatMap((entry) => networkException(entry) ?? hostException(entry) ?? []);
}

function networkException(entry: string): Exception | undefined {
  const [, address = "", prefix = ""] = /^([^/]+)\/(\d{1,3})$/.exec(entry) ?? [];
  const family = address.includes("%") ? 0 : isIP(address);
  if (family === 0 || Number(prefix) > (family === 4 ? 32 : 128)) return undefined;
  const network = new BlockList();
  network.addSubnet(address, Number(prefix), family === 4 ? "ipv4" : "ipv6");
  return (host) => isIP(host) !== 0 && network.check(host, isIP(host) === 4 ? "ipv4" : "ipv6");
}

function hostException(entry: string): Exception | undefined {
  const { host, port } = splitPort(entry);
  if (host === "") return undefined;
  const samePort = (given: string) => port === "" || port === given;
  // With a zone it is no address to Go, nor one that URLs can hold.
  if (isIP(host) !== 0 && !host.includes("%")) {
    return (given, givenPort) => isIP(given) !== 0 && canonical(given) === canonical(host) && samePort(givenPort);
  }
  const bare = host.startsWith("*.") ? host.slice(1) : host;
  const own = !bare.startsWith(".");
  const suffix = asciiSuffix(own ? `.${bare}` : bare);
  return (given, givenPort) =>
    isIP(given) === 0 && (given.endsWith(suffix) || (own && given === suffix.slice(1))) && samePort(givenPort);
}

/** As Go's `SplitHostPort`: brackets belong to an IPv6 address with a port; more than one colon without them is no port. */
function splitPort(entry: string): { readonly host: string; readonly port: string } {
  const bracketed = /^\[([^\]]*)\]:([^:]*)$/.exec(entry);
  if (bracketed !== null) return { host: bracketed[1] ?? "", port: bracketed[2] ?? "" };
  const plain = /^([^:[\]]*):([^:[\]]*)$/.exec(entry);
  return plain === null ? { host: entry, port: "" } : { host: plain[1] ?? "", port: plain[2] ?? "" };
}

function asciiSuffix(suffix: string): string {
  const ascii = /[^\x20-\x7e]/.test(suffix) ? domainToASCII(suffix.slice(1)) : "";
  return ascii === "" ? suffix : `.${ascii}`;
}

function isLoopback(host: string): boolean {
  return isIP(host) !== 0 && /^127\.|^::1$/.test(canonical(host));
}

/** One spelling for each address; IPv4 inside IPv6 is the IPv4 address, as in Go. */
function canonical(address: string): string {
  if (isIP(address) !== 6) return address;
  const hex = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(hex);
  if (mapped === null) return hex;
  const [high, low] = [Number.parseInt(mapped[1] ?? "", 16), Number.parseInt(mapped[2] ?? "", 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}
