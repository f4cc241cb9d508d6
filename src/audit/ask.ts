import type { Finding } from "../findings/index.js";
import type { PulledAttempt } from "../prediction/index.js";
import type { Workload } from "../workload/index.js";
import { currentDigests } from "./drift.js";
import { askedWorkload } from "./question.js";
import type { AuditAnswer, AuditSubject, CurrentDigests } from "./types.js";

/**
 * Port: the engine. One finding for each workload, in their order; each workload has one image. `pulled`: how the images
 * were had, for every one that can be had. Rejects for nothing that a registry does.
 */
export type AskEngine = (workloads: readonly Workload[], signal: AbortSignal) => Promise<EngineAnswer>;

export interface EngineAnswer {
  readonly findings: readonly Finding[];
  readonly pulled: readonly PulledAttempt[];
}

/** The answers to questions about one image, by question. */
export interface ImageAnswers {
  readonly answers: ReadonlyMap<string, AuditAnswer>;
  /** Absent where nobody could pull it. */
  readonly current?: CurrentDigests;
}

/** Asks each distinct question about one image once. */
export async function askAbout(
  ask: AskEngine,
  subjects: readonly AuditSubject[],
  signal: AbortSignal,
): Promise<ImageAnswers> {
  const distinct = [...new Map(subjects.map((subject) => [subject.question, subject])).values()];
  const { findings, pulled } = await ask(
    distinct.map(({ workload, spec, use }) => askedWorkload(workload, spec, use)),
    signal,
  );
  const answers = new Map<string, AuditAnswer>();
  for (const [index, { question }] of distinct.entries()) {
    const finding = findings[index];
    if (finding !== undefined) answers.set(question, answerOf(finding));
  }
  return { answers, ...(pulled.length === 0 ? {} : { current: currentDigests(pulled) }) };
}

/** Whoever says `Never` has no pull that could fail; that a node lacks the image is worth a word all the same. */
const excusedByNever = new Set(["ImageNeverPulledAbsent", "NodesDisagree"]);

function answerOf(finding: Finding): AuditAnswer {
  const { verdict, cause, message, fix, digest, advisories = [] } = finding;
  const kubeletReason = finding.kubelet.reason;
  if (kubeletReason !== "ErrImageNeverPull" || verdict === "skipped" || cause === null || !excusedByNever.has(cause)) {
    return { verdict, cause, kubeletReason, message, fix, digest, advisories };
  }
  return {
    verdict: "skipped",
    cause: "PullPolicyNever",
    kubeletReason: null,
    message: "imagePullPolicy is Never: no pull happens",
    fix: null,
    digest,
    advisories: [{ cause, message, fix }, ...advisories],
  };
}
