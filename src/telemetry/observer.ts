import type { Log } from "./logger.js";
import type { Metrics } from "./metrics.js";
import type { Tracer } from "./tracer.js";

/** What is counted of one answered admission request; whatever else admission's event holds is logged with it. */
export type ObservedAdmission = Parameters<Metrics["admission"]>[0] & {
  readonly uid: string;
  readonly findings: number;
};

/** What is counted of one answered request to change an object; the rest is logged with it. */
export interface ObservedMutation {
  readonly uid: string;
  readonly kind: string;
  readonly operations: number;
}

type Faulted = (error: unknown, request: { readonly uid: string; readonly kind: string }) => void;

/** Fits admission's ports for observers, of what is judged and of what is changed. */
export interface AdmissionTelemetry {
  readonly admission: { readonly admitted: (event: ObservedAdmission) => void; readonly faulted: Faulted };
  readonly mutation: { readonly mutated: (event: ObservedMutation) => void; readonly faulted: Faulted };
}

/** One metric and one log line (`debug` where nothing was found) for each admission request, one more line for each fault of Pullguard's own. */
export function createAdmissionTelemetry(deps: {
  readonly metrics: Metrics;
  readonly logger: Log;
  readonly tracer?: Tracer;
}): AdmissionTelemetry {
  const { metrics, logger, tracer } = deps;
  const faulted =
    (part: "admission" | "mutation", outcome: string): Faulted =>
    (error, { uid, kind }) => {
      metrics.fault(part);
      logger.error({ uid, kind, err: error }, outcome);
    };
  return {
    admission: {
      admitted: (event) => {
        metrics.admission(event);
        tracer?.annotate({ "pullguard.decision": event.decision, "pullguard.findings": event.findings });
        // Most requests have nothing to tell: a line for each would cost more than their answer and bury the others.
        const level = event.decision === "allow" || event.decision === "skip" ? "debug" : "info";
        logger[level](event, "admission");
      },
      faulted: faulted("admission", "the check failed, request allowed"),
    },
    mutation: {
      mutated: (event) => {
        tracer?.annotate({ "pullguard.patch.operations": event.operations });
        metrics.mutation({ kind: event.kind, result: event.operations === 0 ? "unchanged" : "changed" });
        logger[event.operations === 0 ? "debug" : "info"](event, "mutation");
      },
      faulted: faulted("mutation", "the change failed, object left as it is"),
    },
  };
}
