export type { AskEngine, EngineAnswer } from "./ask.js";
export { askedHosts } from "./asked-hosts.js";
export { renderAuditPage } from "./audit-page.js";
export {
  type AuditMembership,
  type Auditor,
  type AuditorDeps,
  type AuditorEvent,
  type AuditPace,
  startAuditor,
} from "./auditor.js";
export { type BudgetRate, Budgets } from "./budget.js";
export { clusterReports } from "./cluster-report.js";
export { type PulledCollector, pulledCollector } from "./engine.js";
export { certificateForecasts, credentialForecasts } from "./forecast.js";
export { imageHolders } from "./holders.js";
export { createInventory, type Inventory } from "./inventory.js";
export { auditOnce, type OnceDeps, type OnceProgress } from "./once.js";
export { namespaceReports } from "./policy-report.js";
export { auditRate, usualRequestsPerMinute } from "./rates.js";
export { auditedReader, kindVersions, type ReadAudited } from "./read-object.js";
export type { AuditStore, StoredChunk } from "./registry-state.js";
export { ownerOf } from "./rendezvous.js";
export { listedResults, maxResults, type PolicyReport } from "./report-parts.js";
export type { AuditTimes } from "./schedule.js";
export type { AuditChange } from "./state.js";
export { decodeChunk } from "./stored.js";
export * from "./types.js";
export type { AuditView } from "./view.js";
export { causeText, explanationOf } from "./wording.js";
