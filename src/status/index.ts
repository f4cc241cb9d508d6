export { createRecentFindings, type RecentFindings } from "./recent-findings.js";
export { createRegistryLedger, type RegistryHealthView, type RegistryLedger } from "./registry-ledger.js";
export { statusJson } from "./status-json.js";
export { statusPage } from "./status-page.js";
export type * from "./types.js";
