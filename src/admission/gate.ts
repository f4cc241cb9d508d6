import { LRUCache } from "lru-cache";
import type { CheckGate, GateVisit } from "../check/index.js";
import { type Clock, deadlineOf } from "../core/index.js";

/** Why an image was let through unchecked. `full`: too many wait; `late`: its turn would not come in time. */
export type ShedReason = "full" | "late";

export interface GateDeps {
  readonly clock: Clock;
  /** Places: what may ask registries at a time. A check takes one for each registry that it asks. */
  readonly maxInFlight: number;
  readonly maxQueued: number;
  /** By how much the event loop is late at present, in milliseconds; absent: never. */
  readonly lagMs?: () => number;
  readonly onShed?: (reason: ShedReason) => void;
}

/** A gate, and how full it is. */
export interface AdmissionGate extends CheckGate {
  view(): { readonly inFlight: number; readonly queued: number };
}

/** Where nobody said how long there is: the API server's usual patience, less the way back. */
const usualTimeMs = 9_000;
/** A check that asks a registry takes about so many turns of the event loop, each of which comes late by the lag. */
const turnsOfCheck = 10;
const maxProven = 2_000;

/**
 * Bounds what asks registries at a time, first come, first served. Nobody waits for longer than half of the time that is left,
 * so that the other half is there for the check. One registry gets three quarters of the places at most, and all those that
 * nobody has heard of yet together a quarter, so that neither one that hangs nor a stream of made-up names takes all.
 */
export function createAdmissionGate(deps: GateDeps): AdmissionGate {
  const places = new Places(deps);
  return { open: () => new Visit(places), view: () => ({ inFlight: places.inFlight, queued: places.queued }) };
}

interface Waiting {
  readonly registry: string;
  readonly go: (admitted: boolean) => void;
}

/** What one registry has of the places. */
interface Share {
  places: number;
  isProven: boolean;
}

class Places {
  inFlight = 0;
  readonly #deps: GateDeps;
  readonly #queue: Waiting[] = [];
  readonly #byRegistry = new Map<string, Share>();
  readonly #proven = new LRUCache<string, true>({ max: maxProven });
  #unproven = 0;

  constructor(deps: GateDeps) {
    this.#deps = deps;
  }

  get queued(): number {
    return this.#queue.length;
  }

  take(registry: string, signal: AbortSignal): boolean | Promise<boolean> {
    const { clock, maxQueued, lagMs } = this.#deps;
    const nowMs = clock.nowMs();
    const leftMs = (deadlineOf(signal) ?? nowMs + usualTimeMs) - nowMs;
    if (signal.aborted || (lagMs?.() ?? 0) * turnsOfCheck > leftMs) return this.#shed("late");
    if (this.#hasRoomFor(registry)) return this.#enter(registry);
    if (this.#queue.length >= maxQueued) return this.#shed("full");
    return this.#wait(registry, leftMs / 2, signal);
  }

  /** @param answered  the registry was heard of */
  give(registry: string, answered: boolean): void {
    const share = this.#byRegistry.get(registry);
    if (share === undefined) return;
    if (answered) {
      if (!share.isProven) this.#unproven -= share.places;
      share.isProven = true;
      this.#proven.set(registry, true);
    }
    this.inFlight -= 1;
    share.places -= 1;
    if (!share.isProven) this.#unproven -= 1;
    if (share.places === 0) this.#byRegistry.delete(registry);
    this.#admit();
  }

  #wait(registry: string, forMs: number, signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const stop = new AbortController();
      const waiting: Waiting = {
        registry,
        go: (admitted) => {
          signal.removeEventListener("abort", giveUp);
          // Without a reason of its own the signal would make an error, whose stack costs more than the wait.
          stop.abort("it has its turn");
          resolve(admitted);
        },
      };
      const giveUp = (): void => {
        const at = this.#queue.indexOf(waiting);
        if (at < 0) return;
        this.#queue.splice(at, 1);
        waiting.go(this.#shed("late"));
      };
      this.#queue.push(waiting);
      signal.addEventListener("abort", giveUp, { once: true });
      this.#deps.clock.sleep(forMs, stop.signal).then(giveUp, () => undefined);
    });
  }

  /** Those who wait for a registry that has its share already let others pass. */
  #admit(): void {
    for (let at = 0; at < this.#queue.length && this.inFlight < this.#deps.maxInFlight; ) {
      const waiting = this.#queue[at];
      if (waiting === undefined) return;
      if (!this.#hasRoomFor(waiting.registry)) {
        at += 1;
        continue;
      }
      this.#queue.splice(at, 1);
      waiting.go(this.#enter(waiting.registry));
    }
  }

  #hasRoomFor(registry: string): boolean {
    const { maxInFlight } = this.#deps;
    if (this.inFlight >= maxInFlight) return false;
    const share = this.#byRegistry.get(registry);
    if ((share?.places ?? 0) >= Math.ceil((maxInFlight * 3) / 4)) return false;
    const isProven = share?.isProven ?? this.#proven.has(registry);
    return isProven || this.#unproven < Math.ceil(maxInFlight / 4);
  }

  #enter(registry: string): true {
    const share = this.#byRegistry.get(registry) ?? { places: 0, isProven: this.#proven.has(registry) };
    this.#byRegistry.set(registry, share);
    share.places += 1;
    this.inFlight += 1;
    if (!share.isProven) this.#unproven += 1;
    return true;
  }

  #shed(reason: ShedReason): false {
    this.#deps.onShed?.(reason);
    return false;
  }
}

interface Held {
  /** Images of this registry that are being checked or wait to be. */
  images: number;
  readonly admitted: boolean | Promise<boolean>;
  answered: boolean;
}

/** One check's places. Images of the same registry share one. */
class Visit implements GateVisit {
  readonly #places: Places;
  #held: Map<string, Held> | undefined;

  constructor(places: Places) {
    this.#places = places;
  }

  enter(registry: string, signal: AbortSignal): boolean | Promise<boolean> {
    this.#held ??= new Map();
    const before = this.#held.get(registry);
    if (before !== undefined) {
      before.images += 1;
      return before.admitted;
    }
    const admitted = this.#places.take(registry, signal);
    if (admitted !== false) this.#held.set(registry, { images: 1, admitted, answered: false });
    if (admitted instanceof Promise) {
      const held = this.#held;
      admitted.then((is) => is || held.delete(registry));
    }
    return admitted;
  }

  leave(registry: string, answered: boolean): void {
    const held = this.#held?.get(registry);
    if (held === undefined) return;
    held.answered ||= answered;
    held.images -= 1;
    if (held.images > 0) return;
    this.#held?.delete(registry);
    this.#places.give(registry, held.answered);
  }
}
