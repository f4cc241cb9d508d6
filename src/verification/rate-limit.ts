import type { Clock } from "../core/index.js";

/** Holds all downloads together to so many bytes a second. */
export interface RateLimit {
  /** Counts bytes that have arrived; a promise says how long to hold back before taking more. */
  take(bytes: number): Promise<void> | undefined;
}

/** Shortest pause worth a timer, in milliseconds. */
const shortestPauseMs = 5;
/** A pause is believed to have made up for at most so much. */
const burstMs = 250;

/** @param bytesPerSecond 0: no limit */
export function createRateLimit(clock: Clock, bytesPerSecond: number): RateLimit {
  let paidUntilMs = clock.nowMs();
  return {
    take(bytes) {
      if (bytesPerSecond === 0) return undefined;
      const nowMs = clock.nowMs();
      paidUntilMs = Math.max(paidUntilMs, nowMs - burstMs) + (bytes / bytesPerSecond) * 1000;
      const aheadMs = paidUntilMs - nowMs;
      return aheadMs < shortestPauseMs ? undefined : clock.sleep(aheadMs);
    },
  };
}
