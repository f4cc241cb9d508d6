export { type ServedAuthority, servedAuthority } from "./certificate.js";
export { type RegistryView, type ViewQuestion, viewRegistry } from "./view.js";
export { createRegistryClient, type ObservedRequest, type RegistryDeps } from "./client.js";
export type * from "./types.js";
