export {
  type AdmissionDeps,
  type AdmissionEvent,
  type AdmissionObserver,
  type AdmissionScope,
  type AdmissionVerdict,
  admit,
} from "./admit.js";
export { reviewConfig } from "./config-review.js";
export { imagesToCheck } from "./images.js";
export {
  type AdmissionAnswer,
  type AdmissionRequestView,
  type GroupVersionKind,
  parseReview,
  reviewAnswer,
} from "./review.js";
