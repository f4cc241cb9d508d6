export { createRegistryClient, type ObservedRequest, type RegistryDeps } from "./client.js";
export type * from "./types.js";
