import type { CoreV1Api } from "@kubernetes/client-node";
import { memberOf, textOf, timeOf } from "../core/index.js";
import { parsePulledEvent } from "../prediction/index.js";
import { type PrunedObject, prunedMetadata, type Resource } from "./resource.js";

/** What is kept of an event with reason `Pulled`. */
export interface WatchedPull extends PrunedObject {
  /** "" where it tells no duration, as for an image that was there already. */
  readonly message: string;
  /** NaN where the event does not tell. */
  readonly endedMs: number;
}

/**
 * The kubelets' own words about pulls that are over; the API server forgets them after an hour, unless told otherwise.
 * Source: Kubernetes pkg/kubelet/events/event.go `PulledImage`; pkg/registry/core/event/strategy.go `ToSelectableFields`, 1.36.
 */
export function pulledEventResource(core: CoreV1Api): Resource<WatchedPull> {
  return {
    plural: "events",
    path: "/api/v1/events",
    fieldSelector: "reason=Pulled,involvedObject.kind=Pod",
    page: (query, options) => core.listEventForAllNamespaces(query, options),
    prune: watchedPull,
  };
}

/** Never throws, whatever the object is. */
function watchedPull(object: unknown): WatchedPull {
  const message = textOf(memberOf(object, "message"));
  const times = ["lastTimestamp", "eventTime", "firstTimestamp"].map((name) => timeOf(memberOf(object, name)));
  return {
    metadata: { namespace: textOf(memberOf(object, "metadata", "namespace")), ...prunedMetadata(object) },
    message: parsePulledEvent(message) === undefined ? "" : message,
    endedMs: times.find((time) => !Number.isNaN(time)) ?? Number.NaN,
  };
}
