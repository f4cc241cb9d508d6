import type { Redacted } from "../core/index.js";
import { parseGoUrl } from "./go-url.js";
import { credentialIdentity } from "./identity.js";
import { rankNearMisses, reasonForMiss } from "./near-miss.js";
import { matchesRepository, type RegistryKey, readKey } from "./registry-key.js";
import type { CredentialOrigin, Keyring, NearMiss, PullSecretEntry, RegistryCredential } from "./types.js";

/** The entries of one Secret or node file. `version` is the Secret's resourceVersion, "" for a file. */
export interface KeyringSource {
  readonly entries: readonly PullSecretEntry[];
  readonly origin:
    | { readonly kind: "secret"; readonly namespace: string; readonly name: string }
    | { readonly kind: "node"; readonly file: string };
  readonly version: string;
}

export interface KeyringDeps {
  /** At least 32 random bytes, made anew by every process; see `credentialIdentity`. */
  readonly identityKey: Uint8Array;
}

/**
 * The kubelet's keyring over the Pod's Secrets in their order, or over the one file of the node.
 *
 * Keys are tried in reverse byte order, which is "longest first" only among keys that share a beginning; equal keys in
 * the order of the sources. Where two spellings of one source fall together into one key the kubelet's order is random;
 * here it is the order of the text.
 * Source: kubelet pkg/credentialprovider/keyring.go `BasicDockerKeyring`, 1.26 and 1.36 alike
 */
export function buildKeyring(sources: readonly KeyringSource[], deps: KeyringDeps): Keyring {
  const entries = sources.flatMap((source) => source.entries.map((entry) => toKeyEntry(source, entry, deps)));
  entries.sort(byReverseKey);
  // A keyring is asked for the same few repositories by every Pod of a rollout.
  const known = new Map<string, readonly RegistryCredential[]>();
  return {
    lookup: (repository) => {
      if (entries.length === 0) return nothing;
      const found = known.get(repository) ?? appliedTo(entries, repository).map((entry) => entry.credential);
      if (known.size >= maxKnownLookups) known.clear();
      known.set(repository, found);
      return found;
    },
    nearMisses: (repository) => missesOf(entries, repository),
    versionDependent: (repository) => {
      const applied = appliedTo(entries, repository);
      return applied.filter((entry) => entry.key?.isAcceptedByAll === false).map((entry) => entry.credential.origin);
    },
  };
}

const nothing: readonly RegistryCredential[] = [];
const maxKnownLookups = 100;

/** `key` is undefined where the kubelet skips the entry. */
interface KeyEntry {
  readonly key: RegistryKey | undefined;
  readonly writtenKey: Redacted<string>;
  readonly credential: RegistryCredential;
}

const hubKey = "index.docker.io";

function toKeyEntry(source: KeyringSource, entry: PullSecretEntry, deps: KeyringDeps): KeyEntry {
  const origin: CredentialOrigin = { ...source.origin, key: entry.key };
  const identity = credentialIdentity(deps.identityKey, entry, source.version);
  return {
    writtenKey: entry.writtenKey,
    key: readKey(entry.writtenKey.reveal()),
    credential: { username: entry.username, password: entry.password, origin, identity },
  };
}

function byReverseKey(a: KeyEntry, b: KeyEntry): number {
  // Go compares bytes; JavaScript's own order of strings differs beyond U+FFFF.
  return Buffer.compare(Buffer.from(b.key?.normalised ?? ""), Buffer.from(a.key?.normalised ?? ""));
}

function appliedTo(entries: readonly KeyEntry[], repository: string): readonly KeyEntry[] {
  if (entries.length === 0) return entries;
  const matched = matchedBy(entries, repository);
  if (matched.length > 0 || !isHubRepository(repository)) return matched;
  return entries.filter((entry) => entry.key?.normalised === hubKey);
}

function matchedBy(entries: readonly KeyEntry[], repository: string): readonly KeyEntry[] {
  const location = parseGoUrl(repository);
  if (location === undefined) return [];
  return entries.filter((entry) => entry.key !== undefined && matchesRepository(entry.key, location));
}

/** Whatever cannot be a host name counts as Docker Hub to the kubelet: `localhost/x` and `FOO/x` too. */
function isHubRepository(repository: string): boolean {
  const [first = ""] = repository.split("/", 1);
  if (first === "") return false;
  return !repository.includes("/") || first === "docker.io" || first === hubKey || !/[.:]/.test(first);
}

function missesOf(entries: readonly KeyEntry[], repository: string): readonly NearMiss[] {
  const applied = new Set(appliedTo(entries, repository));
  const isHub = isHubRepository(repository);
  const misses = entries
    .filter((entry) => !applied.has(entry))
    .map(({ key, writtenKey, credential: { origin } }): NearMiss => {
      const isShadowed = isHub && key?.normalised === hubKey;
      return { origin, reason: isShadowed ? "alias-shadowed" : reasonForMiss(writtenKey.reveal(), key, repository) };
    });
  return rankNearMisses(misses);
}
