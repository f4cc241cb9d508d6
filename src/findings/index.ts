export { type CauseCode, catalogue, causeCodes, causeEntry } from "./catalogue.js";
export type { CauseEntry, KubeletReason } from "./cause-entry.js";
export type { DiagnosisContext, SecretsView } from "./diagnosis.js";
export { doubtJudgement } from "./doubt.js";
export {
  type Judgement,
  judgeFailed,
  judgeMalformedSecret,
  judgeOwnFault,
  judgePlan,
  judgePulled,
  judgeUnchecked,
} from "./judge.js";
export { mergeJudgements, type ProfiledJudgement } from "./merge.js";
export { explainCause, findingsPage } from "./page.js";
export type { Advisory, Finding, Verdict } from "./types.js";
