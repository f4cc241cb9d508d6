export { type BackgroundVerifier, createBackgroundVerifier } from "./background.js";
export type { LayerFacts } from "./layer-stream.js";
export { createLayerVerifier, type LayerObserver, type LayerVerdict, type LayerVerifier } from "./layer-verifier.js";
export { createRateLimit, type RateLimit } from "./rate-limit.js";
export { createVerifyingPredictor } from "./verifying-predictor.js";
