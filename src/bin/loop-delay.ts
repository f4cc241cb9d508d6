import { monitorEventLoopDelay } from "node:perf_hooks";

/** How late the event loop is. */
export interface LoopDelay {
  /** The mean of the last second, in milliseconds. */
  lagMs(): number;
  stop(): void;
}

const resolutionMs = 20;
const windowMs = 1_000;

/** Follows how late timers come. One long pause, such as of garbage collection, hardly shows in it; work that piles up does. */
export function followLoopDelay(): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: resolutionMs });
  histogram.enable();
  let lagMs = 0;
  const timer = setInterval(() => {
    // What is recorded is the time from one timer to the next; without a sample the mean is no number.
    const lateMs = histogram.mean / 1e6 - resolutionMs;
    lagMs = Number.isFinite(lateMs) ? Math.max(0, lateMs) : 0;
    histogram.reset();
  }, windowMs).unref();
  return {
    lagMs: () => lagMs,
    stop: () => {
      clearInterval(timer);
      histogram.disable();
    },
  };
}
