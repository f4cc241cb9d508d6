export {
  type AdmissionDeps,
  type AdmissionEvent,
  type AdmissionObserver,
  type AdmissionVerdict,
  admit,
  type WorkloadEvents,
} from "./admit.js";
export { reviewConfig } from "./config-review.js";
export type { EventTarget } from "./event-target.js";
export { type AdmissionGate, createAdmissionGate, type GateDeps, type ShedReason } from "./gate.js";
export { imagesToCheck } from "./images.js";
export { type MutateDeps, type MutationEvent, type MutationObserver, mutate } from "./mutate.js";
export {
  type AdmissionAnswer,
  type AdmissionRequestView,
  type GroupVersionKind,
  parseReview,
  patchAnswer,
  reviewAnswer,
} from "./review.js";
export type { AdmissionScope } from "./scope.js";
