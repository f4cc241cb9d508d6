import type { CoreV1Api } from "@kubernetes/client-node";
import { LRUCache } from "lru-cache";
import { entriesOf, memberOf, textOf, timeOf } from "../core/index.js";
import { type PrunedObject, prunedMetadata, type Resource } from "./resource.js";

/** What is kept of a Pod that is bound to a node and does not run yet. */
export interface WatchedPod extends PrunedObject {
  readonly metadata: PrunedObject["metadata"] & { readonly namespace: string };
  readonly node: string;
  /** When its kubelet took it on, else when it was made; NaN where neither is told. */
  readonly sinceMs: number;
  /** Its node says that there is no sandbox yet: volumes or the network are waited for, and nothing is pulled meanwhile. */
  readonly lacksSandbox: boolean;
  /** Images, as the Pod has them, of which its kubelet has not told that they are there; in its order, each name once. */
  readonly awaited: readonly string[];
}

/** Lists of images of which one copy serves all Pods that are alike. */
const maxSharedLists = 5_000;
/** Neither a Pod with thousands of containers nor a name that no registry has shall fill the memory. */
const maxImages = 32;
const maxNameLength = 512;

/**
 * Pods that are bound to a node and do not run yet. One that begins to run is told of as deleted.
 * Source: Kubernetes pkg/registry/core/pod/strategy.go `ToSelectableFields`, 1.36.
 */
export function pendingPodResource(core: CoreV1Api): Resource<WatchedPod> {
  const shared = new LRUCache<string, readonly string[]>({ max: maxSharedLists });
  return {
    plural: "pods",
    path: "/api/v1/pods",
    fieldSelector: "status.phase=Pending,spec.nodeName!=",
    page: (query, options) => core.listPodForAllNamespaces(query, options),
    prune: (object) => watchedPod(object, shared),
  };
}

/** Never throws, whatever the object is. */
function watchedPod(object: unknown, shared: LRUCache<string, readonly string[]>): WatchedPod {
  const awaited = awaitedImages(object);
  const key = JSON.stringify(awaited);
  const known = shared.get(key);
  if (known === undefined) shared.set(key, awaited);
  const [started, made] = [memberOf(object, "status", "startTime"), memberOf(object, "metadata", "creationTimestamp")];
  return {
    metadata: { namespace: textOf(memberOf(object, "metadata", "namespace")), ...prunedMetadata(object) },
    node: textOf(memberOf(object, "spec", "nodeName")),
    sinceMs: Number.isNaN(timeOf(started)) ? timeOf(made) : timeOf(started),
    lacksSandbox: entriesOf(memberOf(object, "status", "conditions")).some(
      (condition) =>
        memberOf(condition, "type") === "PodReadyToStartContainers" && memberOf(condition, "status") === "False",
    ),
    awaited: known ?? awaited,
  };
}

/** Source: Kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager.go `SyncPod`, 1.36. */
const containerLists = [
  { field: "ephemeralContainers", statuses: "ephemeralContainerStatuses" },
  { field: "initContainers", statuses: "initContainerStatuses" },
  { field: "containers", statuses: "containerStatuses" },
] as const;

/** Reasons of a container whose image has still to come. With any other one it is there, or nobody will pull it. */
const waitingForImage = new Set(["ContainerCreating", "PodInitializing", "ErrImagePull", "ImagePullBackOff"]);

function awaitedImages(pod: unknown): readonly string[] {
  // A Pod that is being deleted pulls nothing more.
  if (!Number.isNaN(timeOf(memberOf(pod, "metadata", "deletionTimestamp")))) return [];
  const awaited = new Set<string>();
  const there = new Set<string>();
  const note = (image: string, policy: unknown, isAwaited: boolean): void => {
    if (image === "" || image.length > maxNameLength || policy === "Never") return;
    if (!isAwaited) there.add(image);
    else awaited.add(image);
  };
  const containers = containerLists.flatMap(({ field, statuses }) => {
    const told = new Map(entriesOf(memberOf(pod, "status", statuses)).map((each) => [memberOf(each, "name"), each]));
    return entriesOf(memberOf(pod, "spec", field)).map((container) => ({
      container,
      status: told.get(memberOf(container, "name")),
    }));
  });
  // Image volumes have no status; they come first, so that a container that has its image proves theirs.
  const volumesAwaited = !containers.some(({ status }) => hasImage(status));
  for (const volume of entriesOf(memberOf(pod, "spec", "volumes"))) {
    const policy = memberOf(volume, "image", "pullPolicy");
    note(textOf(memberOf(volume, "image", "reference")), policy, volumesAwaited);
  }
  for (const { container, status } of containers) {
    note(textOf(memberOf(container, "image")), memberOf(container, "imagePullPolicy"), awaitsImage(status));
  }
  return [...awaited].filter((image) => !there.has(image)).slice(0, maxImages);
}

function hasImage(status: unknown): boolean {
  const state = memberOf(status, "state");
  return (
    textOf(memberOf(status, "imageID")) !== "" ||
    memberOf(state, "running") !== undefined ||
    memberOf(state, "terminated") !== undefined
  );
}

/** Without a status the kubelet has not come to it. */
function awaitsImage(status: unknown): boolean {
  if (status === undefined) return true;
  if (hasImage(status)) return false;
  const waiting = memberOf(status, "state", "waiting");
  return waiting === undefined || waitingForImage.has(textOf(memberOf(waiting, "reason")));
}
