import { Network } from "./network.js";
import { PodWorker } from "./pod-worker.js";
import { Puller } from "./puller.js";
import { SimulatedRuntime } from "./runtime.js";
import { Timers } from "./timers.js";
import type { Scenario, SimulatedPull, SimulationResult } from "./types.js";

/**
 * Plays a rollout through: the kubelet's rules exactly, runtime and network at a coarse level. Pure and deterministic: equal
 * scenarios have equal results. Where the kubelet leaves the order of simultaneous things to chance, pulls end before
 * others begin, earlier ones first, and Pods come in their order.
 */
export function simulatePulls(scenario: Scenario): SimulationResult {
  return new Simulation(scenario).run();
}

interface PodTimes {
  startedMs?: number;
  pulledMs?: number;
}

class Simulation {
  readonly #scenario: Scenario;
  readonly #network: Network;
  /** What happens inside runtimes. */
  readonly #timers = new Timers<() => void>();
  /** Pods whose next sync is due. */
  readonly #syncs = new Timers<number>();
  readonly #workers: readonly PodWorker[];
  readonly #pullers: readonly Puller[];
  readonly #pulls: SimulatedPull[] = [];
  readonly #times: readonly PodTimes[];
  /** Nodes where somebody may have asked for a pull, or a place become free. */
  readonly #stirred = new Set<number>();
  /** Pulls that have ended at this instant and whose Pods have not been told. */
  #over: (() => void)[] = [];
  /** Pods of each group that wait for their turn, the first one last. */
  readonly #waiting: readonly number[][];

  constructor(scenario: Scenario) {
    const { nodes, pods, groups } = scenario;
    this.#scenario = scenario;
    this.#network = new Network(
      nodes.map(({ bytesPerSecond }) => bytesPerSecond),
      scenario.registryBytesPerSecond,
    );
    const images = new Map(scenario.images.map((image) => [image.name, image]));
    const states = nodes.map((node, index) => {
      const runtime = new SimulatedRuntime(index, node, { network: this.#network, timers: this.#timers });
      const present = new Set(node.presentImages);
      const puller = new Puller(node.rules, runtime, (tell, image) => {
        if (image !== undefined) present.add(image);
        this.#over.push(tell);
        this.#stirred.add(index);
      });
      return { puller, present };
    });
    this.#pullers = states.map(({ puller }) => puller);
    this.#times = pods.map(() => ({}));
    this.#waiting = groups.map((_, group) => [...pods.keys()].filter((pod) => pods[pod]?.group === group).reverse());
    this.#workers = pods.map((pod, index) => {
      const state = states[pod.node];
      if (state === undefined) throw new RangeError(`pod ${index} is on no node of the scenario`);
      return new PodWorker(index, pod, state, {
        images,
        jitter: (sync) => scenario.syncJitter(index, sync),
        onPull: (pull) => this.#pulls.push(pull),
        onPulled: (nowMs) => this.#pulled(index, nowMs),
        syncAt: (atMs) => this.#syncs.set(atMs, index),
      });
    });
  }

  run(): SimulationResult {
    for (const [group, { startMs, maxStarting }] of this.#scenario.groups.entries()) {
      const first = Math.min(maxStarting, this.#waiting[group]?.length ?? 0);
      for (let started = 0; started < first; started += 1) this.#startNext(group, startMs);
    }
    let nowMs = 0;
    for (;;) {
      const nextMs = Math.min(this.#timers.nextMs, this.#syncs.nextMs, this.#network.nextMs(nowMs));
      if (nextMs > this.#scenario.untilMs || nextMs === Infinity) break;
      nowMs = Math.max(nowMs, nextMs);
      this.#step(nowMs);
    }
    return { pulls: this.#pulls, pods: this.#times };
  }

  /** Everything that happens at one instant: what is over, then who begins, then who gets a place. */
  #step(nowMs: number): void {
    this.#network.settle(nowMs);
    for (const happen of this.#timers.take(nowMs)) happen();
    if (this.#timers.nextMs <= nowMs || this.#network.nextMs(nowMs) <= nowMs) return;
    const over = this.#over;
    this.#over = [];
    for (const tell of over) tell();
    // A Pod that needs no pull makes room for the next of its group at once.
    while (this.#syncs.nextMs <= nowMs) {
      for (const pod of this.#syncs.take(nowMs).sort((a, b) => a - b)) {
        this.#workers[pod]?.sync(nowMs);
        this.#stirred.add(this.#scenario.pods[pod]?.node ?? 0);
      }
    }
    for (const node of this.#stirred) this.#pullers[node]?.serve(nowMs);
    this.#stirred.clear();
  }

  #startNext(group: number, atMs: number): void {
    const pod = this.#waiting[group]?.pop();
    const times = pod === undefined ? undefined : this.#times[pod];
    if (pod === undefined || times === undefined) return;
    times.startedMs = atMs;
    this.#syncs.set(atMs, pod);
  }

  #pulled(pod: number, nowMs: number): void {
    const times = this.#times[pod];
    const group = this.#scenario.pods[pod]?.group;
    if (times === undefined || group === undefined) return;
    times.pulledMs = nowMs;
    if (this.#scenario.groups[group]?.maxStarting !== Infinity) this.#startNext(group, nowMs);
  }
}
