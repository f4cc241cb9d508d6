import type { Check } from "../check/index.js";
import { type Clock, PullguardError } from "../core/index.js";
import type { Finding } from "../findings/index.js";
import type { Decision } from "../policy/index.js";
import { imagesToCheck } from "./images.js";
import { type AdmissionAnswer, type AdmissionRequestView, reviewAnswer } from "./review.js";

/** `skip`: there was nothing to check. */
export type AdmissionVerdict = "allow" | "warn" | "deny" | "skip";

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

/** What {@link admit} is built from. `decide` has the mode bound already. */
export interface AdmissionDeps {
  readonly check: Check;
  readonly decide: (findings: readonly Finding[]) => Decision;
  readonly clock: Clock;
  readonly observer?: AdmissionObserver;
  /** How long an aborted check may take to hand over what it knows before the request is answered without it. */
  readonly graceMs?: number;
}

const defaultGraceMs = 100;
const maxWarningLength = 256;
const nothingToSay: Decision = { allowed: true, warnings: [] };

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
    durationMs: deps.clock.nowMs() - startedMs,
  });
  return reviewAnswer(request.uid, outcome.decision);
}

interface Outcome {
  readonly decision: Decision;
  readonly verdict: AdmissionVerdict;
  readonly findings: number;
}

async function judge(deps: AdmissionDeps, request: AdmissionRequestView, signal: AbortSignal): Promise<Outcome> {
  try {
    const workloads = imagesToCheck(request);
    if (workloads.length === 0) {
      return { decision: nothingToSay, verdict: "skip", findings: 0 };
    }
    const report = await withinGrace(deps, deps.check({ workloads }, signal), signal);
    const decision = deps.decide(report.findings);
    return { decision, verdict: verdictOf(decision), findings: report.findings.length };
  } catch (error) {
    report(deps, request, error);
    const decision = { allowed: true, warnings: [faultWarning(request, error, signal)] };
    return { decision, verdict: "warn", findings: 0 };
  }
}

/** The promise's own outcome, or a rejection once `graceMs` have passed since the signal aborted. */
function withinGrace<T>(deps: AdmissionDeps, work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let grace: AbortController | undefined;
    const startGrace = (): void => {
      grace = new AbortController();
      deps.clock.sleep(deps.graceMs ?? defaultGraceMs, grace.signal).then(
        () => reject(new PullguardError("Internal", "the check went on after its deadline")),
        // Only the end of the work cancels this sleep, and then the outcome is settled.
        () => undefined,
      );
    };
    if (signal.aborted) {
      startGrace();
    } else {
      signal.addEventListener("abort", startGrace, { once: true });
    }
    const stop = (): void => {
      signal.removeEventListener("abort", startGrace);
      grace?.abort();
    };
    work.then(
      (value) => {
        stop();
        resolve(value);
      },
      (error: unknown) => {
        stop();
        reject(error);
      },
    );
  });
}

function verdictOf(decision: Decision): AdmissionVerdict {
  if (!decision.allowed) {
    return "deny";
  }
  return decision.warnings.length > 0 ? "warn" : "allow";
}

function faultWarning(request: AdmissionRequestView, error: unknown, signal: AbortSignal): string {
  const { kind, namespace, name } = request;
  // A name that is still to be generated is empty.
  const subject = name === "" ? `a ${kind.kind} in ${namespace}` : `${kind.kind} ${namespace}/${name}`;
  const warning = `Pullguard could not check ${subject}: ${faultReason(error, signal)}`;
  // The API server puts warnings into an HTTP header: a line break there loses the whole warning.
  return warning.replace(/\p{Cc}+/gu, " ").slice(0, maxWarningLength);
}

function faultReason(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) {
    return "no result before the deadline";
  }
  // Only this code speaks of what the person wrote; everything else is for the operator's log.
  if (error instanceof PullguardError && error.code === "InputInvalid") {
    return error.message;
  }
  return "internal fault, see Pullguard's log";
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
