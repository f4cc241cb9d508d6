/** One layer on its way to a node. `weight`: the number of equal nodes that fetch it at the same time. */
export interface Flow {
  readonly node: number;
  readonly registry: string;
  readonly weight: number;
  readonly onEnd: (nowMs: number) => void;
}

interface RunningFlow extends Flow {
  leftBytes: number;
  bytesPerMs: number;
  endsMs: number;
}

/**
 * Bytes under way. Every flow gets the smaller of two even shares: of its node's bandwidth, and of what its registry gives
 * to all nodes. What one of the two leaves over is not handed on, which errs towards slow.
 */
export class Network {
  readonly #nodeBytesPerSecond: readonly number[];
  readonly #registryBytesPerSecond: ReadonlyMap<string, number>;
  readonly #flows: RunningFlow[] = [];
  #lastMs = 0;
  #stale = false;

  constructor(nodeBytesPerSecond: readonly number[], registryBytesPerSecond: ReadonlyMap<string, number>) {
    this.#nodeBytesPerSecond = nodeBytesPerSecond;
    this.#registryBytesPerSecond = registryBytesPerSecond;
  }

  start(flow: Flow, bytes: number, nowMs: number): void {
    this.#progress(nowMs);
    this.#flows.push({ ...flow, leftBytes: bytes, bytesPerMs: 0, endsMs: bytes === 0 ? nowMs : Infinity });
    this.#stale = true;
  }

  /** When the next flow ends if none begins before; Infinity where none is under way. */
  nextMs(nowMs: number): number {
    if (this.#stale) this.#share(nowMs);
    return this.#flows.reduce((next, { endsMs }) => Math.min(next, endsMs), Infinity);
  }

  /** Ends what has arrived by now, in the order in which it was started. */
  settle(nowMs: number): void {
    this.#progress(nowMs);
    const ended = this.#flows.filter(({ endsMs }) => endsMs <= nowMs);
    if (ended.length === 0) return;
    for (const flow of ended) this.#flows.splice(this.#flows.indexOf(flow), 1);
    this.#stale = true;
    for (const { onEnd } of ended) onEnd(nowMs);
  }

  #progress(nowMs: number): void {
    const passedMs = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    if (passedMs === 0) return;
    for (const flow of this.#flows) flow.leftBytes = Math.max(0, flow.leftBytes - flow.bytesPerMs * passedMs);
  }

  #share(nowMs: number): void {
    this.#progress(nowMs);
    this.#stale = false;
    const onNode = new Map<number, number>();
    const fromRegistry = new Map<string, number>();
    for (const { node, registry, weight } of this.#flows) {
      onNode.set(node, (onNode.get(node) ?? 0) + 1);
      fromRegistry.set(registry, (fromRegistry.get(registry) ?? 0) + weight);
    }
    for (const flow of this.#flows) {
      const ofNode = (this.#nodeBytesPerSecond[flow.node] ?? Infinity) / (onNode.get(flow.node) ?? 1);
      const given = this.#registryBytesPerSecond.get(flow.registry) ?? Infinity;
      const ofRegistry = given / (fromRegistry.get(flow.registry) ?? 1);
      flow.bytesPerMs = Math.min(ofNode, ofRegistry) / 1000;
      const leftMs = flow.leftBytes === 0 ? 0 : flow.leftBytes / flow.bytesPerMs;
      // Whole microseconds: flows that end together do so in spite of rounding.
      flow.endsMs = Math.ceil((nowMs + leftMs) * 1000 - 1e-3) / 1000;
    }
  }
}
