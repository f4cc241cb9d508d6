export { loadServingPair, type ServingPair, writeServingCertificates } from "./files.js";
export { makeServingCertificates, type ServingCertificateOrder, type ServingCertificates } from "./make.js";
export { type ReloadOutcome, type WatchedPair, type WatchOptions, watchServingPair } from "./watch.js";
