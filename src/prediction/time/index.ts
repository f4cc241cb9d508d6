export {
  type Assumption,
  defaultDownloads,
  type EstimateInput,
  estimatePulls,
  generousBytesPerSecond,
  lackingBytes,
  longestMs,
  type PullEstimate,
  type PullTask,
  resolveMs,
  unpackBytesPerSecond,
} from "./estimate.js";
export { createLayerMemory, type LayerMemory } from "./layer-memory.js";
export { kubeletDefaults, type PullRules, pullRules } from "./pull-rules.js";
export { type PullDurations, type PulledEvent, parsePulledEvent, pullDurations } from "./pulled-event.js";
export type { PullQueue, QueuedImage, QueuedPod } from "./queue.js";
export {
  type PlayedRollout,
  type PlayedWorkload,
  playRollout,
  type RolloutCluster,
  type RolloutMode,
  type RolloutWorkload,
} from "./rollout.js";
export * from "./simulation/index.js";
export { createThroughputMeter, type SeenTransfer, type Throughput, type ThroughputMeter } from "./throughput.js";
