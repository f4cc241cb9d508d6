import type { FactOrigin, NodeConfigIssue, RegistryHost } from "../types.js";
import { allCapabilities, type HostsFileEntry, withoutUser } from "./host-entry.js";
import { portOf } from "./host-url.js";
import { isLocalhost } from "./localhost.js";
import type { HostTraits } from "./traits.js";

/** A host as configured: file names absolute, address and scheme still as written, or absent for the registry itself. */
export interface HostDraft extends Omit<HostsFileEntry, "name" | "line"> {
  readonly name?: string;
  readonly origin?: FactOrigin;
}

/** `unusable`: the runtime keeps the host, but no request can be made from it. */
export type PlacedHost =
  | {
      readonly kind: "host";
      readonly host: Omit<RegistryHost, "tls">;
      readonly skipVerify: boolean | undefined;
    }
  | { readonly kind: "unusable"; readonly issue: NodeConfigIssue };

interface Place {
  readonly scheme: string;
  readonly address: string;
  readonly path: string;
  readonly skipVerify: boolean | undefined;
  readonly capabilities: RegistryHost["capabilities"];
}

/** Where nothing else is written. */
export const defaultDialTimeoutMs = 30_000;
/** Go's timeout 0 leaves it to Linux, which sends six more SYNs and then gives up. */
const kernelDialTimeoutMs = 127_000;

/**
 * Decides where a configured host is dialled, with which scheme, and when https gives way to http.
 * @param isLast  only the last host may stand for the registry itself
 * Source: `ConfigureHosts`, containerd remotes/docker/config/hosts.go; `isProxy`, remotes/docker/registry.go.
 */
export function placeHost(draft: HostDraft, domain: string, traits: HostTraits, isLast: boolean): PlacedHost {
  const ownAddress = draft.url === undefined || draft.url.host === "";
  const place = ownAddress && isLast ? upstreamPlace(draft, domain, traits) : writtenPlace(draft);
  const { address, path, skipVerify, capabilities } = place;
  if ((place.scheme !== "http" && place.scheme !== "https") || address === "") return unusable(draft);

  const httpsFirst =
    place.scheme === "http" && hasTlsSettings(draft, skipVerify, traits) && triesHttpsFirst(address, traits);
  const host: Omit<RegistryHost, "tls"> = {
    scheme: httpsFirst ? "https" : place.scheme,
    address,
    path,
    capabilities,
    httpFallback: httpsFirst ? fallback(address, traits) : "never",
    headers: draft.headers,
    headersOnTokenRequests: traits.headersOnTokenRequests,
    dialTimeoutMs: dialTimeout(draft),
    ...(isMirror(address, domain) && { mirrorOf: domain }),
    ...(draft.origin !== undefined && { origin: draft.origin }),
  };
  return { kind: "host", host, skipVerify };
}

function writtenPlace({ url, skipVerify, capabilities }: HostDraft): Place {
  return { scheme: url?.scheme ?? "", address: url?.host ?? "", path: url?.path ?? "", skipVerify, capabilities };
}

/** The registry itself: whatever path and capabilities the file gave it are overwritten, its TLS settings stay. */
function upstreamPlace({ skipVerify }: HostDraft, domain: string, traits: HostTraits): Place {
  const place: Place = {
    scheme: "https",
    // Docker Hub serves its API under another name than the one its images bear.
    address: domain === "docker.io" ? "registry-1.docker.io" : domain,
    path: "/v2",
    capabilities: allCapabilities(traits),
    skipVerify,
  };
  if (domain === "docker.io" || traits.localhost === "https" || !isLocalhost(domain)) return place;
  if (traits.localhost === "http") return { ...place, scheme: "http", skipVerify: true };
  const port = portOf(domain);
  if (port === "80") return { ...place, scheme: "http" };
  return { ...place, scheme: port === "" || port === "443" ? "https" : "http", skipVerify: true };
}

function hasTlsSettings(draft: HostDraft, skipVerify: boolean | undefined, traits: HostTraits): boolean {
  return (
    draft.caFiles !== undefined ||
    draft.clientFiles.length > 0 ||
    skipVerify !== undefined ||
    (draft.dialTimeoutMs !== undefined && traits.dialTimeout === "tls-setting")
  );
}

function triesHttpsFirst(address: string, traits: HostTraits): boolean {
  const port = portOf(address);
  switch (traits.httpWithTls) {
    case "stays-http":
      return false;
    case "https-first":
      return true;
    case "https-first-if-ported":
      return port !== "" && port !== "80";
    case "https-first-unless-80":
      return port !== "80";
  }
}

function fallback(address: string, traits: HostTraits): RegistryHost["httpFallback"] {
  return traits.fallsBackWhenUnreachable && portOf(address) === "" ? "plain-http-or-unreachable" : "plain-http";
}

function dialTimeout({ dialTimeoutMs = defaultDialTimeoutMs }: HostDraft): number {
  if (dialTimeoutMs === 0) return kernelDialTimeoutMs;
  // A negative timeout has run out before it began.
  return Math.max(1, dialTimeoutMs);
}

/** Whether a host stands for another registry, which it is then told of as `?ns=`. Source: `isProxy`, remotes/docker/registry.go. */
export function isMirror(address: string, domain: string): boolean {
  return address !== domain && !(domain === "docker.io" && address === "registry-1.docker.io");
}

function unusable({ name = "", origin }: HostDraft): PlacedHost {
  return {
    kind: "unusable",
    issue: {
      code: "HostsFileIgnored",
      message: `the host "${withoutUser(name)}" is never reached: it needs http:// or https:// and a host name`,
      origin: origin ?? { file: "hosts.toml" },
    },
  };
}
