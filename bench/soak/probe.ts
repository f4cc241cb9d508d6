import { monitorEventLoopDelay } from "node:perf_hooks";
import { setImmediate as nextTurn } from "node:timers/promises";
import { getHeapCodeStatistics } from "node:v8";

/** What one process tells of itself after a garbage collection; memory in bytes. */
export interface ProbeReading {
  readonly heapUsed: number;
  /** What of it V8's compiled code and bytecode take: it compiles for as long as it finds something new worth it. */
  readonly code: number;
  readonly external: number;
  readonly rss: number;
  /** Sockets, timers, requests and whatever else keeps an event loop busy, by kind. */
  readonly resources: Readonly<Record<string, number>>;
  /** 99 of 100 turns of the event loop since the last reading were no later than this, the probe's own collection left out. */
  readonly loopP99Ms: number;
  /** Promises that were rejected and nobody cared, so far. */
  readonly unhandledRejections: number;
  /** What was rejected or thrown without anybody caring, the first ones. */
  readonly uncaught: readonly string[];
  /** Warnings of Node.js so far, such as of too many listeners. */
  readonly warnings: readonly string[];
}

// Loaded before the program that is watched, by --import; it answers whoever started that process.
const { gc } = globalThis;
if (gc === undefined) throw new Error("start with --expose-gc: without a collection the heap says nothing");
const maxKept = 100;
const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
const warnings: string[] = [];
const uncaught: string[] = [];
let unhandledRejections = 0;
process.on("warning", (warning) => {
  if (warnings.length < maxKept) warnings.push(`${warning.name}: ${warning.message}`);
});
// Without a listener the first one would end the process: here all of them are to be counted.
process.on("unhandledRejection", (reason) => {
  unhandledRejections += 1;
  if (uncaught.length < maxKept) uncaught.push(`rejected: ${reason instanceof Error ? reason.stack : String(reason)}`);
});
process.on("uncaughtExceptionMonitor", (error) => {
  if (uncaught.length < maxKept) uncaught.push(`thrown: ${error.stack}`);
});

async function read(): Promise<ProbeReading> {
  const loopP99Ms = delay.percentile(99) / 1e6;
  // What has finalizers is free only after a turn of the event loop, and what hung on it after another collection.
  gc?.();
  await nextTurn();
  gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const compiled = getHeapCodeStatistics();
  const code = compiled.code_and_metadata_size + compiled.bytecode_and_metadata_size;
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  delay.reset();
  return { heapUsed, code, external, rss, resources, loopP99Ms, unhandledRejections, uncaught, warnings };
}
process.on("message", () => {
  void read().then((reading) => process.send?.(reading));
});
process.once("disconnect", () => process.kill(process.pid));
process.channel?.unref();
