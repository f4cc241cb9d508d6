export type { CauseCode } from "./catalogue.js";
export type { Finding, KubeletReason, Verdict } from "./types.js";
