import type { Check } from "../check/index.js";
import type { Clock } from "../core/index.js";
import type { Finding } from "../findings/index.js";
import type { Decision, FindingEvent, PolicySubject } from "../policy/index.js";
import { type EventTarget, eventTargetOf } from "./event-target.js";
import { faultWarning } from "./fault-warning.js";
import { imagesToCheck } from "./images.js";
import { inTime } from "./in-time.js";
import { type AdmissionAnswer, type AdmissionRequestView, reviewAnswer } from "./review.js";
import type { AdmissionScope } from "./scope.js";
import { annotationsOf } from "./workload-annotations.js";

/** `skip`: there was nothing to check. `audit`: something was recorded and nobody told. */
export type AdmissionVerdict = "allow" | "warn" | "deny" | "audit" | "skip";

/** One answered request, for metrics and the log. Carries no field of the object under review but its names. */
export interface AdmissionEvent {
  readonly uid: string;
  readonly operation: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
  readonly decision: AdmissionVerdict;
  /** Distinct findings; 0 where nothing was checked or the check failed. */
  readonly findings: number;
  readonly durationMs: number;
}

/** Port: who wants to hear of answers and of Pullguard's own faults. */
export interface AdmissionObserver {
  admitted(event: AdmissionEvent): void;
  faulted(error: unknown, request: { readonly uid: string; readonly kind: string }): void;
}

/** Port: Events of admitted workloads. */
export interface WorkloadEvents {
  /** What is to be recorded of findings; nothing where that is off. */
  readonly of: (findings: readonly Finding[], subject: PolicySubject) => readonly FindingEvent[];
  /** Returns at once and never throws. `uid`: of the review. */
  readonly record: (target: EventTarget, events: readonly FindingEvent[], uid: string) => void;
}

/** What {@link admit} is built from. `decide` has the policy bound already. */
export interface AdmissionDeps {
  readonly check: Check;
  readonly decide: (findings: readonly Finding[], subject: PolicySubject) => Decision;
  /** Absent: every request is checked, and nothing is known of namespaces. */
  readonly scope?: AdmissionScope;
  /** Absent: no Events are written. */
  readonly events?: WorkloadEvents;
  readonly clock: Clock;
  readonly observer?: AdmissionObserver;
  /** How long an aborted check may take to hand over what it knows before the request is answered without it. */
  readonly graceMs?: number;
}

/**
 * Answers one request, always and in time: it never rejects, and settles at the latest `graceMs` after `signal` aborts.
 * A fault of Pullguard's own (a throwing or hanging check) allows the request with a warning and goes to the observer:
 * an error answer would hand the verdict to the webhook's `failurePolicy`, which may deny.
 */
export async function admit(
  deps: AdmissionDeps,
  request: AdmissionRequestView,
  signal: AbortSignal,
): Promise<AdmissionAnswer> {
  const startedMs = deps.clock.nowMs();
  const outcome = await judge(deps, request, signal);
  notify(deps, request, {
    uid: request.uid,
    operation: request.operation,
    kind: request.kind.kind,
    namespace: request.namespace,
    name: request.name,
    dryRun: request.dryRun,
    decision: outcome.verdict,
    findings: outcome.findings,
    // The clock may have been set back meanwhile.
    durationMs: Math.max(0, deps.clock.nowMs() - startedMs),
  });
  return reviewAnswer(request.uid, outcome.decision);
}

interface Outcome {
  readonly decision: Decision;
  readonly verdict: AdmissionVerdict;
  readonly findings: number;
}

const skipped: Outcome = { decision: { allowed: true, warnings: [] }, verdict: "skip", findings: 0 };

async function judge(deps: AdmissionDeps, request: AdmissionRequestView, signal: AbortSignal): Promise<Outcome> {
  try {
    const { scope } = deps;
    const workloads = imagesToCheck(request, scope?.podTemplates());
    if (workloads.length === 0) {
      return skipped;
    }
    const namespaceLabels =
      scope?.namespaces === undefined ? undefined : await scope.namespaces.labels(request.namespace, signal);
    const subject = { namespaceLabels, annotations: annotationsOf(request.object) };
    if (scope?.isOff(subject) === true) {
      return skipped;
    }
    const limitMs = scope?.checkMs();
    const report = await inTime({ ...deps, ...(limitMs === undefined ? {} : { limitMs }) }, signal, (checkSignal) =>
      deps.check({ workloads, uid: request.uid }, checkSignal),
    );
    const decision = deps.decide(report.findings, subject);
    if (decision.allowed) recordEvents(deps, request, report.findings, subject);
    return { decision, verdict: verdictOf(decision), findings: report.findings.length };
  } catch (error) {
    report(deps, request, error);
    const decision = { allowed: true, warnings: [faultWarning(request, "check", error, signal.aborted)] };
    return { decision, verdict: "warn", findings: 0 };
  }
}

/** A dry run leaves no trace, and what is denied never comes to exist. */
function recordEvents(
  { events }: AdmissionDeps,
  request: AdmissionRequestView,
  findings: readonly Finding[],
  subject: PolicySubject,
): void {
  if (events === undefined || request.dryRun) return;
  const wanted = events.of(findings, subject);
  const target = wanted.length === 0 ? undefined : eventTargetOf(request);
  if (target !== undefined) events.record(target, wanted, request.uid);
}

function verdictOf(decision: Decision): AdmissionVerdict {
  if (!decision.allowed) {
    return "deny";
  }
  if (decision.warnings.length > 0) {
    return "warn";
  }
  return decision.audit === undefined ? "allow" : "audit";
}

function notify(deps: AdmissionDeps, request: AdmissionRequestView, event: AdmissionEvent): void {
  try {
    deps.observer?.admitted(event);
  } catch (error) {
    report(deps, request, error);
  }
}

function report(deps: AdmissionDeps, request: AdmissionRequestView, error: unknown): void {
  try {
    deps.observer?.faulted(error, { uid: request.uid, kind: request.kind.kind });
  } catch {
    // Nobody is left to tell, and the request must be answered all the same.
  }
}
