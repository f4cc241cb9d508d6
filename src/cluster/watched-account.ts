import type { CoreV1Api } from "@kubernetes/client-node";
import { entriesOf, memberOf, textOf } from "../core/index.js";
import { type PrunedObject, prunedMetadata, type Resource } from "./resource.js";

/**
 * What is kept of a ServiceAccount while it is watched. Its annotations, labels and token Secrets are not: memory then
 * depends on the number of accounts alone, and what somebody wrote into an annotation does not stay in it.
 */
export interface WatchedAccount extends PrunedObject {
  readonly metadata: PrunedObject["metadata"] & { readonly namespace: string };
  /** Names in order; "" for an entry without one. */
  readonly imagePullSecrets: readonly string[];
}

/** Every ServiceAccount of the cluster. */
export function accountResource(core: CoreV1Api): Resource<WatchedAccount> {
  return {
    plural: "serviceaccounts",
    path: "/api/v1/serviceaccounts",
    page: (query, options) => core.listServiceAccountForAllNamespaces(query, options),
    prune: watchedAccount,
  };
}

/** Reads an object of a list or a watch; what it lacks is "". Never throws, whatever the object is. */
export function watchedAccount(object: unknown): WatchedAccount {
  return {
    metadata: { namespace: textOf(memberOf(object, "metadata", "namespace")), ...prunedMetadata(object) },
    imagePullSecrets: entriesOf(memberOf(object, "imagePullSecrets")).map((entry) => textOf(memberOf(entry, "name"))),
  };
}
