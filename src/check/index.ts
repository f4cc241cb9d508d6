export { type CheckDeps, type CheckObserver, createCheck } from "./check.js";
export type { Check, CheckInput, Report } from "./types.js";
