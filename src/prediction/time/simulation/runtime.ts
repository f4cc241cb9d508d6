import type { Network } from "./network.js";
import type { Timers } from "./timers.js";
import type { SimulatedImage, SimulatedLayer, SimulatedNode } from "./types.js";

/** What a runtime needs of the world around it. `timers` hold what is to be done when. */
export interface RuntimeWorld {
  readonly network: Network;
  readonly timers: Timers<() => void>;
}

type LayerState = "fetching" | "fetched" | "ready";

interface RunningPull {
  readonly image: SimulatedImage;
  readonly fails: boolean;
  /** Layers that no earlier pull of this node takes care of, still to be fetched. */
  readonly toFetch: SimulatedLayer[];
  readonly owned: Set<string>;
  fetching: number;
  /** The first layer that is not ready, in the manifest's order. */
  at: number;
  unpacking: boolean;
  readonly onEnd: (pulled: boolean, nowMs: number) => void;
}

/**
 * A node's container runtime at a coarse level, after containerd: a pull resolves, fetches the layers that the node lacks,
 * some at once, and unpacks them one after another in their order while the rest is under way. A layer that another pull
 * is fetching is waited for. Layers that are ready cost nothing.
 * Source: containerd core/remotes/handlers.go, core/unpack/unpacker.go, 2.2.
 */
export class SimulatedRuntime {
  readonly #index: number;
  readonly #node: SimulatedNode;
  readonly #world: RuntimeWorld;
  readonly #layers = new Map<string, LayerState>();
  readonly #pulls: RunningPull[] = [];

  /** @param index of the node in the scenario */
  constructor(index: number, node: SimulatedNode, world: RuntimeWorld) {
    this.#index = index;
    this.#node = node;
    this.#world = world;
    for (const digest of node.presentLayers) this.#layers.set(digest, "ready");
  }

  /** Begins a pull; `onEnd` is called later, never within this call. */
  pull(image: SimulatedImage, nowMs: number, onEnd: RunningPull["onEnd"]): void {
    const fails = nowMs < (image.failsUntilMs ?? 0);
    const pull = { image, fails, toFetch: [], owned: new Set<string>(), fetching: 0, at: 0, unpacking: false, onEnd };
    const resolvedMs = nowMs + image.resolveMs;
    this.#world.timers.set(resolvedMs, () => this.#resolved(pull, resolvedMs));
  }

  #resolved(pull: RunningPull, nowMs: number): void {
    if (pull.fails) {
      pull.onEnd(false, nowMs);
      return;
    }
    for (const layer of pull.image.layers) {
      if (this.#layers.has(layer.digest)) continue;
      this.#layers.set(layer.digest, "fetching");
      pull.owned.add(layer.digest);
      pull.toFetch.push(layer);
    }
    this.#pulls.push(pull);
    this.#fetchMore(nowMs);
    this.#unpackMore(nowMs);
  }

  /** Starts downloads as far as the limit allows, earlier pulls first. */
  #fetchMore(nowMs: number): void {
    const { maxDownloads, downloadScope, count } = this.#node;
    for (const pull of this.#pulls) {
      const busy = (): number =>
        downloadScope === "image" ? pull.fetching : this.#pulls.reduce((sum, { fetching }) => sum + fetching, 0);
      while (pull.toFetch.length > 0 && busy() < maxDownloads) {
        const layer = pull.toFetch.shift();
        if (layer === undefined) break;
        pull.fetching += 1;
        const onEnd = (endedMs: number): void => this.#fetched(pull, layer, endedMs);
        const flow = { node: this.#index, registry: pull.image.registry, weight: count, onEnd };
        this.#world.network.start(flow, layer.bytes, nowMs);
      }
    }
  }

  #fetched(pull: RunningPull, { digest }: SimulatedLayer, nowMs: number): void {
    pull.fetching -= 1;
    this.#layers.set(digest, "fetched");
    this.#fetchMore(nowMs);
    this.#unpackMore(nowMs);
  }

  /** Every pull goes on as far as it can: over layers that are ready, into one of its own that has been fetched. */
  #unpackMore(nowMs: number): void {
    for (const pull of [...this.#pulls]) {
      if (pull.unpacking) continue;
      const { layers } = pull.image;
      let layer = layers[pull.at];
      while (layer !== undefined && this.#layers.get(layer.digest) === "ready") {
        pull.at += 1;
        layer = layers[pull.at];
      }
      if (layer === undefined) this.#end(pull, nowMs);
      else if (pull.owned.has(layer.digest) && this.#layers.get(layer.digest) === "fetched")
        this.#unpack(pull, layer, nowMs);
    }
  }

  #unpack(pull: RunningPull, { digest, bytes }: SimulatedLayer, nowMs: number): void {
    pull.unpacking = true;
    const doneMs = nowMs + (bytes / this.#node.unpackBytesPerSecond) * 1000;
    this.#world.timers.set(doneMs, () => {
      pull.unpacking = false;
      this.#layers.set(digest, "ready");
      this.#unpackMore(doneMs);
    });
  }

  #end(pull: RunningPull, nowMs: number): void {
    this.#pulls.splice(this.#pulls.indexOf(pull), 1);
    pull.onEnd(true, nowMs);
  }
}
