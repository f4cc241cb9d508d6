import type { CauseCode, Verdict } from "../findings/index.js";
import type { WorkloadIdentity } from "../workload/index.js";
import type { ImageAnswers } from "./ask.js";
import type { AuditAnswer, CurrentDigests } from "./types.js";

/** The answer to one question, and since when it has been as bad (or as good). */
export interface QuestionRecord {
  readonly answer: AuditAnswer;
  readonly firstMs: number;
}

/** A finding that is over. At most a few workloads are named. */
export interface ResolvedRecord {
  readonly cause: CauseCode | null;
  readonly firstMs: number;
  readonly resolvedMs: number;
  readonly workloads: readonly WorkloadIdentity[];
}

/** All that is remembered of one image. Milliseconds of the clock. */
export interface ImageRecord {
  readonly image: string;
  readonly registry: string;
  /** When a round about it last began, written down before anybody was asked. */
  readonly askedMs: number;
  /** NaN: nobody has answered yet; less than `askedMs`: the last round was cut off. */
  readonly answeredMs: number;
  readonly current?: CurrentDigests;
  readonly questions: ReadonlyMap<string, QuestionRecord>;
  readonly resolved: readonly ResolvedRecord[];
}

/** What became of a question. */
export interface AuditChange {
  readonly kind: "found" | "changed" | "resolved";
  readonly question: string;
  readonly before?: AuditAnswer;
  readonly after: AuditAnswer;
}

/** Resolved findings are kept for so long, and so many of one image. */
const resolvedMs = 7 * 86_400_000;
const maxResolved = 20;
const maxNamed = 10;
/** Answers that say only that nobody found out; what was known before stays. */
const noAnswers: ReadonlySet<CauseCode | null> = new Set(["DeadlineExceeded", "CheckFailed", "RegistryNotAsked", null]);
/** The registry had enough of being asked, which says nothing about the image. */
const throttled: CauseCode = "RegistryRateLimited";

/** A round about an image begins. */
export function asked(image: string, registry: string, before: ImageRecord | undefined, nowMs: number): ImageRecord {
  return {
    ...(before ?? { image, registry, answeredMs: Number.NaN, questions: new Map(), resolved: [] }),
    askedMs: nowMs,
  };
}

/**
 * Puts answers to what is known. A question that nobody asks any more is forgotten; one that was answered by our own deadline keeps the
 * answer that it had.
 * @param wanted questions that are open, with the workloads that have them
 */
export function answered(
  before: ImageRecord,
  { answers, current }: ImageAnswers,
  wanted: ReadonlyMap<string, readonly WorkloadIdentity[]>,
  nowMs: number,
): { readonly record: ImageRecord; readonly changes: readonly AuditChange[] } {
  const questions = new Map<string, QuestionRecord>();
  const changes: AuditChange[] = [];
  const resolved: ResolvedRecord[] = [];
  const share = sharedAnswers();
  let isWhole = true;
  for (const [question, workloads] of wanted) {
    const known = before.questions.get(question);
    const answer = answers.get(question);
    if (answer === undefined || saysNothing(answer, known)) {
      if (known !== undefined) questions.set(question, known);
      else isWhole = false;
      continue;
    }
    const isSameKind = known !== undefined && isBad(known.answer.verdict) === isBad(answer.verdict);
    questions.set(question, { answer: share(answer), firstMs: isSameKind ? known.firstMs : nowMs });
    const kind = changeOf(known?.answer, answer);
    if (kind === undefined) continue;
    changes.push({ kind, question, after: answer, ...(known === undefined ? {} : { before: known.answer }) });
    if (kind === "resolved" && known !== undefined) {
      const { cause } = known.answer;
      noteResolved(resolved, { cause, firstMs: known.firstMs, resolvedMs: nowMs, workloads });
    }
  }
  const kept = before.resolved.filter((entry) => nowMs - entry.resolvedMs < resolvedMs);
  const { current: _, ...rest } = before;
  const record: ImageRecord = {
    ...rest,
    answeredMs: isWhole ? nowMs : before.answeredMs,
    ...(current === undefined ? {} : { current }),
    questions,
    resolved: [...resolved, ...kept].slice(0, maxResolved),
  };
  return { record, changes };
}

function saysNothing({ verdict, cause }: AuditAnswer, known: QuestionRecord | undefined): boolean {
  return verdict === "unknown" && (noAnswers.has(cause) || (known !== undefined && cause === throttled));
}

/** The same object for the same answer: ten thousand questions have few. */
function sharedAnswers(): (answer: AuditAnswer) => AuditAnswer {
  const known = new Map<string, AuditAnswer>();
  return (answer) => {
    const key = JSON.stringify(answer);
    const before = known.get(key);
    if (before === undefined) known.set(key, answer);
    return before ?? answer;
  };
}

export function isBad(verdict: Verdict): boolean {
  return verdict === "unpullable" || verdict === "unknown";
}

function changeOf(before: AuditAnswer | undefined, after: AuditAnswer): AuditChange["kind"] | undefined {
  const wasBad = before !== undefined && isBad(before.verdict);
  if (isBad(after.verdict)) {
    if (!wasBad) return "found";
    return before.cause === after.cause && before.verdict === after.verdict ? undefined : "changed";
  }
  return wasBad ? "resolved" : undefined;
}

function noteResolved(list: ResolvedRecord[], entry: ResolvedRecord): void {
  const index = list.findIndex(({ cause, firstMs }) => cause === entry.cause && firstMs === entry.firstMs);
  const known = list[index];
  if (known === undefined) list.push({ ...entry, workloads: entry.workloads.slice(0, maxNamed) });
  else list[index] = { ...known, workloads: [...known.workloads, ...entry.workloads].slice(0, maxNamed) };
}

/** Of two records of one image: the newest answers, and the latest time at which anybody was asked. */
export function newer(a: ImageRecord, b: ImageRecord): ImageRecord {
  const newest = answeredTime(b) > answeredTime(a) ? b : a;
  return { ...newest, askedMs: Math.max(a.askedMs, b.askedMs) };
}

function answeredTime({ answeredMs }: ImageRecord): number {
  return Number.isNaN(answeredMs) ? 0 : answeredMs;
}
