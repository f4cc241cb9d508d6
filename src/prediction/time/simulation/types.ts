import type { PullRules } from "../pull-rules.js";

/** One layer as the registry serves it; `bytes` compressed. Layers of equal digest are one on a node. */
export interface SimulatedLayer {
  readonly digest: string;
  readonly bytes: number;
}

export interface SimulatedImage {
  /** As the Pods write it: the key of presence and back-off. */
  readonly name: string;
  readonly registry: string;
  readonly layers: readonly SimulatedLayer[];
  /** The requests before the first layer: HEAD, token, manifest, config. */
  readonly resolveMs: number;
  /** Pulls that start before this time fail once they are resolved: a registry that is out of order for a while. */
  readonly failsUntilMs?: number;
}

/** One container (or image volume) of a Pod, in the kubelet's order. */
export interface SimulatedUse {
  readonly image: string;
  readonly pullPolicy: "Always" | "IfNotPresent";
  /** A plain init container: nothing after it is looked at before it has its image. */
  readonly blocks: boolean;
}

export interface SimulatedPod {
  /** Index in `nodes`. */
  readonly node: number;
  /** Index in `groups`. */
  readonly group: number;
  readonly uses: readonly SimulatedUse[];
}

/** Pods that come together, or one after another. */
export interface SimulatedGroup {
  readonly name: string;
  readonly startMs: number;
  /** Pods that may be on their way to their images at once; Infinity: all of them. */
  readonly maxStarting: number;
}

/** A node, or `count` nodes that have the same Pods in the same order and thus do the same. */
export interface SimulatedNode {
  readonly name: string;
  readonly count: number;
  readonly rules: PullRules;
  /** Shared evenly by the layers under way; Infinity: no limit. */
  readonly bytesPerSecond: number;
  /** Compressed bytes unpacked in a second, by each pull on its own; Infinity: unpacking takes no time. */
  readonly unpackBytesPerSecond: number;
  /** Layers that one image (or, with `downloadScope` node, the whole node) fetches at once. */
  readonly maxDownloads: number;
  readonly downloadScope: "image" | "node";
  readonly presentImages: readonly string[];
  readonly presentLayers: readonly string[];
}

export interface Scenario {
  readonly nodes: readonly SimulatedNode[];
  readonly groups: readonly SimulatedGroup[];
  readonly pods: readonly SimulatedPod[];
  readonly images: readonly SimulatedImage[];
  /** What a registry gives to all nodes together, in bytes a second; one that is not named gives any amount. */
  readonly registryBytesPerSecond: ReadonlyMap<string, number>;
  /** From 0 to 0.5: by which part of 10 s the kubelet delays a Pod's next try in addition. `sync` counts from 0. */
  readonly syncJitter: (pod: number, sync: number) => number;
  /** Nothing later than this is simulated. */
  readonly untilMs: number;
}

/** One call of the runtime, or one that the kubelet's limit refused. */
export interface SimulatedPull {
  readonly pod: number;
  readonly image: string;
  /** When the kubelet wanted it, when it began, when it was over. */
  readonly askedMs: number;
  readonly startedMs: number;
  readonly endedMs: number;
  readonly outcome: "pulled" | "failed" | "throttled";
}

export interface SimulationResult {
  /** In the order in which they ended. */
  readonly pulls: readonly SimulatedPull[];
  /** For each Pod, when it began and when it had its last image; absent where that is after `untilMs`. */
  readonly pods: readonly { readonly startedMs?: number; readonly pulledMs?: number }[];
}
