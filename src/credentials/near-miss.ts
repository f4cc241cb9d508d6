import { parseGoUrl, type RegistryLocation, splitHostPort } from "./go-url.js";
import { matchesHost, type RegistryKey, readKey } from "./registry-key.js";
import type { NearMiss, NearMissReason } from "./types.js";

/** Nearest first. */
const ranking: readonly NearMissReason[] = [
  "port-differs",
  "case-differs",
  "path-not-prefix",
  "key-unusable",
  "alias-shadowed",
  "docker-hub-spelling",
  "wildcard-depth",
  "other-host",
];

/** Addresses by which people know Docker Hub. */
const hubHosts: ReadonlySet<string> = new Set([
  "docker.io",
  "index.docker.io",
  "registry-1.docker.io",
  "registry.docker.io",
  "auth.docker.io",
  "hub.docker.com",
  "registry.hub.docker.com",
  "docker.com",
]);

/** Sorted by nearness; misses of one kind keep their order. */
export function rankNearMisses(misses: readonly NearMiss[]): readonly NearMiss[] {
  return misses.toSorted((a, b) => ranking.indexOf(a.reason) - ranking.indexOf(b.reason));
}

/**
 * Why a key that does not apply to a repository does not.
 * @param written  the key as written; `key` is what the kubelet makes of it, undefined where it skips the entry
 */
export function reasonForMiss(written: string, key: RegistryKey | undefined, repository: string): NearMissReason {
  const location = parseGoUrl(repository);
  if (location === undefined) return "other-host";
  const reason = key === undefined ? "other-host" : compare(key, location);
  if (reason !== "other-host") return reason;
  // A scheme in capitals, one slash too few, a space at the end: read what was meant.
  const meant = readKey(written.trim().replace(/^https?:\/*/i, ""));
  const isMistyped = meant !== undefined && meant.normalised !== key?.normalised;
  return isMistyped && compare(meant, location) !== "other-host" ? "key-unusable" : "other-host";
}

function compare(key: RegistryLocation, repository: RegistryLocation): NearMissReason {
  const { host: keyHost, port: keyPort } = splitHostPort(key.host);
  const { host, port } = splitHostPort(repository.host);
  if (matchesHost(keyHost.toLowerCase(), host.toLowerCase())) {
    if (keyPort !== port) return "port-differs";
    const isPrefix = repository.path.toLowerCase().startsWith(key.path.toLowerCase());
    return isPrefix ? "case-differs" : "path-not-prefix";
  }
  if (host === "docker.io" && hubHosts.has(keyHost.toLowerCase())) return "docker-hub-spelling";
  return isWildcardOf(keyHost.toLowerCase(), host.toLowerCase()) ? "wildcard-depth" : "other-host";
}

/** `*.example.com` beside `a.b.example.com` or `example.com`; a lone `*` beside any name of several labels. */
function isWildcardOf(pattern: string, host: string): boolean {
  if (!pattern.startsWith("*")) return false;
  const rest = pattern.replace(/^(\*\.?)+/, "");
  return rest === "" || matchesHost(rest, host.split(".").slice(-rest.split(".").length).join("."));
}
