import { matchesGoGlob } from "./glob.js";
import { parseGoUrl, type RegistryLocation, splitHostPort } from "./go-url.js";

/** A registry key after the kubelet's normalisation. */
export interface RegistryKey extends RegistryLocation {
  /** `host[:port][/path]`, by which keys are sorted and by which equal spellings fall together. */
  readonly normalised: string;
}

/**
 * Normalises a key of a docker config: scheme, user, query and fragment go, so do a leading `/v1` or `/v2` before a
 * further slash and a bare `/`. Undefined where the kubelet skips the entry.
 *
 * A key is read twice, as written and again as normalised, because the kubelet does so: `reg.io/a%3Fb` ends up as
 * `reg.io/a`. Where the second reading fails the key matches nothing, but still counts for the docker.io alias.
 * Source: kubelet pkg/credentialprovider/keyring.go `Add` and `URLsMatchStr`, 1.26 and 1.36 alike
 */
export function readKey(key: string): RegistryKey | undefined {
  const first = parseGoUrl(key.replace(/^https?:\/\//, ""));
  if (first === undefined) return undefined;
  const path = /^\/v[12]\//.test(first.path) ? first.path.slice(3) : first.path;
  const normalised = first.host + (path === "/" ? "" : path);
  const second = parseGoUrl(normalised);
  if (second === undefined) return { normalised, host: "", path: "", isAcceptedByAll: first.isAcceptedByAll };
  return { ...second, normalised, isAcceptedByAll: first.isAcceptedByAll && second.isAcceptedByAll };
}

/** A key for messages: user, password and query, which the kubelet drops, may be secrets and are masked. */
export function shownKey(key: string): string {
  return key.replace(/^(https?:\/\/)?.*@/is, "$1[redacted]@").replace(/([?#]).*$/s, "$1[redacted]");
}

/**
 * Whether a key applies to a repository: equal ports, as many labels, every label by its glob, and the key's path a
 * plain prefix of the repository's (`/foo` is one of `/foobar/x`). Case counts.
 */
export function matchesRepository(key: RegistryLocation, repository: RegistryLocation): boolean {
  if (key.host === "") return false;
  const { host: keyHost, port: keyPort } = splitHostPort(key.host);
  const { host, port } = splitHostPort(repository.host);
  return keyPort === port && repository.path.startsWith(key.path) && matchesHost(keyHost, host);
}

/** Label by label, both without port. */
export function matchesHost(pattern: string, host: string): boolean {
  const patterns = pattern.split(".");
  const labels = host.split(".");
  return patterns.length === labels.length && patterns.every((label, at) => matchesGoGlob(label, labels[at] ?? ""));
}
