export { evenJitter } from "./jitter.js";
export { retryMs, tickMs } from "./pod-worker.js";
export { simulatePulls } from "./simulate.js";
export type * from "./types.js";
