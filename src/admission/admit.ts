import type { Check } from "../check/index.js";
import { type Clock, PullguardError } from "../core/index.js";
import type { Finding } from "../findings/index.js";
import type { Decision, NamespaceSource, PolicySubject } from "../policy/index.js";
import type { PodTemplatePath } from "../workload/index.js";
import { imagesToCheck } from "./images.js";
import { type AdmissionAnswer, type AdmissionRequestView, reviewAnswer } from "./review.js";
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

/** What the configuration in force says of a request before anything is checked; asked anew for each. */
export interface AdmissionScope {
  /** Absent: nothing is known of any namespace. */
  readonly namespaces?: NamespaceSource;
  /** Whether nothing shall be done for this request at all. */
  isOff(subject: PolicySubject): boolean;
  /** The longest time for a check, in milliseconds, where it is shorter than the API server's. */
  checkMs(): number | undefined;
  /** Custom resources that hold Pod templates. */
  podTemplates(): readonly PodTemplatePath[];
}

/** What {@link admit} is built from. `decide` has the policy bound already. */
export interface AdmissionDeps {
  readonly check: Check;
  readonly decide: (findings: readonly Finding[], subject: PolicySubject) => Decision;
  /** Absent: every request is checked, and nothing is known of namespaces. */
  readonly scope?: AdmissionScope;
  readonly clock: Clock;
  readonly observer?: AdmissionObserver;
  /** How long an aborted check may take to hand over what it knows before the request is answered without it. */
  readonly graceMs?: number;
}

const defaultGraceMs = 100;
const maxWarningLength = 256;

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
    const report = await withinDeadline(deps, signal, (checkSignal) =>
      withinGrace(deps, deps.check({ workloads }, checkSignal), checkSignal),
    );
    const decision = deps.decide(report.findings, subject);
    return { decision, verdict: verdictOf(decision), findings: report.findings.length };
  } catch (error) {
    report(deps, request, error);
    const decision = { allowed: true, warnings: [faultWarning(request, error, signal)] };
    return { decision, verdict: "warn", findings: 0 };
  }
}

/** Runs `work` under the request's signal, or one that aborts earlier where the configuration wants that. */
function withinDeadline<T>(
  { scope, clock }: AdmissionDeps,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const checkMs = scope?.checkMs();
  if (checkMs === undefined) return work(signal);
  const stop = new AbortController();
  const done = new AbortController();
  const end = (): void => stop.abort(signal.reason);
  if (signal.aborted) end();
  signal.addEventListener("abort", end, { once: true });
  clock.sleep(checkMs, done.signal).then(
    () => stop.abort(new DOMException("the configured deadline has come", "TimeoutError")),
    // Only the end of the work cancels this sleep.
    () => undefined,
  );
  return work(stop.signal).finally(() => {
    signal.removeEventListener("abort", end);
    done.abort();
  });
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
  if (decision.warnings.length > 0) {
    return "warn";
  }
  return decision.audit === undefined ? "allow" : "audit";
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
