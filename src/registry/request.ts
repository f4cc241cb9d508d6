import { posix } from "node:path";
import type { RegistryHost } from "../node/index.js";
import { baseOf } from "./host-names.js";
import type { HttpRequest } from "./transport.js";
import type { ExchangeRequest } from "./types.js";

type Headers = Record<string, readonly string[]>;

// Framing belongs to the transport; Go ignores these in hosts.toml as well.
const ownedByTransport = new Set([
  "host",
  "connection",
  "content-length",
  "transfer-encoding",
  "upgrade",
  "expect",
  "keep-alive",
  "te",
  "trailer",
]);

/** The address of an endpoint on a host, or undefined where the node's configuration makes no URL. */
export function endpointUrl(request: ExchangeRequest): URL | undefined {
  const { host } = request;
  const base = baseOf(host);
  if (base === undefined) return undefined;
  const [path = "", query = ""] = request.endpoint.split("?", 2);
  const url = new URL(base);
  url.pathname = posix.join("/", host.path, request.repository, path);
  url.search = query;
  if (host.mirrorOf !== undefined) url.searchParams.append("ns", host.mirrorOf);
  return url;
}

/** Headers of a registry request, names in lower case. Those of the node's configuration stay with its host. */
export function registryHeaders(request: ExchangeRequest, userAgent: string, ownHost: boolean, url: URL): Headers {
  const configured = ownHost ? configuredHeaders(request.host) : {};
  return {
    "user-agent": [userAgent],
    ...configured,
    host: [ownHost ? request.host.address : url.host],
    accept: [...(configured.accept ?? []), request.accept.join(", ")],
    ...(request.range === undefined ? {} : { range: [`bytes=${request.range.first}-${request.range.last ?? ""}`] }),
  };
}

/** Headers of a token request. Those of the node's configuration go along from containerd 2.1 on. */
export function tokenHeaders(
  host: RegistryHost,
  userAgent: string,
  realm: URL,
  trusted: boolean,
): HttpRequest["headers"] {
  const configured = host.headersOnTokenRequests && trusted ? configuredHeaders(host) : {};
  return { "user-agent": [userAgent], ...configured, host: [realm.host] };
}

function configuredHeaders(host: RegistryHost): Headers {
  const headers: Headers = {};
  for (const [name, values] of Object.entries(host.headers)) {
    const key = name.toLowerCase();
    if (!ownedByTransport.has(key)) headers[key] = [...(headers[key] ?? []), ...values];
  }
  return headers;
}

/** Whether the node's configuration adds headers of its own for this host. */
export function hasConfiguredHeaders(host: RegistryHost): boolean {
  return Object.keys(configuredHeaders(host)).length > 0;
}
