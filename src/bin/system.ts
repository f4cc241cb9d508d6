import { setTimeout as delay } from "node:timers/promises";
import type { Clock } from "../core/index.js";

/** The machine's own time. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  // Near the date for those who read it in a message.
  steadyMs: () => performance.timeOrigin + performance.now(),
  sleep: async (ms, signal) => {
    signal?.throwIfAborted();
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal });
    } catch (error) {
      // Node rejects with an AbortError of its own; the port promises the signal's reason.
      throw signal?.aborted === true ? signal.reason : error;
    }
  },
};

/** Milliseconds of a clock that nobody sets, from whenever the process began. */
export function steadyMs(): number {
  return performance.now();
}
