import { Redacted } from "../../core/index.js";
import type { ProxyOverrides } from "../runtime-view.js";
import type { FactOrigin, HostProxy, NodeConfigIssue, ProxyRules } from "../types.js";
import type { RuntimeEnvironment, Variable } from "./runtime-environment.js";

/** The proxies of a runtime; `rules` is absent where it asks none. */
export interface ProxyReading {
  readonly rules?: ProxyRules;
  readonly issues: readonly NodeConfigIssue[];
  /** An address could not be read: what the runtime makes of it is not certain. */
  readonly partial: boolean;
}

const defaultPorts: Readonly<Record<HostProxy["scheme"], string>> = { http: "80", https: "443", socks5: "1080" };

/**
 * Which proxies a Go program takes from its environment. The upper-case name goes before the lower-case one; an empty value
 * counts as none; an address that cannot be read is ignored.
 * @param overrides what the runtime's own configuration puts in the place of a variable
 * Source: golang.org/x/net/http/httpproxy `FromEnvironment`, `parseProxy`; moby daemon/command `overrideProxyEnv`.
 */
export function readProxySettings({ variables }: RuntimeEnvironment, overrides?: ProxyOverrides): ProxyReading {
  const value = (name: string, override: string | undefined): Variable | undefined => {
    if (override !== undefined && override !== "" && overrides !== undefined) {
      return { value: override, origin: overrides.origin };
    }
    return [name, name.toLowerCase()]
      .map((spelling) => variables.get(spelling))
      .find((found) => (found?.value ?? "") !== "");
  };
  const issues: NodeConfigIssue[] = [];
  const proxy = (name: string, override: string | undefined): HostProxy | undefined => {
    const found = value(name, override);
    if (found === undefined) return undefined;
    const parsed = parseProxy(found.value, found.origin);
    if (parsed === undefined) {
      const message = `the proxy in ${name} cannot be read as an address, so that probably no proxy is asked`;
      issues.push({ code: "SettingIgnored", message, origin: found.origin });
    }
    return parsed;
  };
  const https = proxy("HTTPS_PROXY", overrides?.httpsProxy);
  const http = proxy("HTTP_PROXY", overrides?.httpProxy);
  const partial = issues.length > 0;
  if (https === undefined && http === undefined) return { issues, partial };
  const noProxy = value("NO_PROXY", overrides?.noProxy)?.value ?? "";
  return {
    rules: { ...(https !== undefined && { https }), ...(http !== undefined && { http }), noProxy },
    issues,
    partial,
  };
}

/**
 * `host`, `host:port` or a URL; without a scheme it is http, and so Go takes a URL that it cannot read (`http://p:x`) for the
 * host `http`, which then fails every request. Undefined for what makes no address even so.
 */
export function parseProxy(text: string, origin: FactOrigin): HostProxy | undefined {
  const asUrl = /^[a-zA-Z][a-zA-Z0-9+.-]*:\/\/[^/?#]/.test(text) ? [text] : [];
  for (const written of [...asUrl, `http://${text}`]) {
    if (!URL.canParse(written) || percentDecoded(written) === undefined) continue;
    return proxyAt(new URL(written), origin);
  }
  return undefined;
}

function proxyAt(url: URL, origin: FactOrigin): HostProxy | undefined {
  const scheme = { "http:": "http", "https:": "https", "socks5:": "socks5", "socks5h:": "socks5" }[url.protocol];
  if ((scheme !== "http" && scheme !== "https" && scheme !== "socks5") || url.hostname === "") return undefined;
  const username = percentDecoded(url.username) ?? "";
  const password = percentDecoded(url.password) ?? "";
  return {
    scheme,
    address: `${url.hostname}:${url.port === "" ? defaultPorts[scheme] : url.port}`,
    credentials: username === "" && password === "" ? "none" : { username, password: new Redacted(password) },
    origin,
  };
}

function percentDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
