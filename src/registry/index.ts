export {
  type AddressGuard,
  type AddressRules,
  createAddressGuard,
  type ForbiddenRange,
  linkLocalRanges,
  loopbackRanges,
  metadataHosts,
} from "./address-guard.js";
export { type AddressRange, parseAddressRange } from "./address-range.js";
export { type ServedAuthority, servedAuthority } from "./certificate.js";
export { createRegistryClient, type ObservedRequest, type ReadBody, type RegistryDeps } from "./client.js";
export { isHeldBack } from "./fault.js";
export { proxyOf } from "./proxy-choice.js";
export {
  createRateLimits,
  type RateLimitReading,
  type RateLimits,
  type SeenRateLimit,
} from "./ratelimit.js";
export { type RegistryLimits, usualLimits } from "./traffic.js";
export type * from "./types.js";
export { type RegistryView, type ViewQuestion, viewRegistry } from "./view.js";
