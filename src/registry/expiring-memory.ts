import { LRUCache } from "lru-cache";
import type { Clock, Measured } from "../core/index.js";

/** A value, and until when it is believed, by the memory's clock. */
export interface Held<V> {
  readonly value: V;
  readonly untilMs: number;
}

/** Values that are believed for a time each. */
export interface ExpiringMemory<V> {
  get(key: string): Held<V> | undefined;
  set(key: string, value: V, forMs: number): void;
  delete(key: string): void;
  /** How full it is. */
  readonly measured: Measured;
}

export interface ExpiringMemoryOptions<V> {
  readonly clock: Pick<Clock, "nowMs">;
  readonly maxBytes: number;
  /** Larger values are not kept; all are where absent. */
  readonly maxValueBytes?: number;
  readonly sizeOf: (value: V, key: string) => number;
}

const sweepMs = 60_000;

/**
 * Keeps the newest within a bound of bytes. What has expired is never given out, and thrown away within a minute of use: it holds
 * tokens and accounts, which must not stay in memory until their place is wanted.
 */
export function expiringMemory<V>({
  clock,
  maxBytes,
  maxValueBytes,
  sizeOf,
}: ExpiringMemoryOptions<V>): ExpiringMemory<V> {
  const held = new LRUCache<string, Held<V>>({
    maxSize: maxBytes,
    ...(maxValueBytes === undefined ? {} : { maxEntrySize: maxValueBytes }),
    sizeCalculation: ({ value }, key) => sizeOf(value, key),
  });
  let sweptMs = clock.nowMs();
  const sweep = (nowMs: number): void => {
    // Also after the clock was set back.
    if (Math.abs(nowMs - sweptMs) < sweepMs) return;
    sweptMs = nowMs;
    for (const [key, { untilMs }] of held.entries()) if (untilMs <= nowMs) held.delete(key);
  };
  return {
    get(key) {
      const nowMs = clock.nowMs();
      sweep(nowMs);
      const found = held.get(key);
      return found !== undefined && found.untilMs > nowMs ? found : undefined;
    },
    set(key, value, forMs) {
      const nowMs = clock.nowMs();
      sweep(nowMs);
      held.set(key, { value, untilMs: nowMs + forMs });
    },
    delete: (key) => void held.delete(key),
    measured: held,
  };
}
