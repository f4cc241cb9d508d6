export { type CheckDeps, type CheckObserver, createCheck } from "./check.js";
export type { CheckGate, GateVisit } from "./gate.js";
export type { PullKnowledge } from "./pull-advice.js";
export type { Check, CheckInput, Report } from "./types.js";
