import type { Redacted } from "../core/index.js";

/** Where a credential came from, for messages; never the credential itself. `key` is the entry's key as written. */
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

/** What the kubelet makes of one Secret of the Pod. */
export type SecretReading =
  | { readonly kind: "usable"; readonly name: string; readonly keys: readonly string[] }
  | {
      readonly kind: "ignored";
      readonly name: string;
      readonly reason: "wrong-type" | "missing-key" | "empty";
      readonly type: string;
    }
  | { readonly kind: "malformed"; readonly name: string; readonly message: string }
  | { readonly kind: "not-found"; readonly name: string }
  | { readonly kind: "unreadable"; readonly name: string; readonly reason: string };
