import { monitorEventLoopDelay } from "node:perf_hooks";

/** What one process tells of itself after a garbage collection; memory in bytes. */
export interface ProbeReading {
  readonly heapUsed: number;
  readonly external: number;
  readonly rss: number;
  /** Sockets, timers, requests and whatever else keeps an event loop busy. */
  readonly resources: number;
  /** 99 of 100 turns of the event loop since the last reading were no later than this, the probe's own collection included. */
  readonly loopP99Ms: number;
  /** Warnings of Node.js so far, such as of too many listeners. */
  readonly warnings: readonly string[];
}

// Loaded before the program that is watched, by --import; it answers whoever started that process.
const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
const warnings: string[] = [];
process.on("warning", (warning) => {
  if (warnings.length < 100) warnings.push(`${warning.name}: ${warning.message}`);
});
process.on("message", () => {
  const loopP99Ms = delay.percentile(99) / 1e6;
  globalThis.gc?.();
  delay.reset();
  const { heapUsed, external, rss } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo().length;
  const reading: ProbeReading = { heapUsed, external, rss, resources, loopP99Ms, warnings };
  process.send?.(reading);
});
process.once("disconnect", () => process.kill(process.pid));
process.channel?.unref();
