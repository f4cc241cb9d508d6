export { type CauseCode, catalogue, causeCodes, causeEntry } from "./catalogue.js";
export type { CauseEntry, KubeletReason } from "./cause-entry.js";
export type { DiagnosisContext, SecretsView } from "./diagnosis.js";
export { doubtJudgement } from "./doubt.js";
export {
  type Judgement,
  judgeDoubted,
  judgeFailed,
  judgeMalformedSecret,
  judgeOverloaded,
  judgeOwnFault,
  judgePlan,
  judgePulled,
  judgeUnchecked,
  type PulledImage,
} from "./judge.js";
export { mergeJudgements, type ProfiledJudgement } from "./merge.js";
export { explainCause, findingsPage } from "./page.js";
export { judgeNeverPulled, judgePartlyPresent, judgePresent, judgeProof } from "./presence.js";
export {
  adviseDisk,
  adviseRateLimit,
  adviseTime,
  type DiskFacts,
  type PullDeadline,
  type PullTimeFacts,
  type RateLimitFacts,
  sizeText,
  timeText,
} from "./time.js";
export type { Advisory, Finding, Verdict } from "./types.js";
