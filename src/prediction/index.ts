export { type BlobSource, blobRequest } from "./content/blob-probe.js";
export { layerPlace } from "./content/content-check.js";
export type {
  ArchiveRules,
  BlobPlan,
  CompressionFormat,
  ContentRules,
  LayerPacking,
  LayerUse,
} from "./content/rules.js";
export type { PullDialect } from "./dialects/dialect.js";
export { dialectFor } from "./dialects/dialect-for.js";
export { cachedHostPlans } from "./host-plans.js";
export { type PullPlan, planPull } from "./plan.js";
export { type AskedNode, createPredictor, type Predictor, type PredictorDeps } from "./predictor.js";
export * from "./presence/index.js";
export * from "./time/index.js";
export type * from "./types.js";
