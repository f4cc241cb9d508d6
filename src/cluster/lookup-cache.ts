import { LRUCache } from "lru-cache";
import { type CacheRegister, type Clock, roughBytes } from "../core/index.js";

export interface LookupCacheDeps<T> {
  readonly clock: Clock;
  /** How long an answer may be used again, in milliseconds; 0 for answers that are not kept. */
  readonly keepMs: (answer: T) => number;
  readonly maxEntries: number;
  /** Memory for what is kept, as far as it can be estimated; 16 MiB where absent. A Secret may have a mebibyte. */
  readonly maxBytes?: number;
  /** Where it is told how much is kept. */
  readonly told?: { readonly caches: CacheRegister; readonly name: string };
}

const usualMaxBytes = 16 * 1024 * 1024;
/** What the cache takes for an entry beside what is in it. */
const entryBytes = 200;

interface Kept<T> {
  readonly answer: T;
  readonly untilMs: number;
}

interface Flight<T> {
  readonly answer: Promise<T>;
  readonly controller: AbortController;
  waiting: number;
}

/**
 * Short-lived answers by key, bounded in number. Callers who ask for the same key at the same time share one request,
 * which is given up only when the last of them has gone.
 */
export class LookupCache<T extends object> {
  readonly #deps: LookupCacheDeps<T>;
  readonly #kept: LRUCache<string, Kept<T>>;
  readonly #flights = new Map<string, Flight<T>>();

  constructor(deps: LookupCacheDeps<T>) {
    this.#deps = deps;
    this.#kept = new LRUCache({
      max: deps.maxEntries,
      maxSize: deps.maxBytes ?? usualMaxBytes,
      sizeCalculation: ({ answer }, key) => entryBytes + key.length + roughBytes(answer),
    });
    deps.told?.caches.add(deps.told.name, this.#kept);
  }

  /** What is remembered, if anything; asks nobody. */
  recall(key: string): T | undefined {
    const kept = this.#kept.get(key);
    return kept !== undefined && this.#deps.clock.nowMs() < kept.untilMs ? kept.answer : undefined;
  }

  /**
   * @param ask must not reject
   * @throws the signal's reason when `signal` aborts first
   */
  async get(key: string, ask: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      if (this.#deps.clock.nowMs() < kept.untilMs) return kept.answer;
      // A Secret's value stays in memory no longer than it is of use.
      this.#kept.delete(key);
    }
    const flight = this.#flights.get(key) ?? this.#start(key, ask);
    flight.waiting += 1;
    try {
      return await unlessAborted(flight.answer, signal);
    } finally {
      flight.waiting -= 1;
      if (flight.waiting === 0) this.#end(key, flight);
    }
  }

  #start(key: string, ask: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController();
    const answer = ask(controller.signal).then((value) => {
      const keepMs = controller.signal.aborted ? 0 : this.#deps.keepMs(value);
      if (keepMs > 0) this.#kept.set(key, { answer: value, untilMs: this.#deps.clock.nowMs() + keepMs });
      return value;
    });
    const flight = { answer, controller, waiting: 0 };
    this.#flights.set(key, flight);
    return flight;
  }

  #end(key: string, flight: Flight<T>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
    flight.controller.abort();
  }
}

async function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  let giveUp = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    giveUp = () => reject(signal.reason);
  });
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    return await Promise.race([answer, aborted]);
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}
