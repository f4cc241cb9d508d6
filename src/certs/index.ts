export { type ClientAuthorities, type ClientAuthoritiesOptions, watchClientAuthorities } from "./client-authorities.js";
export { loadServingPair, type ServingPair, writeServingCertificates } from "./files.js";
export { makeServingCertificates, type ServingCertificateOrder, type ServingCertificates } from "./make.js";
export type { BundleHolder, BundlePort, CertificateSecret, CertificateSecretPort, Leadership } from "./ports.js";
export type { CertificateLives } from "./rotation.js";
export {
  openSelfManaged,
  type SelfManagedCertificates,
  type SelfManagedDeps,
  type SelfManagedEvent,
} from "./self-managed.js";
export { type ReloadOutcome, type WatchedPair, type WatchOptions, watchServingPair } from "./watch.js";
