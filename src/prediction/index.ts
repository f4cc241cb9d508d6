export { containerdDialect } from "./dialects/containerd/index.js";
export type { PullDialect } from "./dialects/dialect.js";
export { cachedHostPlans } from "./host-plans.js";
export { type PullPlan, planPull } from "./plan.js";
export { type AskedNode, createPredictor, type Predictor, type PredictorDeps } from "./predictor.js";
export type * from "./types.js";
