import { PullBackOff } from "../back-off.js";
import type { Puller } from "./puller.js";
import type { SimulatedImage, SimulatedPod, SimulatedPull } from "./types.js";

/** Pause before a Pod whose sync failed is looked at again. Source: Kubernetes pkg/kubelet/kubelet.go `backOffPeriod`. */
export const retryMs = 10_000;
/** The kubelet looks once a second for Pods that are due. Source: kubelet.go `syncLoop`. */
export const tickMs = 1000;

/** What a node knows and its Pods share. */
export interface NodeState {
  readonly puller: Puller;
  /** Images that a pull of this node has completed, or that were there before. */
  readonly present: Set<string>;
}

export interface PodWorld {
  readonly images: ReadonlyMap<string, SimulatedImage>;
  readonly jitter: (sync: number) => number;
  readonly onPull: (pull: SimulatedPull) => void;
  readonly onPulled: (nowMs: number) => void;
  readonly syncAt: (atMs: number) => void;
}

/**
 * The kubelet's worker for one Pod: each sync goes through the images that are still missing, one after another, and waits
 * for each; a failed one is left for the next sync, 10 to 15 seconds after this one's end. A Pod that finds its image in
 * back-off counts as failed too.
 * Source: Kubernetes pkg/kubelet/kuberuntime/kuberuntime_manager.go `SyncPod`, pod_workers.go `completeWork`,
 * images/image_manager.go `EnsureImageExists`, 1.36.
 */
export class PodWorker {
  readonly #index: number;
  readonly #pod: SimulatedPod;
  readonly #node: NodeState;
  readonly #world: PodWorld;
  readonly #backOff = new PullBackOff();
  readonly #missing: Set<number>;
  #syncs = 0;

  constructor(index: number, pod: SimulatedPod, node: NodeState, world: PodWorld) {
    this.#index = index;
    this.#pod = pod;
    this.#node = node;
    this.#world = world;
    this.#missing = new Set(pod.uses.keys());
  }

  sync(nowMs: number): void {
    this.#goOn(0, nowMs);
  }

  #goOn(from: number, nowMs: number): void {
    for (let at = from; at < this.#pod.uses.length; at += 1) {
      if (!this.#missing.has(at)) continue;
      const result = this.#ensure(at, nowMs);
      if (result === "waits") return;
      if (result === "failed" && this.#pod.uses[at]?.blocks === true) break;
    }
    this.#endSync(nowMs);
  }

  #ensure(at: number, nowMs: number): "there" | "waits" | "failed" {
    const use = this.#pod.uses[at];
    const image = use === undefined ? undefined : this.#world.images.get(use.image);
    if (
      use === undefined ||
      image === undefined ||
      (use.pullPolicy !== "Always" && this.#node.present.has(use.image))
    ) {
      this.#missing.delete(at);
      return "there";
    }
    if (this.#backOff.isPaused(use.image, nowMs)) return "failed";
    const onEnd = (pull: SimulatedPull): void => this.#pullEnded(at, pull);
    this.#node.puller.ask({ pod: this.#index, image, askedMs: nowMs, onEnd });
    return "waits";
  }

  #pullEnded(at: number, pull: SimulatedPull): void {
    this.#world.onPull(pull);
    if (pull.outcome === "pulled") {
      this.#missing.delete(at);
    } else {
      this.#backOff.next(pull.image, pull.endedMs);
      if (this.#pod.uses[at]?.blocks === true) {
        this.#endSync(pull.endedMs);
        return;
      }
    }
    this.#goOn(at + 1, pull.endedMs);
  }

  #endSync(nowMs: number): void {
    if (this.#missing.size === 0) {
      this.#world.onPulled(nowMs);
      return;
    }
    const dueMs = nowMs + retryMs + retryMs * this.#world.jitter(this.#syncs);
    this.#syncs += 1;
    this.#world.syncAt(Math.ceil(dueMs / tickMs) * tickMs);
  }
}
