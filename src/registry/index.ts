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
export { createRegistryClient, type ObservedRequest, type RegistryDeps } from "./client.js";
export type * from "./types.js";
