import type { PullServiceAccount } from "./manifest.js";
import type { PullSecret, SecretSource } from "./types.js";

/** Objects at hand, and what to answer for those that are not among them. */
export interface InMemorySecrets {
  readonly secrets: readonly PullSecret[];
  readonly serviceAccounts: readonly PullServiceAccount[];
  /** `unreadable` where the objects are only part of what the cluster may hold. */
  readonly absent: { readonly kind: "not-found" } | { readonly kind: "unreadable"; readonly reason: string };
}

/** A source over objects at hand. Of two with one name the later counts, as when both are applied. */
export function inMemorySecretSource(objects: InMemorySecrets): SecretSource {
  const is = (namespace: string, name: string) => (object: { readonly namespace: string; readonly name: string }) =>
    object.namespace === namespace && object.name === name;
  return {
    secret: async (namespace, name) => {
      const secret = objects.secrets.findLast(is(namespace, name));
      return secret === undefined ? objects.absent : { kind: "found", secret };
    },
    serviceAccount: async (namespace, name) => {
      const account = objects.serviceAccounts.findLast(is(namespace, name));
      return account === undefined ? objects.absent : { kind: "found", imagePullSecrets: account.imagePullSecrets };
    },
  };
}
