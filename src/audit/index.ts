export type { AskEngine, EngineAnswer } from "./ask.js";
export { type PulledCollector, pulledCollector } from "./engine.js";
export { imageHolders } from "./holders.js";
export { createInventory, type Inventory } from "./inventory.js";
export { auditOnce, type OnceDeps, type OnceProgress } from "./once.js";
export { auditedReader, kindVersions, type ReadAudited } from "./read-object.js";
export * from "./types.js";
