export { containerdDialect } from "./dialects/containerd/index.js";
export type { PullDialect } from "./dialects/dialect.js";
export { cachedHostPlans } from "./host-plans.js";
export { createPredictor, type Predictor, type PredictorDeps } from "./predictor.js";
export { planPull, type PullPlan } from "./plan.js";
export type * from "./types.js";
