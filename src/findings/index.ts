export { type CauseCode, type CauseEntry, catalogue, causeCodes, causeEntry } from "./catalogue.js";
export type { DiagnosisContext, SecretsView } from "./diagnosis.js";
export { type Judgement, judgeMalformedSecret, judgeOutcome, judgeOwnFault, judgePlan } from "./judge.js";
export { mergeJudgements, type ProfiledJudgement } from "./merge.js";
export { explainCause, findingsPage } from "./page.js";
export type { Finding, KubeletReason, Verdict } from "./types.js";
