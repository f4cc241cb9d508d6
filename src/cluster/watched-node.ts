import type { CoreV1Api } from "@kubernetes/client-node";
import { LRUCache } from "lru-cache";
import { entriesOf, memberOf, textOf } from "../core/index.js";
import type { NodeImage } from "../node/index.js";
import { normalisePlatform } from "../oci/index.js";
import type { ClusterNode, NodeTaint } from "../placement/index.js";
import { type PrunedObject, prunedMetadata, type Resource, textMapOf } from "./resource.js";

/** What is kept of a Node: where Pods may land, what its programs are, which images it holds. */
export interface WatchedNode extends PrunedObject {
  readonly facts: Omit<ClusterNode, "state"> & {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly ephemeralStorageBytes?: number;
  };
  readonly images: readonly NodeImage[];
  readonly imagesAreComplete: boolean;
}

/** The kubelet's `nodeStatusMaxImages`, 50 unless told otherwise: of more images, the largest are listed. */
const maxListedImages = 50;
/** Images of which one copy serves all nodes that hold them. */
const maxSharedImages = 10_000;

/** Every Node of the cluster. */
export function nodeResource(core: CoreV1Api): Resource<WatchedNode> {
  const shared = new LRUCache<string, NodeImage>({ max: maxSharedImages });
  return {
    plural: "nodes",
    path: "/api/v1/nodes",
    page: (query, options) => core.listNode(query, options),
    prune: (object) => watchedNode(object, shared),
  };
}

function watchedNode(object: unknown, shared: LRUCache<string, NodeImage>): WatchedNode {
  const metadata = prunedMetadata(object);
  const listed = entriesOf(memberOf(object, "status", "images"));
  const storageBytes = parseQuantity(textOf(memberOf(object, "status", "allocatable", "ephemeral-storage")));
  return {
    metadata,
    facts: {
      name: metadata.name,
      labels: textMapOf(memberOf(object, "metadata", "labels")),
      taints: entriesOf(memberOf(object, "spec", "taints")).map(readTaint),
      unschedulable: memberOf(object, "spec", "unschedulable") === true,
      programs: readPrograms(memberOf(object, "status", "nodeInfo")),
      ...(storageBytes === undefined ? {} : { ephemeralStorageBytes: storageBytes }),
    },
    images: listed.map((entry) => readImage(entry, shared)),
    imagesAreComplete: listed.length < maxListedImages,
  };
}

function readTaint(taint: unknown): NodeTaint {
  const [key, value, effect] = ["key", "value", "effect"].map((name) => textOf(memberOf(taint, name)));
  return { key: key ?? "", value: value ?? "", effect: effect ?? "" };
}

function readPrograms(nodeInfo: unknown): ClusterNode["programs"] {
  const text = (name: string): string => textOf(memberOf(nodeInfo, name));
  const [runtime, os, architecture] = [text("containerRuntimeVersion"), text("operatingSystem"), text("architecture")];
  const kubelet = text("kubeletVersion").replace(/^v/, "");
  return {
    ...(runtime === "" ? {} : { runtime }),
    ...(os === "" || architecture === "" ? {} : { platform: normalisePlatform({ os, architecture }) }),
    ...(kubelet === "" ? {} : { kubelet }),
  };
}

function readImage(entry: unknown, shared: LRUCache<string, NodeImage>): NodeImage {
  const names = entriesOf(memberOf(entry, "names")).map(textOf);
  const sizeBytes = memberOf(entry, "sizeBytes");
  const image = { names, sizeBytes: typeof sizeBytes === "number" ? sizeBytes : 0 };
  const key = JSON.stringify(image);
  const known = shared.get(key);
  if (known === undefined) shared.set(key, image);
  return known ?? image;
}

const factors: Readonly<Record<string, number>> = {
  "": 1,
  ...{ k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50 },
};

/** Bytes of a Kubernetes quantity, `47093746742` or `41022688Ki`. Source: apimachinery pkg/api/resource/quantity.go */
function parseQuantity(text: string): number | undefined {
  const [, digits, suffix = ""] = /^(\d+(?:\.\d+)?)([kKMGTP]i?)?$/.exec(text) ?? [];
  const factor = factors[suffix];
  return digits === undefined || factor === undefined ? undefined : Math.floor(Number(digits) * factor);
}
