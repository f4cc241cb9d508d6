export { createRegistryClient, type ObservedRequest, type ReadBody, type RegistryDeps } from "./client.js";
export {
  createRateLimits,
  type RateLimitReading,
  type RateLimits,
  type SeenRateLimit,
} from "./ratelimit.js";
export type * from "./types.js";
