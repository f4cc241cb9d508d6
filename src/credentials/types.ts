import type { Redacted } from "../core/index.js";

/** Where a credential came from, for messages; never the credential itself. `key` is the entry's key, see `PullSecretEntry`. */
export type CredentialOrigin =
  | { readonly kind: "secret"; readonly namespace: string; readonly name: string; readonly key: string }
  | { readonly kind: "node"; readonly file: string; readonly key: string };

/** One user and password as the kubelet hands them to the runtime. Both may be empty (the runtime is then anonymous). */
export interface RegistryCredential {
  readonly username: string;
  readonly password: Redacted<string>;
  readonly origin: CredentialOrigin;
  /** Keyed hash of user, password and origin version: the identity under which answers and tokens are cached. */
  readonly identity: string;
}

/** A Secret as read from the cluster or a file; values are the decoded bytes. */
export interface PullSecret {
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
  readonly resourceVersion: string;
  readonly data: ReadonlyMap<string, Redacted<string>>;
}

/** The answer to "give me this Secret". `unreadable`: it may exist, Pullguard may not see it (no rights, no cluster). */
export type SecretLookup =
  | { readonly kind: "found"; readonly secret: PullSecret }
  | { readonly kind: "not-found" }
  | { readonly kind: "unreadable"; readonly reason: string };

export type ServiceAccountLookup =
  | { readonly kind: "found"; readonly imagePullSecrets: readonly string[] }
  | { readonly kind: "not-found" }
  | { readonly kind: "unreadable"; readonly reason: string };

/** Port: where Secrets and ServiceAccounts are read. Implemented by cluster/ and, for files, by cli/. */
export interface SecretSource {
  secret(namespace: string, name: string, signal: AbortSignal): Promise<SecretLookup>;
  serviceAccount(namespace: string, name: string, signal: AbortSignal): Promise<ServiceAccountLookup>;
}

/**
 * Something in a usable Secret that does not do what its author probably meant; `key` is the registry entry at fault.
 *
 * - `CredentialHelpersIgnored`  `credHelpers` or `credsStore`: the kubelet never runs a Docker credential helper
 * - `TokenIgnored`              `identitytoken` or `registrytoken` of an entry: the kubelet reads user and password only
 * - `AuthOverridesUser`         a non-empty `auth` replaces a `username` or `password` that says something else
 * - `AnonymousEntry`            an entry without user name: where it matches, the runtime pulls without credentials
 * - `KeyUnusable`               the key is no URL for Go; the kubelet skips this entry
 * - `KeyDependsOnVersion`       a bracket or a second colon in the key's host: kubelets built with Go from late 2025 on
 *                               skip the entry, older ones use it
 * - `AuthNotUtf8`               `auth` decodes to bytes that are no UTF-8: Pullguard cannot show them to a registry as a
 *                               node would
 * - `AuthsMissing`              a docker config without `auths`: it holds no credential at all
 * - `NestedAuths`               `.dockercfg` that holds a docker config.json: the kubelet takes "auths" for a registry
 */
export type SecretNoteCode =
  | "CredentialHelpersIgnored"
  | "TokenIgnored"
  | "AuthOverridesUser"
  | "AnonymousEntry"
  | "KeyUnusable"
  | "KeyDependsOnVersion"
  | "AuthNotUtf8"
  | "AuthsMissing"
  | "NestedAuths";

export interface SecretNote {
  readonly code: SecretNoteCode;
  readonly key?: string;
}

/**
 * What the kubelet makes of one Secret of the Pod. `keys` are the registry keys as written, in the order of the text.
 * `malformed.message` is the kubelet's own error text, `malformed.key` the entry that causes it.
 */
export type SecretReading =
  | {
      readonly kind: "usable";
      readonly name: string;
      readonly keys: readonly string[];
      readonly notes?: readonly SecretNote[];
    }
  | {
      readonly kind: "ignored";
      readonly name: string;
      readonly reason: "wrong-type" | "missing-key" | "empty";
      readonly type: string;
    }
  | { readonly kind: "malformed"; readonly name: string; readonly message: string; readonly key?: string }
  | { readonly kind: "not-found"; readonly name: string }
  | { readonly kind: "unreadable"; readonly name: string; readonly reason: string };

/** One entry of a Secret or node file as the kubelet reads it: user and password are already taken from `auth`. */
export interface PullSecretEntry {
  /** As written, but for a user, password or query in it (`https://me:secret@registry`), which are masked. */
  readonly key: string;
  /** Exactly as written; what the kubelet matches with. */
  readonly writtenKey: Redacted<string>;
  readonly username: string;
  readonly password: Redacted<string>;
}

/** A Secret's reading with the entries it offers; `entries` is empty unless the reading is `usable`. */
export interface ParsedPullSecret {
  readonly reading: SecretReading;
  readonly entries: readonly PullSecretEntry[];
}

/**
 * Why a key does not apply to a repository, nearest miss first.
 *
 * - `port-differs`         same host, another port (no port and 443 are different ports)
 * - `case-differs`         would match but for upper and lower case
 * - `path-not-prefix`      same host and port, the key's path is no prefix of the repository's
 * - `wildcard-depth`       the key's `*` stands for one label of a host name, this host has more or fewer
 * - `alias-shadowed`       `index.docker.io` stands for docker.io only while no other key matches, and one does
 * - `docker-hub-spelling`  a Docker Hub address that the kubelet does not take for docker.io
 * - `key-unusable`         means this host, but in a spelling that the kubelet skips or reads as another host
 * - `other-host`           another registry
 */
export type NearMissReason =
  | "port-differs"
  | "case-differs"
  | "path-not-prefix"
  | "wildcard-depth"
  | "alias-shadowed"
  | "docker-hub-spelling"
  | "key-unusable"
  | "other-host";

/** A key that does not apply to the repository asked for, and why. */
export interface NearMiss {
  readonly reason: NearMissReason;
  readonly origin: CredentialOrigin;
}

/** The kubelet's keyring: which credentials it tries for a repository, in order. */
export interface Keyring {
  /**
   * Every credential that the kubelet tries for `repository` (`docker.io/library/nginx`: domain and path, no tag), in
   * its order. Empty: one pull without credentials. Otherwise no pull without credentials follows.
   */
  lookup(repository: string): readonly RegistryCredential[];
  /** Every key that does not apply to `repository`, the nearest miss first. */
  nearMisses(repository: string): readonly NearMiss[];
  /**
   * The keys whose effect on `repository` depends on the kubelet's version (`KeyDependsOnVersion`). Where this is not
   * empty, `lookup` answers for the older kubelet and neither its presence nor its absence proves anything.
   */
  versionDependent(repository: string): readonly CredentialOrigin[];
}
