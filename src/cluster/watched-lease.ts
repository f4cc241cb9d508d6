import type { CoordinationV1Api } from "@kubernetes/client-node";
import { memberOf, textOf, timeOf } from "../core/index.js";
import { type PrunedObject, prunedMetadata, type Resource } from "./resource.js";

/** On an agent's Lease: the profile that the agent confirms with each renewal. */
export const profileAnnotation = "pullguard.dev/profile";

/** What is kept of a node agent's Lease. */
export interface WatchedLease extends PrunedObject {
  readonly node: string;
  readonly profile: string;
  /** NaN where it was never renewed. */
  readonly renewedMs: number;
  readonly validMs: number;
}

/** The Leases of the node agents' namespace. */
export function leaseResource(coordination: CoordinationV1Api, namespace: string): Resource<WatchedLease> {
  return {
    plural: "leases.coordination.k8s.io",
    path: `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases`,
    page: (query, options) => coordination.listNamespacedLease({ namespace, ...query }, options),
    prune: watchedLease,
  };
}

function watchedLease(object: unknown): WatchedLease {
  const renewed = memberOf(object, "spec", "renewTime");
  const seconds = memberOf(object, "spec", "leaseDurationSeconds");
  return {
    metadata: { namespace: textOf(memberOf(object, "metadata", "namespace")), ...prunedMetadata(object) },
    node: textOf(memberOf(object, "spec", "holderIdentity")),
    profile: textOf(memberOf(object, "metadata", "annotations", profileAnnotation)),
    renewedMs: timeOf(renewed),
    validMs: typeof seconds === "number" ? seconds * 1000 : 0,
  };
}
